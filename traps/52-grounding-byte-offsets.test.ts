import { describe, expect, test } from 'vitest'
import { asObject, type JsonObject } from '../core/json.ts'
import { objects } from '../e2e/recordings/json-parts.ts'
import { asks } from './kit/asks.ts'
import { bodyOf, hearStream, hearWhole } from './kit/hear.ts'
import { candidate, says, unnamed } from './kit/says.ts'
import { sent, whole } from './kit/trip.ts'

const PIECES = ['Größe 😀, naß: ', 'Öslo ist 会議 ', 'naß heute.']
const TEXT = PIECES.join('')
/** The second stands twice in the text: only its place tells which one is meant. */
const CITED = ['Öslo ist 会議', 'naß']
const placeOf = (words: string) => TEXT.lastIndexOf(words)
const bytes = (text: string) => new TextEncoder().encode(text).length

/** Gemini counts bytes. */
const segment = (words: string): JsonObject => {
  const startIndex = bytes(TEXT.slice(0, placeOf(words)))
  return { startIndex, endIndex: startIndex + bytes(words), text: words }
}
const GROUNDING = {
  groundingMetadata: {
    groundingChunks: CITED.map((_, index) => ({
      web: { uri: `https://example.com/${index}`, title: `Page ${index}` },
    })),
    groundingSupports: CITED.map((words, index) => ({ segment: segment(words), groundingChunkIndices: [index] })),
  },
}
const END = { finishReason: 'STOP', ...GROUNDING }
const WHOLE = candidate([{ text: TEXT }], END)
const STREAM = unnamed(...PIECES.map((text, index) => candidate([{ text }], index === PIECES.length - 1 ? END : {})))

/** What the client cuts out of its text, as JavaScript counts. */
const cut = (text: string, { start_index: start, end_index: end, url }: JsonObject) => ({
  words: text.slice(Number(start), Number(end)),
  start,
  url,
})
const EXPECTED = CITED.map((words, index) => ({ words, start: placeOf(words), url: `https://example.com/${index}` }))

describe("Gemini's places in bytes become places in the client's own text", () => {
  test('openai-chat', () => {
    const asked = { client: 'openai-chat', vendor: 'gemini', body: asks('openai-chat') } as const
    for (const { text, turn } of [
      hearWhole(sent(asked), WHOLE),
      hearStream(sent({ ...asked, stream: true }), STREAM),
    ]) {
      const citations = objects(turn[0]?.['annotations']).map((one) => asObject(one['url_citation']) ?? {})
      expect(citations.map((one) => cut(text, one))).toEqual(EXPECTED)
    }
  })

  test('openai-responses', () => {
    const asked = { client: 'openai-responses', vendor: 'gemini', body: asks('openai-responses') } as const
    for (const { text, turn } of [
      hearWhole(sent(asked), WHOLE),
      hearStream(sent({ ...asked, stream: true }), STREAM),
    ]) {
      const parts = turn.flatMap(({ content }) => objects(content))
      expect(parts.flatMap(({ annotations }) => objects(annotations)).map((one) => cut(text, one))).toEqual(EXPECTED)
    }
  })

  test('anthropic, which has no places but the words themselves', () => {
    const asked = { client: 'anthropic', vendor: 'gemini', body: asks('anthropic') } as const
    for (const { turn } of [hearWhole(sent(asked), WHOLE), hearStream(sent({ ...asked, stream: true }), STREAM)]) {
      const citations = objects(turn[0]?.['content']).flatMap(({ citations: all }) => objects(all))
      expect(citations.map(({ url }) => url)).toEqual(EXPECTED.map(({ url }) => url))
      expect(JSON.stringify(citations)).not.toContain('�')
    }
  })
})

test('and back: places of OpenAI become bytes for a client of Gemini', () => {
  const annotations = CITED.map((words, index) => {
    const start_index = placeOf(words)
    const place = { start_index, end_index: start_index + words.length }
    return {
      type: 'url_citation',
      url_citation: { ...place, url: `https://example.com/${index}`, title: `Page ${index}` },
    }
  })
  const message = { role: 'assistant', content: TEXT, annotations }
  const reply = { ...says('openai-chat', {}).whole, choices: [{ index: 0, message, finish_reason: 'stop' }] }
  const to = sent({ client: 'gemini', vendor: 'openai-chat', body: asks('gemini') })
  const { text } = hearWhole(to, reply)
  expect(text).toBe(TEXT)
  const found = objects(bodyOf(whole(to, reply))['candidates'])[0]?.['groundingMetadata']
  const segments = objects(asObject(found)?.['groundingSupports']).map((support) => support['segment'])
  expect(segments).toEqual(CITED.map(segment))
})
