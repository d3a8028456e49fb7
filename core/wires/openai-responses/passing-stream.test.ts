import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../json.ts'
import { NO_USAGE } from '../../usage.ts'
import { ResponsesStream } from './passing-stream.ts'

const options: ConstructorParameters<typeof ResponsesStream>[0] = {
  flavour: 'openai',
  endsWithDone: false,
  inputEstimate: 12,
  eventBytesMax: 10_000,
  spendLimitCodes: ['insufficient_quota'],
}
const usage = { input_tokens: 10, input_tokens_details: { cached_tokens: 4 }, output_tokens: 7, total_tokens: 17 }
const response = (more: JsonObject = {}): JsonObject => ({ id: 'resp_1', model: 'served', error: null, ...more })

const named = (type: string, fields: JsonObject = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
const typed = (type: string, fields: JsonObject = {}): string => `data: ${JSON.stringify({ type, ...fields })}\n\n`
const late = (type: string, fields: JsonObject = {}): string =>
  `data: ${JSON.stringify({ sequence_number: 1, ...fields, type })}\n\n`
const WAYS = { named, typed, late }

const begun = (frame: typeof named): string =>
  frame('response.created', { response: response() }) + frame('response.in_progress', { response: response() })
const said = (frame: typeof named): string =>
  frame('response.output_item.added', { output_index: 0, item: { type: 'message' } }) +
  frame('response.output_text.delta', { output_index: 0, delta: 'An error: "response.completed" failed, é日🎈' }) +
  frame('response.output_item.done', { output_index: 0, item: { type: 'message', status: 'completed' } })
const completed = (frame: typeof named, more: JsonObject = {}): string =>
  frame('response.completed', { response: response({ status: 'completed', usage, service_tier: 'flex', ...more }) })

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Everything that went on to the client. */
function passed(reader: ResponsesStream, chunks: readonly string[] | readonly Uint8Array[]): string {
  const out: Uint8Array[] = []
  for (const chunk of chunks) {
    const bytes = reader.push(typeof chunk === 'string' ? encoder.encode(chunk) : chunk)
    if (bytes !== undefined) out.push(bytes.slice())
  }
  const rest = reader.end()
  if (rest !== undefined) out.push(rest)
  return decoder.decode(Uint8Array.from(out.flatMap((bytes) => [...bytes])))
}

describe.each(Object.entries(WAYS))('a stream whose events are %s', (_, frame) => {
  const text = begun(frame) + said(frame) + completed(frame)

  test('passes untouched, however it is cut, and is read', () => {
    const bytes = encoder.encode(text)
    for (const size of [1, 2, 3, 7, 64, 1_000, bytes.length]) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.slice(at * size, (at + 1) * size),
      )
      const reader = new ResponsesStream(options)
      expect(passed(reader, chunks)).toBe(text)
      expect(reader.ending()).toBe('complete')
      expect(reader.done).toBe(true)
      expect(reader.reading()).toEqual({
        model: 'served',
        serviceTier: 'flex',
        usage: { ...NO_USAGE, input: 6, cacheRead: 4, output: 7 },
        source: 'vendor',
        replyId: 'resp_1',
      })
    }
  })

  test('is broken until its terminal event has come', () => {
    const reader = new ResponsesStream(options)
    passed(reader, [begun(frame) + said(frame)])
    expect(reader.ending()).toBe('broken')
    expect(reader.reading()).toMatchObject({ model: 'served', source: 'counted', usage: { input: 12 } })
    expect(reader.reading().usage?.output).toBeGreaterThan(0)
  })

  test('opens with its first content', () => {
    const reader = new ResponsesStream(options)
    reader.push(encoder.encode(begun(frame)))
    expect(reader.opened).toBe(false)
    reader.push(encoder.encode(said(frame)))
    expect(reader.opened).toBe(true)
  })

  test.each<readonly [string, (frame: typeof named) => string]>([
    [
      'response.failed',
      (how) =>
        how('response.failed', {
          response: response({ status: 'failed', error: { code: 'server_error', message: 'Sorry' } }),
        }),
    ],
    ['error', (how) => how('error', { code: 'server_error', message: 'Sorry' })],
  ])('that fails before its content lets another target be tried: %s', (_, failing) => {
    const reader = new ResponsesStream(options)
    expect(passed(reader, [begun(frame), failing(frame), completed(frame)])).toBe(begun(frame))
    expect(reader.openingFault).toMatchObject({ code: 'upstream_error', message: expect.stringContaining('Sorry') })
  })

  test('that fails later tells the client so, and nothing behind it', () => {
    const failing = frame('response.failed', {
      response: response({ usage, error: { code: 'server_error', message: 'Sorry' } }),
    })
    const reader = new ResponsesStream(options)
    expect(passed(reader, [begun(frame) + said(frame) + failing + completed(frame)])).toBe(
      begun(frame) + said(frame) + failing,
    )
    expect(reader.ending()).toBe('told')
    expect(reader.reading()).toMatchObject({ source: 'vendor', usage: { output: 7 } })
  })

  test('that fails for our account is cut before it says so', () => {
    const failing = frame('error', { code: 'insufficient_quota', message: 'acct-7' })
    const reader = new ResponsesStream(options)
    expect(passed(reader, [begun(frame) + said(frame) + failing])).toBe(begun(frame) + said(frame))
    expect(reader.brokenBy).toMatchObject({ code: 'upstream_funds' })
    expect(reader.ending()).toBe('broken')
  })
})

describe('the end of a stream', () => {
  test.each<readonly [string, Json]>([
    ['response.incomplete', { reason: 'max_output_tokens' }],
    ['response.failed', null],
  ])('may be %s: a limit, or a prompt that was refused', (type, incomplete_details) => {
    const error = type === 'response.failed' ? { code: 'invalid_prompt', message: 'No.' } : null
    const text = begun(named) + named(type, { response: response({ usage, error, incomplete_details }) })
    const reader = new ResponsesStream(options)
    expect(passed(reader, [text])).toBe(text)
    expect(reader.ending()).toBe('complete')
  })

  test('of a vendor that sends [DONE] passes with it, and counts without', () => {
    const text = begun(named) + said(named) + completed(named)
    const withDone = new ResponsesStream({ ...options, endsWithDone: true })
    expect(passed(withDone, [text, 'data: [DONE]\n\n'])).toBe(`${text}data: [DONE]\n\n`)
    expect(withDone.done).toBe(true)
    const without = new ResponsesStream({ ...options, endsWithDone: true })
    passed(without, [text])
    expect(without.ending()).toBe('complete')
  })

  test('may lack its blank line, but half an event never goes out', () => {
    const text = begun(named) + said(named) + completed(named)
    const reader = new ResponsesStream(options)
    expect(passed(reader, [text.trimEnd()])).toBe(text.trimEnd())
    expect(reader.ending()).toBe('complete')
    const cut = new ResponsesStream(options)
    const whole = begun(named) + said(named)
    expect(passed(cut, [whole + completed(named).slice(0, -20)]).trimEnd()).toBe(whole.trimEnd())
    expect(cut.ending()).toBe('broken')
  })

  test('with lines that end in CRLF is found as well', () => {
    const text = (begun(named) + said(named) + completed(named)).replaceAll('\n', '\r\n')
    const reader = new ResponsesStream(options)
    expect(passed(reader, [text])).toBe(text)
    expect(reader.ending()).toBe('complete')
  })
})

describe('what is no stream of this wire', () => {
  test('is another target’s chance', () => {
    const reader = new ResponsesStream(options)
    expect(passed(reader, ['data: nonsense\n\n'])).toBe('')
    expect(reader.openingFault).toMatchObject({ code: 'upstream_error' })
  })

  test('is a bare error', () => {
    const reader = new ResponsesStream(options)
    passed(reader, ['data: {"error":{"code":"rate_limit_exceeded","message":"Slow"}}\n\n'])
    expect(reader.openingFault).toMatchObject({ code: 'rate_limited' })
  })

  test('is an event that never ends', () => {
    const reader = new ResponsesStream(options)
    expect(() => reader.push(encoder.encode(`data: ${'x'.repeat(20_000)}`))).toThrow(
      expect.objectContaining({ code: 'upstream_error' }),
    )
  })

  test('comments and unknown events pass, and say nothing', () => {
    const noise = ': ping\n\nevent: keepalive\ndata: {"type":"keepalive"}\n\n'
    const reader = new ResponsesStream(options)
    expect(passed(reader, [noise])).toBe(noise)
    expect(reader.opened).toBe(false)
    expect(reader.ending()).toBe('broken')
  })

  test('a long beginning is not held for ever', () => {
    const reader = new ResponsesStream({ ...options, eventBytesMax: 100_000 })
    const instructions = 'x'.repeat(40_000)
    reader.push(encoder.encode(named('response.created', { response: response({ instructions }) })))
    expect(reader.opened).toBe(true)
  })
})
