import { ChatCompletionStream } from 'openai/lib/ChatCompletionStream'
import { describe, expect, test } from 'vitest'
import { Fault } from '../../fault.ts'
import { asList, asObject, type JsonObject } from '../../json.ts'
import type { Part, PartContent, StopReason } from '../../part.ts'
import { wrapProof } from '../../proof.ts'
import { NO_USAGE } from '../../usage.ts'
import type { WriteReply } from '../../wire.ts'
import { openaiChat } from './index.ts'

const WRITE: WriteReply = {
  requestId: 'req1',
  createdAt: 1_700_000_000,
  inputEstimate: 3,
  usageAsked: true,
  chat: { model: 'asked-model', stream: true, turns: [], tools: [] },
}
const START: Part = { kind: 'start', id: 'msg_1', model: 'claude' }
const FINISH: Part = { kind: 'finish' }
const end = (reason: StopReason = 'stop', native: string | null = null): Part => ({
  kind: 'end',
  choice: 0,
  stop: { reason, native },
})
const opened = (content: PartContent, block = 0): Part => ({ kind: 'open', choice: 0, block, content })
const delta = (text: string, block = 0): Part => ({ kind: 'delta', choice: 0, block, text })
const close = (block = 0): Part => ({ kind: 'close', choice: 0, block })
const TEXT: PartContent = { kind: 'text' }
const call = (id: string): PartContent => ({ kind: 'call', id, name: 'look', input: 'function' })
const PROOF = { wire: 'anthropic', account: 'main', data: 'c2ln' } as const

function frames(parts: readonly Part[], context: Partial<WriteReply> = {}): readonly string[] {
  const writer = openaiChat.stream.writer({ ...WRITE, ...context })
  const text = parts.map((part) => writer.push(part)).join('')
  expect(text === '' || text.endsWith('\n\n')).toBe(true)
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((frame) => frame.replace(/^data: /, ''))
}
const chunks = (parts: readonly Part[], context: Partial<WriteReply> = {}): readonly JsonObject[] =>
  frames(parts, context).flatMap((frame) => (frame === '[DONE]' ? [] : [asObject(JSON.parse(frame)) ?? {}]))
const deltas = (parts: readonly Part[]) =>
  chunks([START, ...parts]).map((chunk) => asObject(asObject((asList(chunk['choices']) ?? [])[0])?.['delta']))

describe('the chunks of a stream', () => {
  test('have the grammar that OpenAI’s clients expect', () => {
    const usage: Part = { kind: 'usage', usage: { ...NO_USAGE, input: 4, output: 2 }, serviceTier: null }
    const written = frames([START, usage, opened(TEXT), delta('Hi'), close(), end(), FINISH])
    const head = { id: 'chatcmpl-req1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'claude' }
    const choice = (delta: JsonObject, finish_reason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      usage: null,
    })
    expect(written.slice(0, -1).map((frame) => JSON.parse(frame))).toEqual([
      choice({ role: 'assistant', content: '', refusal: null }),
      choice({ content: 'Hi' }),
      choice({}, 'stop'),
      {
        ...head,
        choices: [],
        usage: expect.objectContaining({ prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 }),
      },
    ])
    expect(written.at(-1)).toBe('[DONE]')
  })

  test('say nothing of usage to a client that did not ask', () => {
    const usage: Part = { kind: 'usage', usage: NO_USAGE, serviceTier: null }
    const written = frames([START, opened(TEXT), delta('Hi'), close(), usage, end(), FINISH], { usageAsked: false })
    expect(written.join('')).not.toContain('usage')
    expect(written.at(-1)).toBe('[DONE]')
  })

  test('end only when the reply did', () => {
    expect(frames([START, opened(TEXT), delta('Hi'), close(), end()]).join('')).not.toContain('[DONE]')
    expect(frames([START, opened(TEXT), delta('Hi')]).join('')).not.toContain('"stop"')
  })

  test('a choice that said nothing still has its role and an empty text', () => {
    expect(deltas([end(), FINISH])).toEqual([{ role: 'assistant', content: '', refusal: null }, {}])
  })

  test('a call has id and name once, its own number, and its input in pieces', () => {
    expect(
      deltas([
        opened(call('a')),
        delta('{"x":'),
        delta('1}'),
        close(),
        opened(call('b'), 1),
        delta('{}', 1),
        close(1),
        end('calls'),
      ]),
    ).toEqual([
      { role: 'assistant', content: null, refusal: null },
      { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'look', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"x":' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '1}' } }] },
      { tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'look', arguments: '' } }] },
      { tool_calls: [{ index: 1, function: { arguments: '{}' } }] },
      {},
    ])
  })

  test('blocks that overlap come one behind the other', () => {
    const written = deltas([
      opened(call('a')),
      opened(call('b'), 1),
      delta('2', 1),
      delta('1'),
      close(),
      close(1),
      end('calls'),
    ])
    expect(JSON.stringify(written)).toMatch(/"id":"a".*"arguments":"1".*"id":"b".*"arguments":"2"/)
  })

  test('a custom call has its own fields', () => {
    expect(deltas([opened({ kind: 'call', id: 'a', name: 'p', input: 'custom' }), delta('x'), close()])).toMatchObject([
      {},
      { tool_calls: [{ index: 0, id: 'a', type: 'custom', custom: { name: 'p', input: '' } }] },
      { tool_calls: [{ index: 0, custom: { input: 'x' } }] },
    ])
  })

  test('a call without input has an empty object, unless the limit cut it off', () => {
    const written = (reason: StopReason) => JSON.stringify(deltas([opened(call('a')), close(), end(reason)]))
    expect(written('stop')).toContain('"arguments":"{}"')
    expect(written('length')).not.toContain('{}"')
  })

  test('reasoning is a text, and whole once more beside its proof in another vendor’s wrapping', () => {
    const proof: Part = { kind: 'prove', choice: 0, block: 0, proof: PROOF }
    expect(
      deltas([
        opened({ kind: 'reasoning', id: 'rs' }),
        delta('h'),
        delta('m'),
        proof,
        close(),
        opened(TEXT, 1),
        delta('a', 1),
      ]),
    ).toEqual([
      { role: 'assistant', content: null, refusal: null },
      { reasoning_content: 'h' },
      { reasoning_content: 'm' },
      { reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: wrapProof(PROOF), id: 'rs', index: 0 }] },
      { content: 'a' },
    ])
  })

  test('a hidden thought is its proof alone, and one without a proof needs no details', () => {
    const proof: Part = { kind: 'prove', choice: 0, block: 0, proof: PROOF }
    expect(deltas([opened({ kind: 'reasoning', redacted: true }), proof, close()])[1]).toEqual({
      reasoning_details: [{ type: 'reasoning.encrypted', data: wrapProof(PROOF), index: 0 }],
    })
    expect(JSON.stringify(deltas([opened({ kind: 'reasoning' }), delta('h'), close(), end()]))).not.toContain('details')
  })

  test('proofs of calls and texts stand where Gemini’s own endpoint of this wire has them', () => {
    const extra_content = { google: { thought_signature: wrapProof(PROOF) } }
    const prove = (block: number): Part => ({ kind: 'prove', choice: 0, block, proof: PROOF })
    const written = deltas([
      opened(TEXT),
      delta('a'),
      prove(0),
      close(),
      opened(call('c'), 1),
      delta('{}', 1),
      prove(1),
      close(1),
      end('calls'),
    ])
    expect(written).toContainEqual({ tool_calls: [{ index: 0, extra_content }] })
    expect(written.at(-2)).toEqual({ extra_content })
  })

  test('sources are said once, at the end, counted in the one text', () => {
    const cite = (block: number): Part => ({
      kind: 'cite',
      choice: 0,
      block,
      citation: { url: 'https://a.example', title: 't', start: 0, end: 1 },
    })
    const written = deltas([
      opened(TEXT),
      delta('ab'),
      cite(0),
      close(),
      opened(TEXT, 1),
      delta('c', 1),
      cite(1),
      close(1),
      end(),
    ])
    expect(written.filter((one) => one?.['annotations'] !== undefined)).toMatchObject([
      {
        annotations: [
          { url_citation: { start_index: 0, end_index: 1 } },
          { url_citation: { start_index: 2, end_index: 3 } },
        ],
      },
    ])
  })

  test('each choice has its own role, numbers and end', () => {
    const of = (choice: number): readonly Part[] => [
      { kind: 'open', choice, block: 0, content: call(`c${choice}`) },
      { kind: 'delta', choice, block: 0, text: '{}' },
      { kind: 'close', choice, block: 0 },
      { kind: 'end', choice, stop: { reason: 'calls', native: null } },
    ]
    const written = JSON.stringify(chunks([START, ...of(0), ...of(1), FINISH]))
    expect(written.match(/"role":"assistant"/g)).toHaveLength(2)
    expect(written.match(/"index":0,"id":"c\d"/g)).toHaveLength(2)
    expect(written.match(/"finish_reason":"tool_calls"/g)).toHaveLength(2)
  })

  test('the word for an end is OpenAI’s, with the vendor’s own where it says more', () => {
    expect(frames([START, end('recitation', 'RECITATION')]).at(-1)).toContain(
      '"finish_reason":"content_filter","native_finish_reason":"RECITATION"',
    )
    expect(frames([START, opened(call('a')), delta('{}'), close(), end('stop', 'STOP')]).at(-1)).toContain(
      '"finish_reason":"tool_calls"',
    )
  })

  test('a block of another wire never goes out, and is reported', () => {
    const writer = openaiChat.stream.writer(WRITE)
    const foreign = opened({ kind: 'foreign', wire: 'anthropic', type: 'server_tool_use', json: { secret: 1 } })
    const text = [START, foreign, close(), end(), FINISH].map((part) => writer.push(part)).join('')
    expect(text).not.toContain('secret')
    expect(writer.losses()).toMatchObject([{ field: 'content.server_tool_use' }])
  })

  test('a fault is the last event: neither a reason to end nor a terminal follows', () => {
    const writer = openaiChat.stream.writer(WRITE)
    const before = [START, opened(TEXT), delta('a')].map((part) => writer.push(part)).join('')
    const told = writer.fault(new Fault('overloaded', 'Too busy'))
    const after = [close(), end(), FINISH].map((part) => writer.push(part)).join('')
    expect(before).not.toBe('')
    expect(JSON.parse(told.slice('data: '.length))).toMatchObject({
      error: { message: 'Too busy', code: 'overloaded' },
    })
    expect(after + writer.fault(new Fault('internal', 'again'))).toBe('')
  })

  test('a call that nobody can read is a fault, not a success', () => {
    expect(frames([START, end('broken-call'), FINISH]).join('')).toMatch(/^\{"role"|"error"/)
    expect(frames([START, end('broken-call'), FINISH]).join('')).not.toMatch(/finish_reason":"|DONE/)
  })

  test('the line is kept open with a comment', () => {
    expect(openaiChat.stream.writer(WRITE).keepAlive).toBe(': keep-alive\n\n')
  })
})

test('the official client puts the chunks together to the very message of the whole reply', async () => {
  const cited: Part = {
    kind: 'cite',
    choice: 0,
    block: 1,
    citation: { url: 'https://a.example', title: 't', start: 0, end: 1 },
  }
  const parts: readonly Part[] = [
    START,
    opened({ kind: 'reasoning' }),
    delta('hm'),
    { kind: 'prove', choice: 0, block: 0, proof: PROOF },
    close(),
    opened(TEXT, 1),
    delta('I ', 1),
    delta('look.', 1),
    cited,
    close(1),
    opened(call('a'), 2),
    delta('{"x":1}', 2),
    { kind: 'prove', choice: 0, block: 2, proof: PROOF },
    close(2),
    opened(call('b'), 3),
    close(3),
    end('calls'),
    { kind: 'usage', usage: { ...NO_USAGE, input: 4, output: 2 }, serviceTier: null },
    FINISH,
  ]
  const lines = chunks(parts).map((chunk) => JSON.stringify(chunk))
  const stream = ChatCompletionStream.fromReadableStream(new Blob([lines.join('\n')]).stream())
  const whole = openaiChat.reply.write(parts, WRITE).body
  const { choices, usage } = await stream.finalChatCompletion()
  const { parsed: _, ...message } = choices[0]?.message ?? { parsed: null }
  expect([{ ...choices[0], message }]).toEqual(whole['choices'])
  expect(usage).toEqual(whole['usage'])
})

test('log probabilities that were asked for are reported as lost, because no chunk holds them', () => {
  const chat = { ...WRITE.chat, logprobs: { alternatives: 0 } }
  const writer = openaiChat.stream.writer({ ...WRITE, chat })
  for (const part of [START, opened(TEXT), delta('a'), close(), end(), FINISH]) writer.push(part)
  expect(writer.losses()).toMatchObject([{ field: 'logprobs', what: 'dropped' }])
})

test('a fast answer is called priority, as in replies of the API itself', () => {
  const usage: Part = { kind: 'usage', usage: NO_USAGE, serviceTier: 'fast' }
  expect(frames([START, opened(TEXT), delta('a'), close(), end(), usage, FINISH]).at(-2)).toContain(
    '"service_tier":"priority"',
  )
})
