import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GeminiStream } from './passing-stream.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const OPTIONS = {
  inputEstimate: 7,
  eventBytesMax: 100_000,
  spendLimitCodes: ['SPEND_CAP'],
  find: (bytes: Uint8Array, word: Uint8Array, from: number) => Buffer.from(bytes).indexOf(word, from),
}

const event = (fields: object) => `data: ${JSON.stringify({ ...fields, modelVersion: 'gem-1' })}\r\n\r\n`
const text = (words: string, tokens: number) =>
  event({
    candidates: [{ content: { parts: [{ text: words }] }, index: 0 }],
    usageMetadata: { promptTokenCount: 12, candidatesTokenCount: tokens, thoughtsTokenCount: 2 },
  })
const last = event({
  candidates: [
    { content: { parts: [{ text: '' }] }, finishReason: 'STOP', groundingMetadata: { webSearchQueries: ['a', 'b'] } },
  ],
  usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 9, serviceTier: 'flex' },
})
const stream = text('one', 1) + text('"finishReason":"STOP" 日本', 4) + last

function run(all: string, cuts: readonly number[] = [], options = OPTIONS) {
  const reader = new GeminiStream(options)
  const bytes = encoder.encode(all)
  const out: Uint8Array[] = []
  let from = 0
  for (const length of [...cuts, bytes.length]) {
    const passed = from < bytes.length ? reader.push(bytes.slice(from, from + length)) : undefined
    if (passed !== undefined) out.push(passed)
    from += length
  }
  const rest = reader.end()
  return { out: decoder.decode(Buffer.concat(rest === undefined ? out : [...out, rest])), reader }
}

const anyCuts = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 60 })

describe('a stream that passes', () => {
  test('goes on byte for byte, and is read the same however it is cut', () => {
    fc.assert(
      fc.property(anyCuts, (cuts) => {
        const { out, reader } = run(stream, cuts)
        expect(out).toBe(stream)
        expect(reader.ending()).toBe('complete')
        expect(reader.reading()).toMatchObject({
          model: 'gem-1',
          serviceTier: 'flex',
          source: 'vendor',
          usage: { input: 12, output: 9, searches: 2 },
        })
      }),
    )
  })

  test.each(['\n', '\r'])('takes lines that end in %j', (newline) => {
    const all = stream.replaceAll('\r\n', newline)
    expect(run(all, [9, 33]).out).toBe(all)
    expect(run(all, [9, 33]).reader.ending()).toBe('complete')
  })

  test('has usage while it runs, of the last event', () => {
    const reader = new GeminiStream(OPTIONS)
    reader.push(encoder.encode(text('a', 1) + text('b', 5)))
    expect(reader.reading()).toMatchObject({ source: 'running', usage: { input: 12, output: 5, reasoning: 2 } })
    expect(reader.ending()).toBe('broken')
  })

  test('without usage is counted by its size', () => {
    const { reader } = run(event({ candidates: [{ content: { parts: [{ text: 'a' }] } }] }))
    expect(reader.reading()).toMatchObject({ source: 'counted', usage: { input: 7 } })
  })

  test('is not finished by a text or an argument that speaks of it', () => {
    const speaking = event({
      candidates: [
        {
          content: {
            parts: [
              { text: '"finishReason":"STOP"' },
              { functionCall: { name: 'f', args: { finishReason: 'STOP', error: 1 } } },
            ],
          },
        },
      ],
    })
    const { reader, out } = run(text('a', 1) + speaking)
    expect(reader.ending()).toBe('broken')
    expect(out).toContain(speaking)
  })

  test('of a refused prompt is complete', () => {
    expect(
      run(event({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 3 } })).reader.ending(),
    ).toBe('complete')
  })

  test('passes comments, and keeps them out of its reading', () => {
    const all = `: keep-alive\r\n\r\n${stream}: more\r\n\r\n`
    expect(run(all)).toMatchObject({ out: all })
    expect(run(': keep-alive\r\n\r\n').reader.opened).toBe(false)
  })

  test('that breaks off in an event ends behind the one before, with a blank line', () => {
    const { out, reader } = run(text('a', 1) + text('b', 2).slice(0, 40))
    expect(out).toBe(text('a', 1))
    expect(reader.ending()).toBe('broken')
    expect(run(text('a', 1).trimEnd()).out).toBe(text('a', 1))
  })

  test('of one endless event is refused', () => {
    const reader = new GeminiStream({ ...OPTIONS, eventBytesMax: 50 })
    expect(() => reader.push(encoder.encode(`data: ${'x'.repeat(100)}`))).toThrow(
      expect.objectContaining({ code: 'upstream_error' }),
    )
  })

  test('that is not of this wire has failed before anything went out', () => {
    const { out, reader } = run('data: nonsense\r\n\r\n')
    expect(out).toBe('')
    expect(reader.openingFault).toMatchObject({ code: 'upstream_error' })
  })
})

describe('an error in a stream', () => {
  const bare = '{\n  "error": {\n    "code": 503,\n    "message": "lost capacity",\n    "status": "UNAVAILABLE"\n  }\n}'
  const framed = event({ error: { code: 503, message: 'lost capacity', status: 'UNAVAILABLE' } })

  test.each([
    ['bare', bare],
    ['in a list', `[${bare}]`],
    ['framed', framed],
  ])('%s goes on to the client as it came, and nothing behind it', (_, error) => {
    fc.assert(
      fc.property(anyCuts, (cuts) => {
        const { out, reader } = run(text('a', 1) + error, cuts)
        expect(out).toBe(text('a', 1) + error)
        expect(reader.ending()).toBe('told')
      }),
    )
    const { out, reader } = run(`${text('a', 1)}${error.trimEnd()}\r\n\r\n${last}`)
    expect(out).toBe(`${text('a', 1)}${error.trimEnd()}\r\n\r\n`)
    expect(reader.ending()).toBe('told')
  })

  test.each([
    [{ code: 503, message: 'busy' }, 'overloaded'],
    [{ code: 429, message: 'slow down' }, 'rate_limited'],
    [{ code: 401, message: 'the key of acme-7' }, 'upstream_auth_failed'],
    [{ code: 429, status: 'SPEND_CAP', message: 'acme-7 owes' }, 'upstream_funds'],
  ])('where the answer should be, %j, lets another target be tried', (error, code) => {
    const { out, reader } = run(event({ error }))
    expect(out).toBe('')
    expect(reader.openingFault).toMatchObject({ code })
    expect(reader.openingFault?.message).not.toContain('acme')
  })

  test('about our account in the middle is cut off', () => {
    fc.assert(
      fc.property(anyCuts, (cuts) => {
        const { out, reader } = run(text('one', 1) + event({ error: { code: 403, message: 'acme-7' } }) + last, cuts)
        expect(out).toBe(text('one', 1))
        expect(reader.brokenBy).toMatchObject({ code: 'upstream_auth_failed' })
        expect(reader.ending()).toBe('broken')
      }),
    )
  })
})

describe('the model that answered', () => {
  const nameless = 'data: {"candidates":[]}\r\n\r\n'

  test('is read from the first event that names it, and no longer looked for behind the eighth', () => {
    expect(run(nameless + stream).reader.reading().model).toBe('gem-1')
    expect(run(nameless.repeat(8) + text('a', 1)).reader.reading().model).toBeNull()
  })
})
