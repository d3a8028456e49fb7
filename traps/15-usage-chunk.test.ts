import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import type { JsonObject } from '../core/json.ts'
import { passingOf } from '../core/wires/passing.ts'
import { asks } from './kit/asks.ts'
import { hearStream } from './kit/hear.ts'
import { chunk, DONE, says, unnamed, usageChunk } from './kit/says.ts'
import { clientsOf, sent, stream } from './kit/trip.ts'

const USAGE = { prompt_tokens: 11, completion_tokens: 3, total_tokens: 14 }
const done = chunk({}, { finish_reason: 'stop' })
const said = [chunk({ role: 'assistant', content: 'Hi' }), chunk({ content: ' there' })]

/** Where vendors of OpenAI's wire put their usage. */
const PLACES: readonly (readonly [where: string, events: string])[] = [
  ['in a last chunk without choices', unnamed(...said, done, usageChunk(USAGE)) + DONE],
  ['beside the end of the choice', unnamed(...said, { ...done, usage: USAGE }) + DONE],
  ['beside the end and again in a last chunk', unnamed(...said, { ...done, usage: USAGE }, usageChunk(USAGE)) + DONE],
  [
    'running, in every chunk',
    unnamed(
      ...said.map((one, index) => ({ ...one, usage: { ...USAGE, completion_tokens: index } })),
      done,
      usageChunk(USAGE),
    ) + DONE,
  ],
  ['of Groq, in its own field', unnamed(...said, { ...done, x_groq: { id: 'req_1', usage: USAGE } }) + DONE],
]

const COUNTS: { readonly [client in WireId]: JsonObject } = {
  'openai-chat': USAGE,
  anthropic: { input_tokens: 11, output_tokens: 3 },
  gemini: { promptTokenCount: 11, candidatesTokenCount: 3, totalTokenCount: 14 },
  'openai-responses': { input_tokens: 11, output_tokens: 3, total_tokens: 14 },
}

describe('usage is neither dropped nor doubled, wherever the vendor puts it', () => {
  describe.each(clientsOf('openai-chat'))('%s', (client) => {
    test.each(PLACES)('%s', (_, events) => {
      const heard = hearStream(sent({ client, vendor: 'openai-chat', body: asks(client), stream: true }), events)
      expect(heard.usage).toMatchObject(COUNTS[client])
      expect(heard.text).toBe('Hi there')
    })
  })
})

describe('an OpenAI client gets the chunk without choices only when it asked for it, and then once', () => {
  const asked = { client: 'openai-chat', vendor: 'anthropic', stream: true } as const
  const { stream: events } = says('anthropic', { text: 'Hi', usage: { input_tokens: 11, output_tokens: 3 } })
  const emptyChunks = (text: string) => text.match(/"choices":\[\]/g)?.length ?? 0

  test('asked', () => {
    const body = { ...asks('openai-chat'), stream_options: { include_usage: true } }
    const to = sent({ ...asked, body })
    expect(hearStream(to, events).usage).toMatchObject(USAGE)
    expect(emptyChunks(stream(to, events).text)).toBe(1)
  })

  test('not asked', () => {
    const to = sent({ ...asked, body: asks('openai-chat') })
    expect(hearStream(to, events).usage).toBeNull()
    expect(emptyChunks(stream(to, events).text)).toBe(0)
  })

  test('a vendor that counts nothing: there is no chunk full of zeros', () => {
    const uncounted = unnamed({
      candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
    })
    const body = { ...asks('openai-chat'), stream_options: { include_usage: true } }
    expect(hearStream(sent({ ...asked, vendor: 'gemini', body }), uncounted).usage).toBeNull()
  })
})

describe('the vendor is always asked for usage, and only one that must be', () => {
  test.each([
    ['openai', { include_usage: true }],
    ['openai-compatible', { include_usage: true }],
    ['mistral', undefined],
  ])('%s', (kind, expected) => {
    const body = asks('anthropic')
    expect(
      sent({ client: 'anthropic', vendor: 'openai-chat', kind, body, stream: true }).body['stream_options'],
    ).toEqual(expected)
    expect(sent({ client: 'anthropic', vendor: 'openai-chat', kind, body }).body).not.toHaveProperty('stream_options')
  })
})

test('on the way through, the chunk that only we asked for is counted and hidden from the client', () => {
  const encoder = new TextEncoder()
  const reader = passingOf['openai-chat'].stream({
    flavour: 'openai',
    endsWithDone: true,
    hideUsage: true,
    inputEstimate: 1,
    eventBytesMax: 1_000_000,
    spendLimitCodes: [],
    find: (bytes, part, from) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(part, from),
  })
  const passed = [unnamed(...said, done, usageChunk(USAGE)), DONE].map((text) => reader.push(encoder.encode(text)))
  const text = passed.map((bytes) => new TextDecoder().decode(bytes)).join('')
  expect(text).toBe(unnamed(...said, done) + DONE)
  expect(reader.reading()).toMatchObject({ usage: { input: 11, output: 3 }, source: 'vendor' })
})
