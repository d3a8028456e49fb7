import { describe, expect, test } from 'vitest'
import { blockParts, collect } from '../../collect.ts'
import { asList, asObject, type JsonObject, parseJson } from '../../json.ts'
import type { Part, PartContent, StopReason } from '../../part.ts'
import { NO_USAGE } from '../../usage.ts'
import type { WriteReply } from '../../wire.ts'
import { openaiResponses as wire } from './index.ts'
import { READ_REPLY, REQUESTS, RESPONSES } from './samples-test-kit.ts'

const context = (body: JsonObject): WriteReply => ({
  requestId: 'r1',
  createdAt: 1_790_000_000,
  inputEstimate: 0,
  usageAsked: false,
  chat: wire.request.read(body, { model: 'asked', stream: false }),
})
const plain = context({ model: 'asked', input: 'x' })
const read = (body: JsonObject) => wire.reply.read(body, READ_REPLY)
const sample = (name: string) => RESPONSES[name] ?? {}

/** A reply of a vendor of another wire. */
const reply = (blocks: readonly (readonly Part[])[], reason: StopReason = 'stop'): readonly Part[] => [
  { kind: 'start', id: 'chatcmpl-1', model: 'served', createdAt: 1_780_000_000 },
  ...blocks.flat(),
  { kind: 'end', choice: 0, stop: { reason, native: null } },
  { kind: 'usage', usage: { ...NO_USAGE, input: 5, cacheRead: 3, output: 2, reasoning: 1 }, serviceTier: 'flex' },
  { kind: 'finish' },
]
const block = (number: number, content: PartContent, text = '', more: object = {}): readonly Part[] =>
  blockParts({ choice: 0, block: number }, { content, text, ...more })
const call = (id: string): PartContent => ({ kind: 'call', id, name: 'look', input: 'function' })
const outputOf = (parts: readonly Part[]) => asList(wire.reply.write(parts, plain).body['output']) ?? []
const textOf = (body: JsonObject): string => JSON.stringify(body)

describe('a response of the wire’s own vendor', () => {
  test.each(Object.entries(RESPONSES))('is written back as it was read: %s', (_, body) => {
    const { body: written, losses } = wire.reply.write(read(body), plain)
    expect(written).toEqual(body)
    expect(losses).toEqual([])
  })

  test('with keys like __proto__ too', () => {
    const strange = asObject(parseJson(textOf(sample('a text')).replace('{', '{"__proto__":{"polluted":true},'))) ?? {}
    expect(textOf(wire.reply.write(read(strange), plain).body)).toContain('"__proto__":{"polluted":true}')
  })

  test('is blocks, each with its own', () => {
    const { choices } = collect(read(sample('thoughts and calls')))
    expect(choices[0]?.blocks).toMatchObject([
      { content: { kind: 'reasoning', id: 'rs_1' }, text: '', proof: { account: 'main', data: 'gAAAA' } },
      { content: { kind: 'reasoning' }, text: 'a\n\nb' },
      { content: { kind: 'reasoning' }, text: 'all' },
      { content: { kind: 'call', id: 'call_1', name: 'look', input: 'function' }, text: '' },
      { content: { kind: 'call', id: 'call_2', name: 'patch', input: 'custom' }, text: 'x' },
    ])
    const made = collect(read(sample('what the vendor’s own tools made'))).choices[0]?.blocks
    expect(made).toMatchObject([
      { content: { kind: 'foreign', type: 'web_search_call' } },
      { content: { kind: 'media', mediaType: 'image/png', base64: 'iVBORw0K' } },
      { content: { kind: 'text' }, citations: [{ url: 'https://example.com', start: 0, end: 4 }, {}] },
    ])
  })

  test('says what it used, and every token once', () => {
    expect(collect(read(sample('a text'))).usage?.usage).toEqual({
      ...NO_USAGE,
      input: 30,
      cacheRead: 60,
      cacheWriteOther: 10,
      output: 30,
      reasoning: 20,
    })
  })

  test.each<readonly [StopReason, JsonObject]>([
    ['stop', sample('a text')],
    ['calls', sample('thoughts and calls')],
    ['refusal', sample('several texts, a refusal, and a part that is not known')],
    ['length', sample('a limit')],
    ['filter', { ...sample('a limit'), incomplete_details: { reason: 'content_filter' } }],
    [
      'length',
      { ...sample('thoughts and calls'), status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    ],
    ['length', { ...sample('a text'), status: 'incomplete', incomplete_details: null }],
    ['blocked', sample('a blocked prompt')],
  ])('ends with %s', (reason, body) => {
    expect(read(body).at(-2)).toMatchObject({ kind: 'end', stop: { reason } })
  })

  test.each<readonly [string, JsonObject, string]>([
    ['its own error', { status: 'failed', error: { code: 'server_error', message: 'Sorry' } }, 'upstream_error'],
    ['a limit of ours', { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'Slow' } }, 'rate_limited'],
    [
      'no money of ours',
      { status: 'failed', error: { code: 'insufficient_quota', message: 'acct-7' } },
      'upstream_funds',
    ],
    ['a failure without a word', { status: 'failed', error: null }, 'upstream_error'],
    ['an answer that is still to come', { status: 'queued' }, 'upstream_error'],
  ])('that is %s ends with a fault', (_, more, code) => {
    const last = read({ ...sample('a text'), ...more }).at(-1)
    expect(last).toMatchObject({ kind: 'fault', fault: { code } })
    expect(JSON.stringify(last)).not.toContain('acct-7')
  })

  test.each<readonly [string, JsonObject]>([
    ['a chat completion', { object: 'chat.completion', choices: [] }],
    ['an empty object', {}],
    ['items that are none', { output: ['x'] }],
    ['a text that is none', { output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text' }] }] }],
    ['a call without a name', { output: [{ type: 'function_call', call_id: 'c', arguments: '' }] }],
  ])('that is nonsense is the vendor’s fault: %s', (_, body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'upstream_error' }))
  })
})

describe('a response written for a client from another wire', () => {
  const signed = { proof: { wire: 'anthropic', account: 'main', data: 'sig' } } as const

  test('has everything that the official client expects', () => {
    const asked = context(REQUESTS['every setting'] ?? {})
    const { body } = wire.reply.write(reply([block(0, { kind: 'text' }, 'Hello')]), asked)
    expect(body).toMatchObject({
      id: 'resp_r1',
      object: 'response',
      created_at: 1_780_000_000,
      status: 'completed',
      model: 'served',
      error: null,
      incomplete_details: null,
      instructions: null,
      max_output_tokens: 5,
      parallel_tool_calls: true,
      previous_response_id: null,
      reasoning: { effort: 'xhigh', summary: 'auto' },
      store: false,
      temperature: 0.5,
      text: { format: { type: 'json_schema', name: 'n' }, verbosity: 'low' },
      tool_choice: 'auto',
      tools: [],
      top_p: 1,
      truncation: 'disabled',
      metadata: { a: 'b' },
      service_tier: 'flex',
      usage: {
        input_tokens: 8,
        input_tokens_details: { cached_tokens: 3, cache_write_tokens: 0 },
        output_tokens: 3,
        output_tokens_details: { reasoning_tokens: 1 },
        total_tokens: 11,
      },
    })
    expect(body['output']).toEqual([
      {
        id: 'msg_r1_0',
        type: 'message',
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', annotations: [], logprobs: [], text: 'Hello' }],
      },
    ])
  })

  test('repeats the tools and instructions as the client gave them', () => {
    const tools = REQUESTS['tools of every kind'] ?? {}
    const { body } = wire.reply.write(reply([]), context({ ...tools, instructions: 'Be brief.' }))
    expect(body).toMatchObject({ instructions: 'Be brief.', tools: tools['tools'], tool_choice: tools['tool_choice'] })
    const hosted = wire.reply.write(reply([]), context(REQUESTS['a hosted tool chosen'] ?? {}))
    expect(hosted.body['tool_choice']).toEqual({ type: 'web_search' })
  })

  test('missing usage is not zero', () => {
    const parts = reply([]).filter(({ kind }) => kind !== 'usage')
    expect(wire.reply.write(parts, plain).body['usage']).toBeNull()
  })

  test('keeps ids that look like this wire’s, and makes the others', () => {
    const thought: PartContent = { kind: 'reasoning', id: 'rs_vendor' }
    expect(
      outputOf(reply([block(0, thought, 'Hm.'), block(1, call('toolu_1'), '{}'), block(2, call(''), '{}')])),
    ).toMatchObject([
      { id: 'rs_vendor', type: 'reasoning' },
      { id: 'fc_r1_1', call_id: 'toolu_1' },
      { id: 'fc_r1_2', call_id: expect.stringMatching(/^call_made_/) },
    ])
    const kept = wire.reply.write([{ kind: 'start', id: 'resp_9', model: '' }, ...reply([]).slice(1)], plain).body
    expect(kept).toMatchObject({ id: 'resp_9', model: 'asked', created_at: 1_790_000_000 })
  })

  test('a call without arguments has an empty object, one that was cut stays cut', () => {
    expect(outputOf(reply([block(0, call('c'))]))).toMatchObject([{ arguments: '{}', status: 'completed' }])
    expect(outputOf(reply([block(0, call('c'))], 'length'))).toMatchObject([{ arguments: '', status: 'incomplete' }])
  })

  test.each<readonly [StopReason, object]>([
    ['stop', { status: 'completed' }],
    ['sequence', { status: 'completed' }],
    ['calls', { status: 'completed' }],
    ['pause', { status: 'completed' }],
    ['length', { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }],
    ['context', { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }],
    ['filter', { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }],
    ['recitation', { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }],
    ['refusal', { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }],
    ['blocked', { status: 'failed', error: { code: 'invalid_prompt' } }],
    ['broken-call', { status: 'failed', error: { code: 'server_error' } }],
  ])('an end by %s', (reason, body) => {
    expect(wire.reply.write(reply([block(0, { kind: 'text' }, 'x')], reason), plain).body).toMatchObject(body)
  })

  test('a refusal in its own part is an answer', () => {
    const { body } = wire.reply.write(reply([block(0, { kind: 'refusal' }, 'No.')], 'refusal'), plain)
    expect(body).toMatchObject({ status: 'completed', output: [{ content: [{ type: 'refusal', refusal: 'No.' }] }] })
  })

  test('a proof travels in the sealed field, and comes back to the block that it belongs to', () => {
    const parts = reply([
      block(0, { kind: 'reasoning' }, 'Hm.', signed),
      block(1, { kind: 'reasoning', redacted: true }, '', signed),
      block(2, { kind: 'text' }, 'Hi', signed),
      block(3, call('c1'), '{}', signed),
      block(4, call('c2'), '{}'),
    ])
    const output = outputOf(parts)
    expect(output.map((item) => asObject(item)?.['type'])).toEqual([
      'reasoning',
      'reasoning',
      'message',
      'reasoning',
      'function_call',
      'reasoning',
      'function_call',
    ])
    const { turns } = wire.request.read({ model: 'm', input: output }, { model: 'm', stream: false })
    const { proof } = signed
    expect(turns).toHaveLength(1)
    expect(turns[0]?.blocks).toMatchObject([
      { kind: 'reasoning', text: 'Hm.', proof },
      { kind: 'reasoning', text: '', redacted: true, proof },
      { kind: 'text', text: 'Hi', proof },
      { kind: 'call', id: 'c1', proof },
      { kind: 'call', id: 'c2' },
    ])
    expect(turns[0]?.blocks[4]?.proof).toBeUndefined()
  })

  test('a thought that nobody has signed comes back as one of nobody, and to a vendor of this wire not at all', () => {
    const output = outputOf(reply([block(0, { kind: 'reasoning' }, 'Hm.'), block(1, call('c1'), '{}')]))
    expect(output[0]).toMatchObject({ type: 'reasoning', encrypted_content: 'sekisho-proof-1.openai-chat..' })
    const chat = wire.request.read({ model: 'm', input: output }, { model: 'm', stream: false })
    expect(chat.turns[0]?.blocks).toMatchObject([
      { kind: 'reasoning', text: 'Hm.' },
      { kind: 'call', id: 'c1' },
    ])
    const target = { model: 'm', account: 'main', outputTokensMax: null, dialect: {} }
    expect(wire.request.write(chat, target).body['input']).toMatchObject([{ type: 'function_call' }])
  })

  test('a picture is what a tool of the vendor would have made, and is seen again in the next turn', () => {
    const picture = block(0, { kind: 'media', mediaType: 'image/webp', base64: 'UklGRg' })
    expect(outputOf(reply([picture]))).toMatchObject([
      { id: 'ig_r1_0', type: 'image_generation_call', status: 'completed', result: 'UklGRg', output_format: 'webp' },
    ])
    const body = { model: 'm', input: outputOf(reply([picture])) }
    const [turn] = wire.request.read(body, { model: 'm', stream: false }).turns
    expect(turn?.blocks).toMatchObject([
      { kind: 'image', source: { kind: 'data', mediaType: 'image/webp', base64: 'UklGRg' } },
    ])
  })

  test('what it cannot say is named', () => {
    const foreign: PartContent = { kind: 'foreign', wire: 'gemini', type: 'executableCode', json: {} }
    const other: Part = { kind: 'open', choice: 1, block: 0, content: { kind: 'text' } }
    const parts = reply([block(0, foreign), [other], block(1, { kind: 'text' }, 'x', { citations: [{ quote: 'q' }] })])
    expect(wire.reply.write(parts, plain).losses).toMatchObject([
      { field: 'content.executableCode' },
      { field: 'choices' },
      { field: 'citations' },
    ])
    expect(outputOf(parts)).toMatchObject([{ type: 'message', content: [{ text: 'x' }] }])
  })
})
