import { describe, expect, test } from 'vitest'
import { collect } from '../../collect.ts'
import type { JsonObject } from '../../json.ts'
import type { Part } from '../../part.ts'
import { inputTokens } from '../../usage.ts'
import type { ReadReply } from '../../wire.ts'
import { openaiChat } from './index.ts'

const READ: ReadReply = { flavour: 'openai', account: 'main', spendLimitCodes: ['out_of_credit'], endsWithDone: true }
const DONE = '[DONE]'

function read(events: readonly (JsonObject | string)[], context = READ): readonly Part[] {
  const reader = openaiChat.stream.reader(context)
  const parts = events.flatMap((event) =>
    reader.push({ name: undefined, data: typeof event === 'string' ? event : JSON.stringify(event) }),
  )
  return [...parts, ...reader.end()]
}
const chunk = (delta: JsonObject, more: JsonObject = {}): JsonObject => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta, ...more }],
})
const end = (finish_reason = 'stop') => chunk({}, { finish_reason })
const calls = (...tool_calls: readonly JsonObject[]) => chunk({ tool_calls })
const whole = (events: readonly (JsonObject | string)[]) => collect(read([...events, end(), DONE])).choices[0]
const blocks = (...events: readonly JsonObject[]) =>
  whole(events)?.blocks.map(({ content, text }) => [
    content.kind === 'call' ? `${content.id} ${content.name}` : content.kind,
    text,
  ])
const kinds = (parts: readonly Part[]) => parts.map(({ kind }) => kind)

describe('a stream', () => {
  test('is parts in their order, and finished by what the vendor sent', () => {
    expect(kinds(read([chunk({ role: 'assistant', content: '' }), chunk({ content: 'Hi' }), end(), DONE]))).toEqual([
      'start',
      'open',
      'delta',
      'close',
      'end',
      'finish',
    ])
  })

  test('trap 47: a first chunk without choices is nothing, and names nothing', () => {
    const filters = { id: '', object: '', created: 0, model: '', choices: [], prompt_filter_results: [{}] }
    expect(read([filters])).toEqual([])
    expect(read([filters, chunk({ content: 'a' })])[0]).toMatchObject({ kind: 'start', id: 'chatcmpl-1', model: 'm' })
  })

  test('trap 15: the usage chunk has no choices; other vendors have it in the last one, or under a name of their own', () => {
    const usage = { prompt_tokens: 4, completion_tokens: 2 }
    for (const last of [
      { choices: [], usage },
      { ...chunk({}), usage },
      { choices: [], x_groq: { usage } },
    ]) {
      const { usage: read_ } = collect(read([chunk({ content: 'a' }), end(), last, DONE]))
      expect(read_ === undefined ? undefined : inputTokens(read_.usage)).toBe(4)
    }
  })

  test('trap 49: where the vendor has a terminal, the reason to end is not enough; where it has none, it is', () => {
    expect(kinds(read([chunk({ content: 'a' }), end()]))).not.toContain('finish')
    expect(kinds(read([chunk({ content: 'a' }), end()], { ...READ, endsWithDone: false }))).toContain('finish')
    expect(kinds(read([chunk({ content: 'a' })], { ...READ, endsWithDone: false }))).not.toContain('finish')
  })

  test('is cut when its choice never said why it ended, even with a terminal', () => {
    expect(kinds(read([chunk({ content: 'a' }), DONE]))).not.toContain('finish')
    expect(() => read([DONE])).toThrow(expect.objectContaining({ code: 'upstream_error' }))
  })

  test('a reason may be absent, null or empty until it comes, and holds once', () => {
    const parts = read([
      chunk({ content: 'a' }, { finish_reason: null }),
      chunk({ content: 'b' }, { finish_reason: '' }),
      chunk({ content: 'c' }, { finish_reason: 'length' }),
      chunk({ content: 'd' }, { finish_reason: 'stop' }),
      DONE,
    ])
    expect(collect(parts).choices[0]).toMatchObject({ blocks: [{ text: 'abc' }], stop: { reason: 'length' } })
  })

  test('choices are told apart', () => {
    const of = (index: number, content: string) => ({ choices: [{ index, delta: { content }, finish_reason: null }] })
    const ends = { choices: [0, 1].map((index) => ({ index, delta: {}, finish_reason: 'stop' })) }
    const { choices } = collect(read([of(1, 'b'), of(0, 'a'), of(1, 'B'), ends, DONE]))
    expect(choices.map(({ blocks }) => blocks[0]?.text)).toEqual(['a', 'bB'])
  })
})

describe('calls in a stream', () => {
  test('trap 1: keep their own input when the index is always 0', () => {
    expect(
      blocks(
        calls(
          { index: 0, id: 'a', function: { name: 'f', arguments: '{"x":' } },
          { index: 0, id: 'b', function: { name: 'g', arguments: '{"y":' } },
        ),
        calls({ index: 0, id: 'a', function: { arguments: '1}' } }),
        calls({ index: 0, id: 'b', function: { arguments: '2}' } }),
      ),
    ).toEqual([
      ['a f', '{"x":1}'],
      ['b g', '{"y":2}'],
    ])
  })

  test('trap 1: without ids a name begins another call once the one before is whole, and not sooner', () => {
    const named = (args: string) => calls({ index: 0, function: { name: 'f', arguments: args } })
    expect(blocks(named('{"x":'), named('1}'), named('{"x":2}'))?.map(([, text]) => text)).toEqual([
      '{"x":1}',
      '{"x":2}',
    ])
  })

  test('trap 3: the first index may be any; a new id at the same index is a new call', () => {
    expect(
      blocks(
        calls({ index: 1, id: 'a', function: { name: 'f', arguments: '' } }),
        calls({ index: 1, function: { arguments: '{}' } }),
        calls({ index: 1, id: 'b', function: { name: 'f', arguments: '[]' } }),
      ),
    ).toEqual([
      ['a f', '{}'],
      ['b f', '[]'],
    ])
  })

  test('an id without a name goes on with the call, because some nodes make one for every delta', () => {
    expect(
      blocks(
        calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }),
        calls({ index: 0, id: 'b', function: { arguments: '}' } }),
        calls({ index: 0, id: '', type: 'function', function: { name: '', arguments: ' ' } }),
      ),
    ).toEqual([['a f', '{} ']])
  })

  test('may come whole, without an index, beside an empty content', () => {
    expect(blocks(chunk({ content: '', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}' } }] }))).toEqual(
      [['a f', '{}']],
    )
  })

  test('interleaved deltas find their calls', () => {
    expect(
      blocks(
        calls({ index: 0, id: 'a', function: { name: 'f', arguments: '' } }),
        calls({ index: 1, id: 'b', function: { name: 'g', arguments: '' } }),
        calls({ index: 0, function: { arguments: '1' } }),
        calls({ index: 1, function: { arguments: '2' } }),
        calls({ index: 0, function: { arguments: '3' } }),
      ),
    ).toEqual([
      ['a f', '13'],
      ['b g', '2'],
    ])
  })

  test('trap 25: a call without any input is still a call', () => {
    expect(blocks(calls({ index: 0, id: 'a', function: { name: 'f' } }))).toEqual([['a f', '']])
    expect(blocks(calls({ index: 0, id: 'a', function: { name: 'f', arguments: null } }))).toEqual([['a f', '']])
  })

  test('trap 14: with a call in it an answer waits for tools, whatever the vendor says', () => {
    const parts = read([calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }), end('stop'), DONE])
    expect(collect(parts).choices[0]?.stop).toEqual({ reason: 'calls', native: 'stop' })
  })

  test('trap 48: a call that the limit has cut stays cut', () => {
    const parts = read([calls({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x":' } }), end('length'), DONE])
    expect(collect(parts).choices[0]).toMatchObject({ blocks: [{ text: '{"x":' }], stop: { reason: 'length' } })
  })

  test('a call that never gets a name is one that nobody can read', () => {
    const parts = read([calls({ index: 0, id: 'a', function: { arguments: '{}' } }), end('tool_calls'), DONE])
    expect(collect(parts).choices[0]).toMatchObject({ blocks: [], stop: { reason: 'broken-call' } })
  })

  test('a name that comes late opens the call with all that was said before', () => {
    expect(
      blocks(
        calls({ index: 0, id: 'a', function: { arguments: '{' } }),
        calls({ index: 0, function: { name: 'f', arguments: '}' } }),
      ),
    ).toEqual([['a f', '{}']])
  })
})

describe('reasoning in a stream', () => {
  test.each(['reasoning_content', 'reasoning'])('in %s, closed before the text begins', (field) => {
    const parts = read([
      chunk({ content: null, [field]: 'h' }),
      chunk({ [field]: 'm' }),
      chunk({ content: 'a' }),
      end(),
      DONE,
    ])
    expect(kinds(parts).slice(1, 6)).toEqual(['open', 'delta', 'delta', 'close', 'open'])
    expect(collect(parts).choices[0]?.blocks).toMatchObject([
      { content: { kind: 'reasoning' }, text: 'hm' },
      { content: { kind: 'text' }, text: 'a' },
    ])
  })

  test('in details beside the text, counted once, with their proofs', () => {
    const detail = (more: JsonObject) => ({ type: 'reasoning.text', index: 0, ...more })
    const read_ = whole([
      chunk({ reasoning: 'h', reasoning_details: [detail({ text: 'h' })] }),
      chunk({ reasoning: 'm', reasoning_details: [detail({ text: 'm' })] }),
      chunk({ reasoning_details: [detail({ signature: 's' }), { type: 'reasoning.encrypted', data: 'e', index: 1 }] }),
      chunk({ content: 'a' }),
    ])
    expect(read_?.blocks).toMatchObject([
      { content: { kind: 'reasoning' }, text: 'hm', proof: { data: 's', account: 'main' } },
      { content: { kind: 'reasoning', redacted: true }, text: '', proof: { data: 'e' } },
      { content: { kind: 'text' }, text: 'a' },
    ])
  })

  test('among the content', () => {
    const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }
    expect(
      blocks(
        chunk({ content: [thinking] }),
        chunk({ content: [{ type: 'text', text: 'a' }] }),
        chunk({ content: 'b' }),
      ),
    ).toEqual([
      ['reasoning', 'hm'],
      ['text', 'ab'],
    ])
  })

  test('a refusal, and the proof and sources of a text', () => {
    const url_citation = { url: 'https://a.example', title: 't', start_index: 0, end_index: 1 }
    const said = whole([
      chunk({ content: 'a' }),
      chunk({
        annotations: [{ type: 'url_citation', url_citation }],
        extra_content: { google: { thought_signature: 's' } },
      }),
      chunk({ refusal: 'No.' }),
    ])
    expect(said?.blocks).toMatchObject([
      { content: { kind: 'text' }, citations: [{ url: 'https://a.example', start: 0, end: 1 }], proof: { data: 's' } },
      { content: { kind: 'refusal' }, text: 'No.' },
    ])
    expect(said?.stop?.reason).toBe('refusal')
  })
})

describe('what goes wrong in a stream', () => {
  test.each<[JsonObject, string]>([
    [{ error: { message: 'busy', code: 503 } }, 'overloaded'],
    [{ error: { message: 'slow down', code: 429 } }, 'rate_limited'],
    [{ error: { message: 'too long', code: 'context_length_exceeded' } }, 'context_too_long'],
    [{ error: { message: 'acme has no money', code: 'out_of_credit' } }, 'upstream_funds'],
    [{ error: { message: 'key of acme', code: 401 } }, 'upstream_auth_failed'],
    [{ object: 'error', message: 'bad', code: 400 }, 'bad_request'],
    [{ error: 'bad' }, 'upstream_error'],
    [end('error'), 'upstream_error'],
  ])('%j is a fault, and nothing that comes behind it counts', (event, code) => {
    const parts = read([chunk({ content: 'a' }), event, chunk({ content: 'b' }), end(), DONE])
    expect(parts.at(-1)).toMatchObject({ kind: 'fault', fault: { code } })
    expect(kinds(parts)).not.toContain('finish')
    expect(JSON.stringify(parts.at(-1))).not.toContain('acme')
  })

  test('an event that is called an error is one', () => {
    const reader = openaiChat.stream.reader(READ)
    expect(reader.push({ name: 'error', data: '{"message":"no"}' })).toMatchObject([{ kind: 'fault' }])
  })

  test.each([
    '',
    'null',
    '[]',
    '7',
    '{',
    '{"choices":7}',
    '{"choices":[7]}',
    '{"choices":[{"delta":{"tool_calls":[1]}}]}',
  ])('%j is no chunk', (data) =>
    expect(() => read([data])).toThrow(expect.objectContaining({ code: 'upstream_error' })),
  )

  test('events of other kinds mean nothing', () => {
    expect(read([{ object: 'future.event' }, { type: 'ping' }])).toEqual([])
  })

  test('neither choices nor calls grow without end', () => {
    const many = Array.from({ length: 2_000 }, (_, index) => ({ index, delta: { content: 'a' } }))
    expect(() => read([{ choices: many }])).toThrow(expect.objectContaining({ code: 'upstream_error' }))
    const named = Array.from({ length: 2_000 }, (_, at) => ({ id: `c${at}`, function: { name: 'f' } }))
    expect(() => read([calls(...named)])).toThrow(expect.objectContaining({ code: 'upstream_error' }))
  })
})
