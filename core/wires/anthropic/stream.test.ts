import { describe, expect, test } from 'vitest'
import { collect } from '../../collect.ts'
import { asking } from '../../contract/chat-parts.ts'
import { Fault } from '../../fault.ts'
import { asObject, asText, type JsonObject, parseJson } from '../../json.ts'
import type { Part } from '../../part.ts'
import { wrapProof } from '../../proof.ts'
import { NO_USAGE } from '../../usage.ts'
import { readReply } from './reply-read.ts'
import { AnthropicReader } from './stream-read.ts'
import { AnthropicWriter } from './stream-write.ts'

const context = { flavour: 'openai', account: 'main', spendLimitCodes: [], endsWithDone: false } as const
const client = {
  requestId: 'req_1',
  createdAt: 0,
  inputEstimate: 12,
  usageAsked: false,
  chat: asking({ model: 'asked' }),
}

const start = (fields: JsonObject = {}): JsonObject => ({
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-x',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 1 },
    ...fields,
  },
})
const open = (index: number, block: JsonObject): JsonObject => ({
  type: 'content_block_start',
  index,
  content_block: block,
})
const delta = (index: number, piece: JsonObject): JsonObject => ({ type: 'content_block_delta', index, delta: piece })
const say = (index: number, text: string) => delta(index, { type: 'text_delta', text })
const stop = (index: number): JsonObject => ({ type: 'content_block_stop', index })
const end = (reason: string, usage: JsonObject = { output_tokens: 20 }): JsonObject => ({
  type: 'message_delta',
  delta: { stop_reason: reason, stop_sequence: null },
  usage,
})
const last: JsonObject = { type: 'message_stop' }
const text: JsonObject = { type: 'text', text: '' }

const read = (...events: readonly JsonObject[]): readonly Part[] => {
  const reader = new AnthropicReader(context)
  const parts = events.flatMap((event) => reader.push({ name: undefined, data: JSON.stringify(event) }))
  return [...parts, ...reader.end()]
}

describe('a stream is read', () => {
  test('as the message that it stands for', () => {
    const parts = read(
      start(),
      { type: 'ping' },
      open(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'thinking_delta', thinking: 'I should ' }),
      delta(0, { type: 'thinking_delta', thinking: 'look.' }),
      delta(0, { type: 'signature_delta', signature: 'si' }),
      delta(0, { type: 'signature_delta', signature: 'g' }),
      stop(0),
      open(1, text),
      say(1, 'I lo'),
      delta(1, { type: 'citations_delta', citation: { type: 'page_location', cited_text: 'c', document_title: 'D' } }),
      say(1, 'ok.'),
      stop(1),
      open(2, { type: 'tool_use', id: 'toolu_1', name: 'f', input: {}, caller: { type: 'direct' } }),
      delta(2, { type: 'input_json_delta', partial_json: '' }),
      delta(2, { type: 'input_json_delta', partial_json: '{"a"' }),
      delta(2, { type: 'input_json_delta', partial_json: ':1}' }),
      stop(2),
      open(3, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }),
      delta(3, { type: 'input_json_delta', partial_json: '{"query":"q"}' }),
      stop(3),
      { ...end('tool_use', { output_tokens: 20, input_tokens: null }), context_management: { applied_edits: [] } },
      last,
      say(2, 'behind the end'),
    )
    const whole = readReply(
      {
        ...asObject(start()['message']),
        content: [
          { type: 'thinking', thinking: 'I should look.', signature: 'sig' },
          {
            type: 'text',
            text: 'I look.',
            citations: [{ type: 'page_location', cited_text: 'c', document_title: 'D' }],
          },
          { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 }, caller: { type: 'direct' } },
          { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
        ],
        stop_reason: 'tool_use',
        context_management: { applied_edits: [] },
        usage: { input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 20 },
      },
      context,
    )
    expect(collect(parts)).toEqual(collect(whole))
  })

  test('a call without arguments has none, and one that code made has those of its opening (trap 25)', () => {
    const call = (input: JsonObject) => ({ type: 'tool_use', id: 'a', name: 'f', input })
    const { choices } = collect(
      read(
        start(),
        open(0, call({})),
        delta(0, { type: 'input_json_delta', partial_json: '' }),
        stop(0),
        open(1, call({ x: 1 })),
        stop(1),
        end('tool_use'),
        last,
      ),
    )
    expect(choices[0]?.blocks.map((block) => block.text)).toEqual(['{}', '{"x":1}'])
  })

  test('a block that only this wire knows comes whole, out of pieces of whatever kind', () => {
    const { choices } = collect(
      read(
        start(),
        open(0, { type: 'compaction', content: null }),
        delta(0, { type: 'compaction_delta', content: 'Earlier ' }),
        delta(0, { type: 'compaction_delta', content: 'talk.', encrypted_content: 'e' }),
        stop(0),
        end('end_turn'),
        last,
      ),
    )
    expect(choices[0]?.blocks[0]?.content).toMatchObject({
      json: { type: 'compaction', content: 'Earlier talk.', encrypted_content: 'e' },
    })
  })

  test('its usage grows, and a null takes nothing back', () => {
    const usages = read(
      start(),
      end('end_turn', { input_tokens: 11, cache_read_input_tokens: null, output_tokens: 9 }),
      last,
    ).flatMap((part) => (part.kind === 'usage' ? [part.usage] : []))
    expect(usages).toEqual([
      { ...NO_USAGE, input: 10, cacheRead: 4, output: 1 },
      { ...NO_USAGE, input: 11, cacheRead: 4, output: 9 },
    ])
  })

  test('a cut one has no end', () => {
    const kinds = read(start(), open(0, text), say(0, 'a'), stop(0), end('end_turn')).map(({ kind }) => kind)
    expect(kinds).not.toContain('end')
    expect(kinds).not.toContain('finish')
  })

  test('an error in it is its last part', () => {
    const parts = read(
      start(),
      open(0, text),
      { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
      end('end_turn'),
      last,
    )
    expect(parts.at(-1)).toMatchObject({ kind: 'fault', fault: { code: 'overloaded' } })
  })

  test('a message that begins again says nothing new; another one behind content breaks the reply (trap 46)', () => {
    const twice = read(start(), start(), open(0, text), say(0, 'a'), stop(0), end('end_turn'), last)
    expect(twice.filter(({ kind }) => kind === 'start')).toHaveLength(1)
    const early = read(start(), start({ id: 'msg_2' }), open(0, text), say(0, 'a'), stop(0), end('end_turn'), last)
    expect(early[0]).toMatchObject({ kind: 'start', id: 'msg_2' })
    const kinds = early.map(({ kind }) => kind)
    expect(kinds).toEqual(['start', 'usage', 'open', 'delta', 'close', 'usage', 'end', 'finish'])
    const spliced = read(
      start(),
      open(0, text),
      say(0, 'a'),
      start({ id: 'msg_2' }),
      open(0, text),
      say(0, 'a'),
      stop(0),
      end('end_turn'),
      last,
    )
    expect(spliced.map(({ kind }) => kind)).toEqual(['start', 'usage', 'open', 'delta', 'fault'])
  })

  test('an answer that came whole in one event is read as such', () => {
    const message = {
      ...asObject(start()['message']),
      content: [{ type: 'text', text: 'Hi' }],
      stop_reason: 'end_turn',
    }
    expect(read(message)).toEqual(readReply(message, context))
  })

  test.each<[string, readonly JsonObject[]]>([
    ['a block before the message', [open(0, text)]],
    ['a piece of a block that is not open', [start(), say(0, 'a')]],
    ['a block without a kind', [start(), open(0, {})]],
    ['a piece without its text', [start(), open(0, text), delta(0, { type: 'text_delta' })]],
    ['a number that is none', [start(), { ...open(0, text), index: 'first' }]],
    ['an end before the message', [last]],
    ['a message that is none', [{ type: 'message_start', message: 'hi' }]],
  ])('nonsense is the vendor’s fault: %s', (_, events) => {
    expect(() => read(...events)).toThrow(expect.objectContaining({ code: 'upstream_error' }))
  })

  test.each(['', 'null', '[]', '{', '7'])('data that is no object is the vendor’s fault: %j', (data) => {
    expect(() => new AnthropicReader(context).push({ name: 'message_start', data })).toThrow(Fault)
  })

  test('what is held has a bound', () => {
    const reader = new AnthropicReader(context)
    const push = (event: JsonObject) => reader.push({ name: undefined, data: JSON.stringify(event) })
    push(start())
    push(open(0, { type: 'server_tool_use', id: 's', name: 'x', input: {} }))
    const piece = delta(0, { type: 'input_json_delta', partial_json: 'x'.repeat(9_000_000) })
    push(piece)
    expect(() => push(piece)).toThrow(expect.objectContaining({ code: 'upstream_error' }))
  })
})

describe('a stream is written', () => {
  const write = (...parts: readonly Part[]): string => {
    const writer = new AnthropicWriter(client)
    return parts.map((part) => writer.push(part)).join('')
  }
  const eventsOf = (written: string): readonly JsonObject[] =>
    written
      .split('\n\n')
      .filter((frame) => frame !== '')
      .map((frame) => {
        const [, name, data] = /^event: (\S+)\ndata: (.*)$/.exec(frame) ?? []
        const event = asObject(parseJson(data ?? '')) ?? {}
        expect(name).toBe(event['type'])
        return event
      })
  const namesOf = (written: string) =>
    eventsOf(written).map(({ type, index }) => `${asText(type)} ${typeof index === 'number' ? index : ''}`.trimEnd())
  const begin: Part = { kind: 'start', id: 'chatcmpl-1', model: 'gpt-x' }
  const finish: readonly Part[] = [
    { kind: 'end', choice: 0, stop: { reason: 'stop', native: 'stop' } },
    { kind: 'usage', usage: { ...NO_USAGE, input: 40, output: 20 }, serviceTier: null },
    { kind: 'finish' },
  ]
  const opening = (block: number, content: Extract<Part, { kind: 'open' }>['content']): Part => ({
    kind: 'open',
    choice: 0,
    block,
    content,
  })
  const piece = (block: number, words: string): Part => ({ kind: 'delta', choice: 0, block, text: words })
  const close = (block: number): Part => ({ kind: 'close', choice: 0, block })
  const call = (block: number, id: string) => opening(block, { kind: 'call', id, name: 'f', input: 'function' })

  test('in the order that the SDK expects, every event with its name', () => {
    const written = write(begin, opening(0, { kind: 'text' }), piece(0, 'Hel'), piece(0, 'lo'), close(0), ...finish)
    expect(eventsOf(written)).toMatchObject([
      {
        type: 'message_start',
        message: {
          id: 'msg_req_1',
          type: 'message',
          role: 'assistant',
          model: 'gpt-x',
          content: [],
          stop_reason: null,
          stop_sequence: null,
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'lo' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { input_tokens: 40, output_tokens: 20 },
      },
      { type: 'message_stop' },
    ])
  })

  test('with an estimate of the prompt until the vendor tells it (trap 16)', () => {
    const usageOf = (written: string) => asObject(asObject(eventsOf(written)[0]?.['message'])?.['usage'])
    expect(usageOf(write(begin, opening(0, { kind: 'text' }), piece(0, 'a')))).toMatchObject({
      input_tokens: 12,
      output_tokens: 0,
    })
    const told: Part = { kind: 'usage', usage: { ...NO_USAGE, input: 7 }, serviceTier: null }
    expect(usageOf(write(begin, told, opening(0, { kind: 'text' }), piece(0, 'a')))).toMatchObject({ input_tokens: 7 })
  })

  test('block after block, although they came mixed (trap 2)', () => {
    const written = write(
      begin,
      call(0, 'a'),
      call(1, 'b'),
      piece(0, '{"x"'),
      piece(1, '{"y"'),
      piece(0, ':1'),
      piece(1, ':2}'),
      piece(0, '}'),
      close(1),
      close(0),
      ...finish,
    )
    const names = namesOf(written)
    expect(names.indexOf('content_block_stop 0')).toBeLessThan(names.indexOf('content_block_start 1'))
    const { choices } = collect(read(...eventsOf(written)))
    expect(choices[0]?.blocks.map((block) => block.text)).toEqual(['{"x":1}', '{"y":2}'])
    expect(eventsOf(written).at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } })
  })

  test('without blocks in which nothing stands (trap 4)', () => {
    const written = write(
      begin,
      opening(0, { kind: 'text' }),
      piece(0, ' '),
      close(0),
      opening(1, { kind: 'reasoning' }),
      close(1),
      call(2, 'a'),
      close(2),
      ...finish,
    )
    expect(namesOf(written)).toEqual([
      'message_start',
      'content_block_start 0',
      'content_block_stop 0',
      'message_delta',
      'message_stop',
    ])
    expect(eventsOf(write(begin, opening(0, { kind: 'text' }), piece(0, ' '), piece(0, 'a'))).at(-1)).toMatchObject({
      delta: { text: ' a' },
    })
  })

  test('a thought ends with its signature, also when it has no words (trap 9)', () => {
    const proof = { wire: 'gemini', account: 'g', data: 'sig' } as const
    const prove: Part = { kind: 'prove', choice: 0, block: 0, proof }
    const written = eventsOf(write(begin, opening(0, { kind: 'reasoning' }), prove, close(0)))
    expect(written.slice(1)).toEqual([
      open(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, { type: 'signature_delta', signature: wrapProof(proof) }),
      stop(0),
    ])
    const hidden = eventsOf(
      write(
        begin,
        opening(0, { kind: 'reasoning', redacted: true }),
        { ...prove, proof: { ...proof, wire: 'anthropic' } },
        close(0),
      ),
    )
    expect(hidden.slice(1)).toEqual([open(0, { type: 'redacted_thinking', data: 'sig' }), stop(0)])
  })

  test('the proof of a call stands in front of it, or behind it where it had begun', () => {
    const proof = { wire: 'gemini', account: 'g', data: 'sig' } as const
    const prove: Part = { kind: 'prove', choice: 0, block: 0, proof }
    const typesOf = (...pieces: readonly Part[]) =>
      eventsOf(write(begin, call(0, 'a'), ...pieces, prove, close(0))).flatMap(
        ({ content_block }) => asObject(content_block)?.['type'] ?? [],
      )
    expect(typesOf(piece(0, '{"x":1}'))).toEqual(['redacted_thinking', 'tool_use'])
    expect(typesOf(piece(0, '{"x"'), piece(0, ':1}'))).toEqual(['tool_use', 'redacted_thinking'])
  })

  test.each([
    ['function', 'null', '{}'],
    ['function', '7', '{"invalid_json":"7"}'],
    ['function', '{"cut', '{"cut'],
    ['custom', '+ "x"', '{"input":"+ \\"x\\""}'],
  ] as const)('the arguments of a %s call %j are %s', (input, words, expected) => {
    const written = write(begin, opening(0, { kind: 'call', id: 'a', name: 'f', input }), piece(0, words), close(0))
    expect(eventsOf(written)[2]).toEqual(delta(0, { type: 'input_json_delta', partial_json: expected }))
  })

  test('an error ends it: nothing follows, and no end is made up', () => {
    const writer = new AnthropicWriter(client)
    const text = writer.push(begin) + writer.push(opening(0, { kind: 'text' })) + writer.push(piece(0, 'a'))
    const broken = text + writer.fault(new Fault('overloaded', 'Overloaded'))
    expect(namesOf(broken).at(-1)).toBe('error')
    expect(eventsOf(broken).at(-1)).toMatchObject({
      error: { type: 'overloaded_error', message: 'Overloaded' },
      request_id: 'req_1',
    })
    expect(finish.map((part) => writer.push(part)).join('')).toBe('')
    const told = new AnthropicWriter(client).push({ kind: 'fault', fault: new Fault('upstream_error', 'no') })
    expect(namesOf(told)).toEqual(['error'])
  })

  test('more answers than one are reported', () => {
    const writer = new AnthropicWriter(client)
    for (const part of [begin, { ...opening(0, { kind: 'text' }), choice: 1 } as const, ...finish]) writer.push(part)
    expect(writer.losses()).toMatchObject([{ field: 'choices', what: 'dropped' }])
  })

  test('the line is kept open by a ping, which is no part', () => {
    const { keepAlive } = new AnthropicWriter(client)
    expect(eventsOf(keepAlive)).toEqual([{ type: 'ping' }])
    expect(read(start(), ...eventsOf(keepAlive))).toEqual(read(start()))
  })
})
