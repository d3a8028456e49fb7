import { describe, expect, test } from 'vitest'
import { collect } from '../../collect.ts'
import { asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import type { Part } from '../../part.ts'
import { openaiResponses as wire } from './index.ts'
import { READ_REPLY, RESPONSES } from './samples-test-kit.ts'

type Event = JsonObject & { readonly type: string }

function readAll(events: readonly Event[]): readonly Part[] {
  const reader = wire.stream.reader(READ_REPLY)
  const parts = events.flatMap((event) => reader.push({ name: event.type, data: JSON.stringify(event) }))
  return [...parts, ...reader.end()]
}

/** A response as the vendor streams it: each of its items begins empty, comes in pieces of two letters, and is done. */
function streamed(response: JsonObject): readonly Event[] {
  const begun = { ...response, status: 'in_progress', output: [], usage: null }
  const items = asList(response['output']) ?? []
  return [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...items.flatMap((item, index) => itemEvents(asObject(item) ?? {}, index)),
    { type: `response.${asText(response['status'])}`, response },
  ]
}

function itemEvents(item: JsonObject, output_index: number): readonly Event[] {
  const at = { output_index, item_id: item['id'] ?? '' }
  const bare = { ...item, status: 'in_progress', ...EMPTY[asText(item['type']) ?? ''] }
  return [
    { type: 'response.output_item.added', output_index, item: bare },
    ...pieceEvents(item).map((event) => ({ ...at, ...event })),
    { type: 'response.output_item.done', output_index, item },
  ]
}

const EMPTY: { readonly [type: string]: JsonObject } = {
  message: { content: [] },
  reasoning: { summary: [], encrypted_content: 'not the final one' },
  function_call: { arguments: '' },
  custom_tool_call: { input: '' },
}

function pieceEvents(item: JsonObject): readonly Event[] {
  const list = (key: string) => (asList(item[key]) ?? []).map((part) => asObject(part) ?? {})
  switch (asText(item['type']) ?? '') {
    case 'message':
      return list('content').flatMap((part, content_index) => [
        { type: 'response.content_part.added', content_index, part: { ...part, text: '' } },
        ...(part['type'] === 'output_text'
          ? deltas('response.output_text.delta', part['text'], { content_index })
          : []),
        ...(part['type'] === 'refusal' ? deltas('response.refusal.delta', part['refusal'], { content_index }) : []),
      ])
    case 'reasoning':
      return [
        ...list('summary').flatMap(({ text }, summary_index) =>
          deltas('response.reasoning_summary_text.delta', text, { summary_index }),
        ),
        ...list('content').flatMap(({ text }, content_index) =>
          deltas('response.reasoning_text.delta', text, { content_index }),
        ),
      ]
    case 'function_call':
      return deltas('response.function_call_arguments.delta', item['arguments'])
    case 'custom_tool_call':
      return deltas('response.custom_tool_call_input.delta', item['input'])
    default:
      return []
  }
}

const deltas = (type: string, text: Json | undefined, at: JsonObject = {}): readonly Event[] =>
  (asText(text)?.match(/[^]{1,2}/g) ?? []).map((delta) => ({ type, ...at, delta }))

const FINISHED = Object.entries(RESPONSES).filter(([, { status }]) => status !== 'failed')
const whole = (response: JsonObject) => collect(wire.reply.read(response, READ_REPLY))
const response = RESPONSES['a text'] ?? {}
const created: Event = { type: 'response.created', response: { ...response, output: [] } }
const textAdded: Event = {
  type: 'response.output_item.added',
  output_index: 0,
  item: { id: 'msg_1', type: 'message', content: [] },
}
const delta = (text: string, more: JsonObject = {}): Event => ({
  type: 'response.output_text.delta',
  output_index: 0,
  content_index: 0,
  item_id: 'msg_1',
  delta: text,
  ...more,
})

describe('a stream means what its response means whole', () => {
  test.each(FINISHED)('%s', (_, body) => {
    expect(collect(readAll(streamed(body)))).toEqual(whole(body))
  })

  test.each(FINISHED)('without any piece: %s', (_, body) => {
    const events = streamed(body).filter(({ type }) => !type.endsWith('.delta') && !type.endsWith('part.added'))
    expect(collect(readAll(events))).toEqual(whole(body))
  })

  test.each(FINISHED)('without anything but its last event: %s', (_, body) => {
    expect(collect(readAll(streamed(body).slice(-1)))).toEqual(whole(body))
  })

  test.each(FINISHED)('with ids that change from event to event: %s', (_, body) => {
    const events = streamed(body).map((event, at) => ('item_id' in event ? { ...event, item_id: `x${at}` } : event))
    expect(collect(readAll(events))).toEqual(whole(body))
  })

  test.each(FINISHED)('with its items interleaved: %s', (_, body) => {
    const events = streamed(body)
    const [head, items, tail] = [events.slice(0, 2), events.slice(2, -1), events.slice(-1)]
    const byItem = Object.values(Object.groupBy(items, ({ output_index }) => JSON.stringify(output_index))).map(
      (one) => one ?? [],
    )
    const longest = Math.max(0, ...byItem.map(({ length }) => length))
    const mixed = Array.from({ length: longest }, (_, at) => byItem.flatMap((one) => one.slice(at, at + 1))).flat()
    const { choices, ...rest } = collect(readAll([...head, ...mixed, ...tail]))
    const { choices: expected, ...restOfWhole } = whole(body)
    const sorted = (blocks: readonly object[] = []) => blocks.map((block) => JSON.stringify(block)).toSorted()
    expect(sorted(choices[0]?.blocks)).toEqual(sorted(expected[0]?.blocks))
    expect(rest).toEqual(restOfWhole)
  })
})

describe('pieces', () => {
  test('are told at once, and the rest with the whole', () => {
    const reader = wire.stream.reader(READ_REPLY)
    const push = (event: Event) => reader.push({ name: undefined, data: JSON.stringify(event) })
    push(created)
    push(textAdded)
    expect(push(delta('Hel'))).toEqual([
      { kind: 'open', choice: 0, block: 0, content: { kind: 'text' } },
      { kind: 'delta', choice: 0, block: 0, text: 'Hel' },
    ])
    const done = { type: 'response.output_text.done', output_index: 0, content_index: 0, text: 'Hello' }
    expect(push(done)).toEqual([{ kind: 'delta', choice: 0, block: 0, text: 'lo' }])
    expect(
      push({ type: 'response.output_item.done', output_index: 0, item: asList(response['output'])?.[0] ?? {} }),
    ).toMatchObject([{ kind: 'close', block: 0 }])
  })

  test('a call opens with its name, and one without waits until it is whole', () => {
    const item = { type: 'function_call', call_id: 'c', name: 'look', arguments: '{}' }
    const named = readAll([
      created,
      { type: 'response.output_item.added', output_index: 0, item: { ...item, arguments: '' } },
    ])
    expect(named.at(-1)).toEqual({
      kind: 'open',
      choice: 0,
      block: 0,
      content: { kind: 'call', id: 'c', name: 'look', input: 'function' },
    })
    const late = readAll([
      created,
      { type: 'response.output_item.added', output_index: 0, item: { type: 'function_call' } },
      { type: 'response.function_call_arguments.delta', output_index: 0, delta: '{}' },
      { type: 'response.output_item.done', output_index: 0, item },
    ])
    expect(late.slice(1)).toMatchObject([{ kind: 'open' }, { kind: 'delta', text: '{}' }, { kind: 'close' }])
  })

  test('a source is told once', () => {
    const annotation = { type: 'url_citation', url: 'https://example.com', title: 'E', start_index: 0, end_index: 4 }
    const content = [{ type: 'output_text', text: 'Oslo', annotations: [annotation] }]
    const parts = readAll([
      created,
      textAdded,
      delta('Oslo'),
      {
        type: 'response.output_text.annotation.added',
        output_index: 0,
        content_index: 0,
        annotation_index: 0,
        annotation,
      },
      { type: 'response.output_item.done', output_index: 0, item: { type: 'message', role: 'assistant', content } },
    ])
    expect(parts.filter(({ kind }) => kind === 'cite')).toHaveLength(1)
  })

  test('of an item that is whole say nothing new', () => {
    const item = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] }
    const done: Event = { type: 'response.output_item.done', output_index: 0, item }
    const late: Event = { type: 'response.output_text.done', output_index: 0, content_index: 0, text: 'Hi' }
    expect(readAll([created, done, late, delta('Hi'), done])).toEqual(readAll([created, done]))
  })

  test('of items under the same index are told apart', () => {
    const call = (name: string) => ({ type: 'function_call', call_id: name, name, arguments: '{}' })
    const events = ['a', 'b'].flatMap((name): readonly Event[] => [
      { type: 'response.output_item.added', output_index: 0, item: { ...call(name), arguments: '' } },
      { type: 'response.output_item.done', output_index: 0, item: call(name) },
    ])
    const completed: Event = { type: 'response.completed', response: { ...response, output: [call('a'), call('b')] } }
    expect(collect(readAll([created, ...events, completed]))).toEqual(
      whole({ ...response, output: [call('a'), call('b')] }),
    )
  })

  test('of an item that no event told come with the last one', () => {
    const call = { type: 'function_call', call_id: 'c', name: 'look', arguments: '{}' }
    const item = asList(response['output'])?.[0] ?? {}
    const body = { ...response, output: [item, call] }
    const parts = readAll([
      created,
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: body },
    ])
    expect(collect(parts)).toEqual(whole(body))
  })

  test('items that nobody finished end with the answer', () => {
    const parts = readAll([
      created,
      textAdded,
      delta('Hel'),
      { type: 'response.incomplete', response: { ...response, output: [] } },
    ])
    expect(parts.map(({ kind }) => kind)).toEqual(['start', 'open', 'delta', 'close', 'usage', 'end', 'finish'])
  })
})

describe('the end', () => {
  test('is the terminal event and nothing else', () => {
    const events = streamed(response)
    for (let length = 0; length < events.length; length++) {
      expect(readAll(events.slice(0, length)).map(({ kind }) => kind)).not.toContain('finish')
    }
    const reader = wire.stream.reader(READ_REPLY)
    expect(reader.push({ name: undefined, data: '[DONE]' })).toEqual([])
    expect(reader.end()).toEqual([])
  })

  test('is the end: nothing that comes behind it counts', () => {
    const parts = readAll([...streamed(response), delta('more'), ...streamed(response)])
    expect(parts.at(-1)?.kind).toBe('finish')
    expect(parts.filter(({ kind }) => kind === 'finish')).toHaveLength(1)
  })

  test.each<readonly [string, Event]>([
    [
      'response.failed',
      {
        type: 'response.failed',
        response: { ...response, status: 'failed', error: { code: 'server_error', message: 'Sorry' } },
      },
    ],
    ['a flat error event', { type: 'error', code: 'server_error', message: 'Sorry', param: null, sequence_number: 3 }],
    ['an error event with an object', { type: 'error', error: { code: 'server_error', message: 'Sorry' } }],
  ])('is a fault after %s, and nothing follows', (_, event) => {
    const parts = readAll([created, textAdded, delta('Hel'), event, ...streamed(response)])
    expect(parts.at(-1)).toMatchObject({
      kind: 'fault',
      fault: { code: 'upstream_error', message: expect.stringContaining('Sorry') },
    })
  })

  test('leaves open what a failure cut off, because half a call is none', () => {
    const item = { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'look', arguments: '' }
    const cut = { ...item, arguments: '{"at":' }
    const parts = readAll([
      created,
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.function_call_arguments.delta', output_index: 0, delta: '{"at":' },
      { type: 'response.failed', response: { ...response, status: 'failed', error: { code: 'x' }, output: [cut] } },
    ])
    expect(parts.map(({ kind }) => kind)).not.toContain('close')
    expect(parts.at(-1)?.kind).toBe('fault')
  })

  test('is told without the vendor’s words where it is about our own account', () => {
    const event = { type: 'error', error: { code: 'insufficient_quota', message: 'account acct-7' } }
    expect(readAll([created, event]).at(-1)).toMatchObject({ fault: { code: 'upstream_funds' } })
    expect(JSON.stringify(readAll([created, event]))).not.toContain('acct-7')
  })

  test('is understood from a bare error without a type', () => {
    const reader = wire.stream.reader(READ_REPLY)
    const data = JSON.stringify({ error: { code: 'rate_limit_exceeded', message: 'Slow down' } })
    expect(reader.push({ name: undefined, data })).toMatchObject([{ kind: 'fault', fault: { code: 'rate_limited' } }])
  })
})

describe('what a vendor may send', () => {
  test('events that nobody knows mean nothing, and names stand in for types', () => {
    const unknown = [{ type: 'response.moon.phase', phase: 'full' }, { type: 'keepalive' }]
    expect(readAll([created, ...unknown])).toEqual(readAll([created]))
    const reader = wire.stream.reader(READ_REPLY)
    expect(reader.push({ name: 'response.created', data: JSON.stringify({ response }) })).toMatchObject([
      { kind: 'start' },
    ])
    expect(reader.push({ name: undefined, data: '{}' })).toEqual([])
  })

  test.each<readonly [string, string]>([
    ['no JSON', 'nonsense'],
    ['a list', '[]'],
    ['an event of another API', '{"object":"chat.completion.chunk","choices":[]}'],
    ['a response that is none', '{"type":"response.created","response":7}'],
    ['an item that is none', '{"type":"response.output_item.added","output_index":0}'],
    ['no index', '{"type":"response.output_text.delta","content_index":0,"delta":"x"}'],
    ['a negative index', '{"type":"response.output_item.added","output_index":-1,"item":{}}'],
    ['a piece that is no text', '{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":7}'],
    ['a broken item', '{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call"}}'],
    [
      'an endless thought',
      '{"type":"response.reasoning_text.delta","output_index":0,"content_index":9999999,"delta":"x"}',
    ],
  ])('%s is the vendor’s fault', (_, data) => {
    const reader = wire.stream.reader(READ_REPLY)
    expect(() => reader.push({ name: undefined, data })).toThrow(expect.objectContaining({ code: 'upstream_error' }))
  })

  test('more items than any answer has are refused', () => {
    const reader = wire.stream.reader(READ_REPLY)
    const add = (output_index: number) =>
      reader.push({
        name: undefined,
        data: JSON.stringify({ type: 'response.output_item.added', output_index, item: {} }),
      })
    for (let index = 0; index < 10_000; index++) add(index)
    expect(() => add(10_000)).toThrow(expect.objectContaining({ code: 'upstream_error' }))
  })
})

test('a whole text that does not go on from its pieces is not put behind them', () => {
  const at = { output_index: 0, content_index: 0, item_id: 'msg_1' }
  const message = { type: 'message', id: 'msg_1', role: 'assistant', status: 'in_progress', content: [] }
  const parts = readAll([
    { type: 'response.created', response: { id: 'resp_1', model: 'm', status: 'in_progress', output: [] } },
    { type: 'response.output_item.added', output_index: 0, item: message },
    { type: 'response.output_text.delta', ...at, delta: 'AB' },
    { type: 'response.output_text.done', ...at, text: 'AxByC' },
  ])
  expect(parts.flatMap((part) => (part.kind === 'delta' ? [part.text] : []))).toEqual(['AB'])
})
