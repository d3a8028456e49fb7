import { describe, expect, test } from 'vitest'
import { blockParts } from '../../collect.ts'
import { Fault } from '../../fault.ts'
import { asList, asObject, asText, type JsonObject, parseJson } from '../../json.ts'
import type { Part, PartContent } from '../../part.ts'
import { NO_USAGE } from '../../usage.ts'
import type { WriteReply } from '../../wire.ts'
import { openaiResponses as wire } from './index.ts'

const context: WriteReply = {
  requestId: 'r1',
  createdAt: 1_790_000_000,
  inputEstimate: 0,
  usageAsked: false,
  chat: { model: 'asked', stream: true, turns: [], tools: [] },
}
const start: Part = { kind: 'start', id: '', model: 'served' }
const end: Part = { kind: 'end', choice: 0, stop: { reason: 'stop', native: null } }
const finish: Part = { kind: 'finish' }
const block = (number: number, content: PartContent, text: string, more: object = {}): readonly Part[] =>
  blockParts({ choice: 0, block: number }, { content, text, ...more })
const call = (id: string, input: 'function' | 'custom' = 'function'): PartContent => ({
  kind: 'call',
  id,
  name: 'look',
  input,
})

/** The events of a stream; its frames must be as the grammar has them. */
function eventsOf(text: string): readonly JsonObject[] {
  const frames = text.split('\n\n')
  expect(frames.pop()).toBe('')
  return frames.map((frame) => {
    const [, name, data] = /^event: ([^\n]+)\ndata: ([^\n]+)$/.exec(frame) ?? []
    const event = asObject(parseJson(data ?? '')) ?? {}
    expect(event['type']).toBe(name)
    return event
  })
}

const written = (parts: readonly Part[]): readonly JsonObject[] => {
  const writer = wire.stream.writer(context)
  return eventsOf(parts.map((part) => writer.push(part)).join(''))
}
const typesOf = (events: readonly JsonObject[]) => events.map(({ type }) => asText(type)?.replace('response.', ''))
const last = (events: readonly JsonObject[]): JsonObject => asObject(events.at(-1)?.['response']) ?? {}

/** What the official client checks while it follows a stream. */
function grammarFaults(events: readonly JsonObject[]): readonly string[] {
  const faults: string[] = []
  const items: { id: unknown; done: boolean }[] = []
  for (const [at, event] of events.entries()) {
    if (event['sequence_number'] !== at) faults.push(`${at}: sequence_number`)
    const index = event['output_index']
    if (typeof index !== 'number') continue
    const item = asObject(event['item'])
    if (event['type'] === 'response.output_item.added') {
      if (index !== items.length) faults.push(`${at}: item ${index} out of turn`)
      if (items.some(({ id }) => id === item?.['id'])) faults.push(`${at}: id twice`)
      items.push({ id: item?.['id'], done: false })
    }
    const known = items[index]
    if (known === undefined || known.done) faults.push(`${at}: item ${index} is not open`)
    if ('item_id' in event && event['item_id'] !== known?.id) faults.push(`${at}: item_id`)
    if (event['type'] === 'response.output_item.done' && known !== undefined) {
      if (item?.['id'] !== known.id) faults.push(`${at}: another id`)
      known.done = true
    }
  }
  const output = asList(last(events)['output']) ?? []
  if (output.length !== items.length) faults.push('items are missing at the end')
  return faults
}

describe('the events of a stream', () => {
  test('stand in the order of the API', () => {
    const events = written([
      start,
      ...block(0, { kind: 'reasoning' }, 'Hm.'),
      ...block(1, { kind: 'text' }, 'Hi', { citations: [{ url: 'https://example.com' }] }),
      ...block(2, { kind: 'refusal' }, 'No.'),
      ...block(3, call('c1'), '{}'),
      ...block(4, call('c2', 'custom'), 'x'),
      { kind: 'usage', usage: { ...NO_USAGE, input: 3, output: 2 }, serviceTier: null },
      end,
      finish,
    ])
    expect(typesOf(events)).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'reasoning_summary_part.added',
      'reasoning_summary_text.delta',
      'reasoning_summary_text.done',
      'reasoning_summary_part.done',
      'output_item.done',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.annotation.added',
      'output_text.done',
      'content_part.done',
      'content_part.added',
      'refusal.delta',
      'refusal.done',
      'content_part.done',
      'output_item.done',
      'output_item.added',
      'function_call_arguments.delta',
      'function_call_arguments.done',
      'output_item.done',
      'output_item.added',
      'custom_tool_call_input.delta',
      'custom_tool_call_input.done',
      'output_item.done',
      'completed',
    ])
    expect(grammarFaults(events)).toEqual([])
    expect(last(events)).toMatchObject({ status: 'completed', usage: { input_tokens: 3, output_tokens: 2 } })
  })

  test('tell the same response that the whole reply is', () => {
    const parts = [start, ...block(0, { kind: 'text' }, 'Hi'), ...block(1, call('c1'), ''), end, finish]
    expect(last(written(parts))).toEqual(wire.reply.write(parts, context).body)
  })

  test('keep blocks that come interleaved apart', () => {
    const open = (number: number): Part => ({ kind: 'open', choice: 0, block: number, content: call(`c${number}`) })
    const delta = (number: number, text: string): Part => ({ kind: 'delta', choice: 0, block: number, text })
    const close = (number: number): Part => ({ kind: 'close', choice: 0, block: number })
    const parts = [
      open(0),
      open(1),
      delta(1, '{"b'),
      delta(0, '{"a'),
      delta(1, '":1}'),
      delta(0, '":1}'),
      close(1),
      close(0),
    ]
    const events = written([start, ...parts, end, finish])
    expect(grammarFaults(events)).toEqual([])
    expect(last(events)['output']).toMatchObject([
      { call_id: 'c0', arguments: '{"a":1}' },
      { call_id: 'c1', arguments: '{"b":1}' },
    ])
  })

  test('of a thought without text have no summary, and its seal in the end', () => {
    const proof = { wire: 'anthropic', account: 'main', data: 'sig' } as const
    const events = written([start, ...block(0, { kind: 'reasoning' }, '', { proof }), end, finish])
    expect(typesOf(events)).toEqual(['created', 'in_progress', 'output_item.added', 'output_item.done', 'completed'])
    expect(asObject(events[3]?.['item'])?.['encrypted_content']).toMatch(/^sekisho-proof-1\./)
    expect(asObject(events[2]?.['item'])?.['encrypted_content']).toBeUndefined()
  })

  test('of a thought that nobody has signed say so when it is done, unless the vendor speaks this wire too', () => {
    const sealOf = (begin: Part) => {
      const events = written([begin, ...block(0, { kind: 'reasoning', id: 'rs_1' }, 'Hm.'), end, finish])
      const items = events.map(({ item }) => asObject(item)).filter((item) => item !== undefined)
      return items.map((item) => item['encrypted_content'])
    }
    expect(sealOf(start)).toEqual([undefined, 'sekisho-proof-1.openai-chat..'])
    expect(sealOf({ ...start, own: { wire: 'openai-responses', fields: {} } })).toEqual([undefined, undefined])
  })

  test('of a call without arguments make them an empty object, which also comes as a piece', () => {
    const events = written([start, ...block(0, call('c1'), ''), end, finish])
    expect(events.filter(({ type }) => asText(type)?.includes('arguments'))).toMatchObject([
      { delta: '{}' },
      { arguments: '{}' },
    ])
  })

  test('begin even where the vendor did not say so', () => {
    expect(typesOf(written([...block(0, { kind: 'text' }, 'Hi'), end, finish])).slice(0, 3)).toEqual([
      'created',
      'in_progress',
      'output_item.added',
    ])
  })

  test('hold no line break of the text, and any letter survives', () => {
    const text = 'a\n\nevent: x\r\ndata: é日🎈\u2028'
    const events = written([start, ...block(0, { kind: 'text' }, text), end, finish])
    expect(last(events)['output']).toMatchObject([{ content: [{ text }] }])
  })

  test('end without a terminal one when nobody has finished', () => {
    expect(typesOf(written([start, ...block(0, { kind: 'text' }, 'Hi'), end]))).not.toContain('completed')
  })

  test('are kept apart by comments', () => {
    expect(wire.stream.writer(context).keepAlive).toMatch(/^:.*\n\n$/)
  })
})

describe('a stream that breaks', () => {
  const begun = [start, ...block(0, { kind: 'text' }, 'Hi').slice(0, 2)]

  test('ends with the failed response, and with all that has come of it', () => {
    const writer = wire.stream.writer(context)
    const text = begun.map((part) => writer.push(part)).join('') + writer.fault(new Fault('overloaded', 'Busy'))
    const events = eventsOf(text)
    expect(events.at(-1)?.['type']).toBe('response.failed')
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, at) => at))
    expect(last(events)).toMatchObject({
      id: 'resp_r1',
      status: 'failed',
      error: { code: 'overloaded', message: 'Busy' },
      output: [{ type: 'message', status: 'incomplete', content: [{ text: 'Hi' }] }],
    })
    expect(text).not.toContain('[DONE]')
  })

  test('by the vendor’s own error likewise', () => {
    const events = written([...begun, { kind: 'fault', fault: new Fault('rate_limited', 'Slow') }])
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      response: { error: { code: 'rate_limit_exceeded' } },
    })
  })

  test('before it began is one event', () => {
    const events = eventsOf(wire.stream.writer(context).fault(new Fault('overloaded', 'Busy')))
    expect(events).toMatchObject([{ type: 'response.failed', response: { status: 'failed', output: [] } }])
  })
})

describe('an error instead of an answer', () => {
  test('is told as OpenAI tells it, and keeps its kind', () => {
    const fault = new Fault('context_too_long', 'Too long', { field: 'input' })
    const { status, body } = wire.fault.write(fault, 'r1')
    expect({ status, body }).toEqual({
      status: 400,
      body: {
        error: { message: 'Too long', type: 'invalid_request_error', param: 'input', code: 'context_length_exceeded' },
      },
    })
    expect(wire.fault.read(status, body)).toMatchObject({
      code: 'context_too_long',
      message: 'Too long',
      field: 'input',
    })
  })
})
