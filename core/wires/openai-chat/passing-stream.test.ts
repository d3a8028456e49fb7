import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { OpenAiStream } from './passing-stream.ts'

const OPTIONS = {
  flavour: 'openai',
  endsWithDone: true,
  hideUsage: false,
  inputEstimate: 7,
  eventBytesMax: 100_000,
  spendLimitCodes: ['out_of_credit'],
  find: (bytes: Uint8Array, word: Uint8Array, from: number) => Buffer.from(bytes).indexOf(word, from),
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

describe('an error that does not stand in the first place of its event', () => {
  const choices = [{ index: 0, delta: {}, finish_reason: 'error' }]
  const failure = chunk({ error: { message: 'no capacity' }, choices })

  test('is told all the same, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (cuts) => {
        const { out, reader } = run(text('"error"') + failure + finish + usage + DONE, cuts, OPTIONS)
        expect(out).toBe(text('"error"') + failure)
        expect(reader.ending()).toBe('told')
        expect(reader.done).toBe(false)
      }),
    )
  })

  test('is an opening fault where it stands in the first event', () => {
    expect(run(failure, [], OPTIONS).reader.openingFault?.message).toContain('no capacity')
  })

  test.each(['event: error', 'event:error', 'id: 7\nevent: error'])('is also one that is only named so: %s', (line) => {
    const named = `${line}\ndata: {"message":"no capacity"}\n\n`
    expect(run(text('a') + named + DONE, [], OPTIONS)).toMatchObject({ out: text('a') + named })
    expect(run(text('a') + named + DONE, [], OPTIONS).reader.ending()).toBe('told')
  })

  test('leaves alone what only speaks of errors: an empty one, a deeper one, a finish reason, a text', () => {
    const chunks = [
      chunk({ error: null, choices: [{ delta: { content: 'event: error' } }] }),
      chunk({ choices: [{ delta: { error: { message: 'deep' } } }] }),
      chunk({ choices: [{ delta: { content: '{"error":{}}' }, finish_reason: 'error' }] }),
    ].join('')
    const { out, reader } = run(chunks + usage + DONE, [], OPTIONS)
    expect(out).toBe(chunks + usage + DONE)
    expect(reader.ending()).toBe('complete')
  })

  test('keeps the usage that stands in the same event', () => {
    const last = chunk({ error: { message: 'x' }, choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } })
    const { out, reader } = run(text('a') + last, [], { ...OPTIONS, hideUsage: true })
    expect(out).toBe(text('a') + last)
    expect(reader.reading()).toMatchObject({ usage: { input: 5, output: 2 } })
  })
})

describe("an error about the gateway's own account", () => {
  const about = (code: unknown) => chunk({ error: { message: 'account acme-7 owes 12 dollars', code }, choices: [] })

  test.each([
    [401, 'upstream_auth_failed'],
    ['403', 'upstream_auth_failed'],
    ['invalid_api_key', 'upstream_auth_failed'],
    [402, 'upstream_funds'],
    ['out_of_credit', 'upstream_funds'],
  ])('%j, where the answer should be, is %s, without a word of it', (code, fault) => {
    const { out, reader } = run(about(code), [], OPTIONS)
    expect(reader.openingFault).toMatchObject({ code: fault, reason: 'error_in_stream' })
    expect(reader.openingFault?.message).not.toContain('acme')
    expect(out).toBe('')
  })

  test('in the middle of a stream is cut off, however it comes, and nothing behind it goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (cuts) => {
        const { out, reader } = run(text('one') + about(402) + text('two') + finish + usage + DONE, cuts, OPTIONS)
        expect(out).toBe(text('one'))
        expect(reader.brokenBy).toMatchObject({ code: 'upstream_funds' })
        expect(reader.ending()).toBe('broken')
        expect(reader.openingFault).toBeUndefined()
      }),
    )
  })

  test("is not made of an error that is the request's own", () => {
    const { reader } = run(text('a') + about('context_length_exceeded'), [], OPTIONS)
    expect(reader.brokenBy).toBeUndefined()
    expect(reader.ending()).toBe('told')
  })
})

describe('the model that answered', () => {
  const nameless = chunk({ model: '', choices: [], prompt_filter_results: [] })

  test('is read from the first event that names it, behind those that name none', () => {
    expect(run(nameless + stream, [], OPTIONS).reader.reading().model).toBe('gpt-x-2026')
    expect(run(nameless + stream, [nameless.length], OPTIONS).reader.reading().model).toBe('gpt-x-2026')
  })

  test('is not known where no event names it, and no longer looked for behind the eighth', () => {
    expect(run(nameless + DONE, [], OPTIONS).reader.reading().model).toBeNull()
    expect(run(nameless.repeat(7) + stream, [], OPTIONS).reader.reading().model).toBe('gpt-x-2026')
    expect(run(nameless.repeat(8) + stream, [], OPTIONS).reader.reading().model).toBeNull()
  })

  test('is read from an event with lines behind its data, or data of several lines', () => {
    const tail = text('a').replace(/\n\n$/, '\nid: 7\n\n')
    expect(run(tail, [], OPTIONS).reader).toMatchObject({ openingFault: undefined })
    expect(run(tail, [], OPTIONS).reader.reading().model).toBe('gpt-x-2026')
    const lines = 'data: {"model":\ndata: "gpt-y","choices":[]}\n\n'
    expect(run(lines, [], OPTIONS).reader.reading().model).toBe('gpt-y')
  })
})

describe('what a vendor leaves behind when it closes', () => {
  test.each([
    'data: {"choices":[{"del',
    ': ping',
    'event: chunk',
    '{"error":{"message":"x"}}',
    'da',
    'data: [DON',
    'data: ',
  ])('is dropped when it is no whole event: %j', (half) => {
    const { out, reader } = run(text('a') + half, [], OPTIONS)
    expect(out).toBe(text('a'))
    expect(reader.ending()).toBe('broken')
  })

  test('goes on when only its blank line is missing, so that nothing is glued to it', () => {
    const whole = text('b').trimEnd()
    expect(run(text('a') + whole, [], OPTIONS).out).toBe(`${text('a') + whole}\n\n`)
    const last = text('a') + text('b').replaceAll('\n', '\r')
    expect(run(last, [], OPTIONS).out).toBe(`${last}\n\n`)
  })

  test('goes on as it came where it ends the stream', () => {
    expect(run(stream.trimEnd(), [], OPTIONS)).toMatchObject({ out: stream.trimEnd() })
    const bare = (text('a') + finish).trimEnd()
    expect(run(bare, [], { ...OPTIONS, endsWithDone: false })).toMatchObject({ out: bare })
  })

  test('is told when it is an error', () => {
    const error = 'data: {"error":{"message":"no capacity"}}'
    const { out, reader } = run(text('a') + error, [], OPTIONS)
    expect(out).toBe(`${text('a') + error}\n\n`)
    expect(reader.ending()).toBe('told')
  })

  test('loses only its last event where earlier ones had not been let go', () => {
    const first = text('a').replaceAll('\n', '\r')
    expect(run(`${first}data: {"half`, [first.length], OPTIONS).out).toBe(`${first}\n\n`)
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

  test.each([
    ['"finish_reason": "stop"', 'complete'],
    ['"finish_reason" :\t"length"', 'complete'],
    ['"finish_reason": null', 'broken'],
    ['"finish_reason":null,"stop_reason":"x"', 'broken'],
    ['"text":"\\"finish_reason\\":\\"stop\\""', 'broken'],
  ])('is known by its finish reason where no [DONE] comes, however that is written: %s', (field, ending) => {
    const event = `data: {"model":"m","choices":[{"delta":{},${field}}]}\n\n`
    expect(run(text('a') + event, [], { ...OPTIONS, endsWithDone: false }).reader.ending()).toBe(ending)
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
