import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../json.ts'
import { NO_USAGE } from '../../usage.ts'
import { AnthropicStream } from './passing-stream.ts'

const OPTIONS = {
  inputEstimate: 7,
  eventBytesMax: 100_000,
  spendLimitCodes: ['enforced_limit'],
  find: (bytes: Uint8Array, word: Uint8Array, from: number) => Buffer.from(bytes).indexOf(word, from),
}
const encoder = new TextEncoder()
const decoder = new TextDecoder()

const event = (data: JsonObject & { readonly type: string }) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
const start = (id = 'msg_1', model = 'claude-x') =>
  event({
    type: 'message_start',
    message: {
      id,
      model,
      content: [],
      usage: { input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 1, service_tier: 'priority' },
    },
  })
const open = event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } })
const say = (text: string) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })
const close = event({ type: 'content_block_stop', index: 0 })
const end = event({
  type: 'message_delta',
  delta: { stop_reason: 'end_turn' },
  usage: { output_tokens: 20, cache_read_input_tokens: null },
})
const last = event({ type: 'message_stop' })
const ping = 'event: ping\ndata: {"type": "ping"}\n\n: a comment\n\n'
const failure = (type: string) => event({ type: 'error', error: { type, message: 'our secret account' } })
const stream =
  start() + ping + open + say('event: error\ndata: {"type":"error"} "fallback"') + say('日本🎈') + close + end + last

function run(text: string, cuts: readonly number[]) {
  const reader = new AnthropicStream(OPTIONS)
  const bytes = encoder.encode(text)
  let out = ''
  let from = 0
  for (const size of [...cuts, bytes.length]) {
    const passed = reader.push(bytes.subarray(from, from + size))
    if (passed !== undefined) out += decoder.decode(passed)
    from += size
  }
  const rest = reader.end()
  return { reader, out: rest === undefined ? out : out + decoder.decode(rest) }
}

const cuts = fc.array(fc.integer({ min: 1, max: 80 }))

describe('a stream that passes', () => {
  test.each([
    ['as the vendor frames it', stream],
    ['with CRLF', stream.replaceAll('\n', '\r\n')],
    ['without blanks', stream.replaceAll(/^(event|data): /gm, '$1:')],
    ['without names', stream.replaceAll(/^event: .*\n/gm, '')],
  ])('passes untouched and is read, however it is cut: %s', (_, text) => {
    fc.assert(
      fc.property(cuts, (sizes) => {
        const { reader, out } = run(text, sizes)
        expect(out).toBe(text)
        expect(reader.ending()).toBe('complete')
        expect(reader.done).toBe(true)
        expect(reader.reading()).toEqual({
          model: 'claude-x',
          serviceTier: 'priority',
          usage: { ...NO_USAGE, input: 10, cacheRead: 4, output: 20 },
          source: 'vendor',
        })
      }),
    )
  })

  test('opens with its first content, not with what stands before it', () => {
    const reader = new AnthropicStream(OPTIONS)
    reader.push(encoder.encode(start() + ping))
    expect(reader.opened).toBe(false)
    reader.push(encoder.encode(open))
    expect(reader.opened).toBe(true)
  })

  test('opens without content when more would have to be held than there is room for', () => {
    const reader = new AnthropicStream(OPTIONS)
    reader.push(encoder.encode(start() + ping.repeat(2_000)))
    expect(reader.opened).toBe(true)
  })

  test('that is cut is broken, with its running usage and what we counted', () => {
    const { reader } = run(start() + open + say('a') + say('b'.repeat(400)), [])
    expect(reader.ending()).toBe('broken')
    expect(reader.reading()).toMatchObject({ source: 'running', usage: { input: 10, cacheRead: 4 } })
    expect(reader.reading().usage?.output).toBeGreaterThan(90)
  })

  test('that is cut before its usage counts with our estimate', () => {
    const { reader } = run('', [])
    expect(reader.reading()).toEqual({
      model: null,
      serviceTier: null,
      usage: { ...NO_USAGE, input: 7 },
      source: 'counted',
    })
  })

  test('that is cut in the middle of an event leaves whole ones only, and a blank line', () => {
    expect(run(start() + open + say('a').slice(0, -8), []).out).toBe(start() + open)
    expect(run(start() + open + say('a').slice(0, -2), []).out).toBe(start() + open + say('a'))
  })

  test('without a final blank line is whole', () => {
    const text = stream.slice(0, -2)
    expect(run(text, [])).toMatchObject({ out: text })
    expect(run(text, []).reader.ending()).toBe('complete')
  })

  test('names the model that another one handed over to', () => {
    const handed = event({
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'fallback', from: { model: 'claude-x' }, to: { model: 'claude-y' } },
    })
    expect(run(start() + handed + close + end + last, []).reader.reading().model).toBe('claude-y')
  })

  test('of an event that never ends is given up', () => {
    const reader = new AnthropicStream({ ...OPTIONS, eventBytesMax: 100 })
    expect(() => reader.push(encoder.encode(`data: ${'x'.repeat(200)}`))).toThrow(
      expect.objectContaining({ code: 'upstream_error' }),
    )
  })
})

describe('an error of the vendor', () => {
  test('before the first content is no answer: another target may be tried (trap 31)', () => {
    fc.assert(
      fc.property(cuts, (sizes) => {
        const { reader, out } = run(start() + failure('overloaded_error') + open, sizes)
        expect(reader.openingFault?.code).toBe('overloaded')
        expect(reader.opened).toBe(true)
        expect(out).not.toContain('error')
      }),
    )
  })

  test('behind content is told, and nothing behind it goes on, however it is cut', () => {
    fc.assert(
      fc.property(cuts, (sizes) => {
        const before = start() + open + say('a')
        const { reader, out } = run(before + failure('overloaded_error') + end + last, sizes)
        expect(out.trimEnd()).toBe((before + failure('overloaded_error')).trimEnd())
        expect(reader.ending()).toBe('told')
        expect(reader.done).toBe(false)
      }),
    )
  })

  test.each(['authentication_error', 'billing_error', 'enforced_limit'])(
    'about our account never goes on: %s',
    (type) => {
      const { reader, out } = run(start() + open + failure(type) + last, [])
      expect(out).not.toContain('secret')
      expect(reader.brokenBy).toBeDefined()
      expect(reader.ending()).toBe('broken')
    },
  )

  test('behind the end of the reply changes nothing', () => {
    expect(run(stream + failure('overloaded_error'), []).reader.ending()).toBe('complete')
  })

  test('is also what is no event of this wire, while nothing has come', () => {
    expect(run('data: <html>\n\n', []).reader.openingFault?.code).toBe('upstream_error')
    expect(run('data: {"type":"error","error":{"type":"overloaded_error"}}\n\n', []).reader.openingFault?.code).toBe(
      'overloaded',
    )
  })
})

test('another message behind content ends the reply before it (trap 46); the same one again is passed', () => {
  const before = start() + open + say('a')
  const spliced = run(before + start('msg_2') + open + say('a') + close + end + last, [40, 300])
  expect(spliced.out.trimEnd()).toBe(before.trimEnd())
  expect(spliced.reader.brokenBy?.code).toBe('upstream_error')
  const twice = start() + start() + open + say('a') + close + end + last
  expect(run(twice, [])).toMatchObject({ out: twice })
  expect(run(start() + start('msg_2') + open + close + end + last, []).reader.ending()).toBe('complete')
})
