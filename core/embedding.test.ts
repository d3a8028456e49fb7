import { describe, expect, test } from 'vitest'
import { type EmbedAsked, EmbedReader, type EmbedWire, readEmbed, writeEmbed } from './embedding.ts'
import { Fault } from './fault.ts'
import type { JsonObject } from './json.ts'

const VECTOR = [0.5, -0.25]
const BASE64 = Buffer.from(new Float32Array(VECTOR).buffer).toString('base64')
const openAi = (embedding: string | readonly number[]): JsonObject => ({
  object: 'list',
  model: 'm',
  data: [{ object: 'embedding', index: 0, embedding: typeof embedding === 'string' ? embedding : [...embedding] }],
  usage: { prompt_tokens: 2, total_tokens: 2 },
})

const askedOf = (wire: EmbedWire, batch = false): EmbedAsked => ({ wire, model: 'm', batch })

/** What the client of `asked` gets of a reply. */
function answer(
  reply: JsonObject | string,
  options: { asked: EmbedAsked; vendor: EmbedWire; encoding?: 'float' | 'base64' },
) {
  const { asked, vendor, encoding = 'float' } = options
  const request = { model: 'm', inputs: ['x'], encoding }
  const reader = new EmbedReader({ asked, vendor, request, spendLimitCodes: ['no_money'], replyBytesMax: 10_000 })
  const sent = typeof reply === 'string' ? reply : JSON.stringify(reply)
  const bytes = new TextEncoder().encode(sent)
  reader.push(bytes.subarray(0, 5))
  reader.push(bytes.subarray(5))
  const out = reader.end()
  return { reader, sent, text: out === undefined ? undefined : new TextDecoder().decode(out) }
}

describe('vectors', () => {
  test.each([
    ['float', VECTOR],
    ['base64', BASE64],
  ] as const)('that come as asked (%s) go out as they came', (encoding, sent) => {
    const {
      text,
      sent: body,
      reader,
    } = answer(openAi(sent), { asked: askedOf('openai-chat'), vendor: 'openai-chat', encoding })
    expect(text).toBe(body)
    expect(reader.ending()).toBe('complete')
    expect(reader.reading()).toMatchObject({ model: 'm', usage: { input: 2 }, source: 'vendor' })
  })

  test.each([
    ['float', BASE64, VECTOR],
    ['base64', VECTOR, BASE64],
  ] as const)('are given as %s whatever the vendor sends', (encoding, sent, expected) => {
    const { text = '' } = answer(openAi(sent), { asked: askedOf('openai-chat'), vendor: 'openai-chat', encoding })
    expect(JSON.parse(text)).toMatchObject({ data: [{ index: 0, embedding: expected }], usage: { total_tokens: 2 } })
  })

  test('of Gemini are there for OpenAI clients, and the reverse', () => {
    const gemini = { embeddings: [{ values: VECTOR }] }
    expect(JSON.parse(answer(gemini, { asked: askedOf('openai-chat'), vendor: 'gemini' }).text ?? '')).toMatchObject({
      object: 'list',
      data: [{ embedding: VECTOR }],
    })
    const one = answer(openAi(BASE64), { asked: askedOf('gemini'), vendor: 'openai-chat' })
    expect(JSON.parse(one.text ?? '')).toEqual({ embedding: { values: VECTOR } })
    const batch = answer(openAi(VECTOR), { asked: askedOf('gemini', true), vendor: 'openai-chat' })
    expect(JSON.parse(batch.text ?? '')).toEqual({ embeddings: [{ values: VECTOR }] })
  })

  test("that are none are the client's to judge in its own wire, and the vendor's error in another", () => {
    const odd = { data: 'odd' }
    const same = answer(odd, { asked: askedOf('openai-chat'), vendor: 'openai-chat' })
    expect([same.text, same.reader.ending()]).toEqual([same.sent, 'complete'])
    const other = answer(odd, { asked: askedOf('openai-chat'), vendor: 'gemini' })
    expect([other.text, other.reader.openingFault?.code]).toEqual([undefined, 'upstream_error'])
    const broken = answer('{"data":[', { asked: askedOf('openai-chat'), vendor: 'openai-chat' })
    expect(broken.reader.openingFault?.code).toBe('upstream_error')
  })

  test('in whose place an error about our account stands are an error, without its words', () => {
    const told = answer(
      { error: { code: 'no_money', message: 'org-SECRET' } },
      { asked: askedOf('openai-chat'), vendor: 'openai-chat' },
    )
    expect(told.reader.openingFault).toMatchObject({ code: 'upstream_funds' })
    expect(told.reader.openingFault?.message).not.toContain('SECRET')
  })

  test('are not held beyond the limit', () => {
    const request = { model: 'm', inputs: ['x'], encoding: 'float' } as const
    const reader = new EmbedReader({
      asked: askedOf('openai-chat'),
      vendor: 'gemini',
      request,
      spendLimitCodes: [],
      replyBytesMax: 10,
    })
    expect(() => reader.push(new Uint8Array(11))).toThrow(/too large/)
  })
})

describe('a request for vectors', () => {
  test('of an OpenAI client becomes a batch for Gemini, with what is lost', () => {
    const request = readEmbed(
      { model: 'm', input: ['a', 'b'], dimensions: 3, user: 'u', x_own: 1 },
      askedOf('openai-chat'),
    )
    const { body, losses } = writeEmbed(request, { wire: 'gemini', model: 'sent' })
    expect(body).toEqual({
      requests: ['a', 'b'].map((text) => ({
        model: 'models/sent',
        content: { parts: [{ text }] },
        outputDimensionality: 3,
      })),
    })
    expect(losses.map(({ field }) => field).toSorted()).toEqual(['user', 'x_own'])
  })

  test.each(['outputDimensionality', 'output_dimensionality'])(
    'of a Gemini client becomes one for OpenAI (%s)',
    (field) => {
      const json = { content: { parts: [{ text: 'a' }, { text: 'b' }] }, taskType: 'RETRIEVAL_QUERY', [field]: 3 }
      const { body, losses } = writeEmbed(readEmbed(json, askedOf('gemini')), { wire: 'openai-chat', model: 'sent' })
      expect(body).toMatchObject({ model: 'sent', input: ['a\nb'], dimensions: 3, encoding_format: 'float' })
      expect(losses.map(({ field: lost }) => lost)).toContain('taskType')
    },
  )

  test.each([
    [{}, false, 'content'],
    [{ content: 'x' }, false, 'content'],
    [{ content: { parts: [] } }, false, 'content.parts'],
    [{ content: { parts: [{ text: 5 }] } }, false, 'content.parts[0].text'],
    [{ requests: [] }, true, 'requests'],
    [{ requests: [{ content: { parts: [{}] } }] }, true, 'requests[0].content.parts[0].text'],
  ])('%j of a Gemini client is refused with its field', (json, batch, field) => {
    expect(() => readEmbed(json, askedOf('gemini', batch))).toThrow(
      expect.objectContaining({ code: 'bad_request', field }),
    )
  })

  test('of token ids cannot be said to another vendor', () => {
    const request = readEmbed({ model: 'm', input: [1, 2, 3] }, askedOf('openai-chat'))
    expect(() => writeEmbed(request, { wire: 'gemini', model: 'm' })).toThrow(Fault)
  })
})
