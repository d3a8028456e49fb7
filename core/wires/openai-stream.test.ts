import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findBytes } from '../bytes.ts'
import { OpenAiStream } from './openai-stream.ts'

const OPTIONS = {
  flavour: 'openai',
  endsWithDone: true,
  hideUsage: false,
  inputEstimate: 7,
  eventBytesMax: 100_000,
  find: findBytes,
} as const
const encoder = new TextEncoder()
const decoder = new TextDecoder()

const chunk = (fields: object) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', model: 'gpt-x-2026', ...fields })}\n\n`
const text = (content: string) =>
  chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null })
const finish = chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null })
const usage = chunk({
  choices: [],
  service_tier: 'priority',
  usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15, prompt_tokens_details: { cached_tokens: 4 } },
})
const DONE = 'data: [DONE]\n\n'
const stream = text('one') + text(' prompt_tokens') + text(' 日本') + finish + usage + DONE

describe('a stream in which the vendor reports an error', () => {
  const failure = 'data: {"error":{"message":"out of memory"}}\n\n'

  test('ends with it, however it is cut: what stands behind it, [DONE] too, never goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (cuts) => {
        const { out, reader } = run(text('one') + failure + finish + usage + DONE, cuts, OPTIONS)
        expect(out).toBe(text('one') + failure)
        expect(reader.ending()).toBe('told')
        expect(reader.done).toBe(false)
      }),
    )
  })

  test('is one only where there is an error: some vendors send an empty one with every chunk', () => {
    const empty = stream.replaceAll('data: {', 'data: {"error":null,')
    const { out, reader } = run(empty, [50, 51], OPTIONS)
    expect(out).toBe(empty)
    expect(reader.ending()).toBe('complete')
  })
})

describe('a stream that finished', () => {
  test('goes on byte for byte, with its usage, model and tier read, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (cuts) => {
        const { out, reader } = run(stream, cuts, OPTIONS)
        expect(out).toBe(stream)
        expect(reader.ending()).toBe('complete')
        expect(reader.reading()).toMatchObject({
          model: 'gpt-x-2026',
          serviceTier: 'priority',
          source: 'vendor',
          usage: { input: 8, cacheRead: 4, output: 3 },
        })
      }),
    )
  })

  test('keeps the usage chunk from a client that did not ask, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (cuts) => {
        const { out, reader } = run(stream, cuts, { ...OPTIONS, hideUsage: true })
        expect(out).toBe(stream.replace(usage, ''))
        expect(reader.reading().usage?.output).toBe(3)
      }),
    )
  })

  test('is read the same with CRLF, comments, and event names', () => {
    const dressed = `: PROCESSING\r\n\r\n${stream.replaceAll('data: {', 'event: chunk\ndata: {').replaceAll('\n', '\r\n')}`
    const { out, reader } = run(dressed, [50, 51, 1, 1], { ...OPTIONS, hideUsage: true })
    expect(out).not.toContain('"choices":[]')
    expect(reader.ending()).toBe('complete')
    expect(reader.reading().model).toBe('gpt-x-2026')
  })

  test('is finished without a last blank line, and without [DONE] where the vendor sends none', () => {
    expect(run(stream.slice(0, -2), [], OPTIONS).reader.ending()).toBe('complete')
    const without = stream.replace(DONE, '')
    expect(run(without, [], OPTIONS).reader.ending()).toBe('broken')
    expect(run(without, [], { ...OPTIONS, endsWithDone: false }).reader.ending()).toBe('complete')
  })
})

describe('a stream that did not finish', () => {
  test('is broken wherever it was cut before its terminal', () => {
    for (let length = 0; length < stream.length - DONE.length; length += 7) {
      expect(run(stream.slice(0, length), [], OPTIONS).reader.ending()).toBe('broken')
    }
  })

  test('is booked by our own count, about a token for four characters', () => {
    const words = Array.from({ length: 50 }, () => text(' four'))
    const { reader } = run(words.join(''), [], OPTIONS)
    expect(reader.reading()).toMatchObject({ source: 'counted', usage: { input: 7, output: 50 } })
  })

  test('takes the running figure of a vendor that sends one with every chunk', () => {
    const running = chunk({
      choices: [{ delta: { content: 'a' } }],
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    })
    expect(run(running, [], OPTIONS).reader.reading()).toMatchObject({
      source: 'running',
      usage: { input: 5, output: 2 },
    })
  })
})

describe('an error inside a stream', () => {
  const error = 'data: {"error":{"message":"no capacity","code":"overloaded"}}\n\n'

  test('is told before anything went out when it stands first', () => {
    expect(run(error, [], OPTIONS).reader.openingFault?.message).toContain('no capacity')
    expect(run('data: <html>\n\n', [], OPTIONS).reader.openingFault?.code).toBe('upstream_error')
  })

  test('goes through once when it stands later, and is known as told', () => {
    const { out, reader } = run(text('a') + error, [], OPTIONS)
    expect(out).toBe(text('a') + error)
    expect(reader.ending()).toBe('told')
    expect(run(text('a') + `event: error\n${error}`, [], OPTIONS).reader.ending()).toBe('told')
  })

  test('an event without an end is refused at its limit, not collected', () => {
    const reader = new OpenAiStream({ ...OPTIONS, eventBytesMax: 1_000 })
    expect(() => {
      for (let count = 0; count < 100; count++) reader.push(new Uint8Array(100).fill(0x61))
    }).toThrow('too large')
  })
})

function run(
  input: string,
  cuts: readonly number[],
  options: typeof OPTIONS | object,
): { out: string; reader: OpenAiStream } {
  const reader = new OpenAiStream({ ...OPTIONS, ...options })
  const bytes = encoder.encode(input)
  const out: Uint8Array[] = []
  let from = 0
  for (const length of [...cuts, bytes.length]) {
    const passed = reader.push(bytes.subarray(from, from + length))
    if (passed !== undefined) out.push(passed)
    from = Math.min(from + length, bytes.length)
  }
  const rest = reader.end()
  if (rest !== undefined) out.push(rest)
  return { out: out.map((part) => decoder.decode(part)).join(''), reader }
}
