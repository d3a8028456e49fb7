import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EmbedRequest } from '../../embed.ts'
import type { JsonObject } from '../../json.ts'
import { readEmbedReply, readEmbedRequest, writeEmbedReply, writeEmbedRequest } from './embeddings.ts'
import { decodeVector, encodeVector } from './float-vector.ts'

const BASE64 = 'AACAPwAAAMAAAAA+'
const FLOATS = [1, -2, 0.125]
const reply = (embedding: JsonObject['x']): JsonObject => ({
  object: 'list',
  data: [{ object: 'embedding', index: 0, embedding: embedding ?? null }],
  model: 'm',
  usage: { prompt_tokens: 3, total_tokens: 3 },
})
const asked = (encoding: EmbedRequest['encoding']): EmbedRequest => ({ model: 'asked', inputs: ['a'], encoding })

describe('a request for vectors', () => {
  test.each<JsonObject>([
    { model: 'm', input: 'a' },
    { model: 'm', input: ['a'] },
    { model: 'm', input: ['a', 'b'], encoding_format: 'base64', dimensions: 256, user: 'u', input_type: 'query' },
    { model: 'm', input: [1, 2], encoding_format: 'float' },
    { model: 'm', input: [[1, 2], [3]] },
    { model: 'm', input: 'a', user: null },
  ])('%j is written back as it was read', (body) => {
    expect(writeEmbedRequest(readEmbedRequest(body, 'm'), 'm')).toEqual({ body, losses: [] })
  })

  test('token ids are one input, a list of them several', () => {
    expect(readEmbedRequest({ input: [1, 2] }, 'm').inputs).toEqual([[1, 2]])
    expect(readEmbedRequest({ input: [[1, 2], 'a'] }, 'm').inputs).toEqual([[1, 2], 'a'])
  })

  test.each<[string, JsonObject]>([
    ['input', {}],
    ['input', { input: 7 }],
    ['input', { input: [] }],
    ['input[1]', { input: ['a', {}] }],
    ['input[0]', { input: [[]] }],
    ['input[0][1]', { input: [[1, -1]] }],
    ['input[1]', { input: [1, 1.5] }],
    ['dimensions', { input: 'a', dimensions: 'x' }],
    ['encoding_format', { input: 'a', encoding_format: 'hex' }],
  ])('%s of %j is refused', (field, body) => {
    expect(() => readEmbedRequest(body, 'm')).toThrow(expect.objectContaining({ code: 'bad_request', field }))
  })

  test('what another wire’s client asks beyond it is reported', () => {
    const own = { wire: 'gemini', fields: { taskType: 'QUERY', title: null } } as const
    const { body, losses } = writeEmbedRequest({ ...asked('float'), own }, 'vendor-model')
    expect(body).toEqual({ model: 'vendor-model', input: ['a'], encoding_format: 'float' })
    expect(losses).toMatchObject([{ field: 'taskType', what: 'dropped' }])
  })
})

describe('vectors', () => {
  test.each([
    ['floats', FLOATS],
    ['base64', BASE64],
  ])('as %s come to the client as it asked, whatever the vendor sent', (_, embedding) => {
    const read = readEmbedReply(reply(embedding))
    expect([...(read.vectors[0] ?? [])]).toEqual(FLOATS)
    expect(writeEmbedReply(read, asked('float'))).toEqual(reply(FLOATS))
    expect(writeEmbedReply(read, asked('base64'))).toEqual(reply(BASE64))
  })

  test('stand in the order of their index', () => {
    const data = [1, 0].map((index) => ({ index, embedding: [index] }))
    expect(readEmbedReply({ data }).vectors.map(([first]) => first)).toEqual([0, 1])
  })

  test('of a vendor that says nothing else are answered with the model that was asked, and no invented usage', () => {
    expect(writeEmbedReply({ model: '', vectors: [new Float32Array([1])] }, asked('float'))).toEqual({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [1] }],
      model: 'asked',
    })
  })

  test.each<JsonObject>([
    {},
    { data: [] },
    { data: 'x' },
    { data: [{}] },
    reply([]),
    reply(['a']),
    reply('no base64!'),
    reply('AAA='),
    reply(''),
  ])('%j is no reply of this wire', (body) =>
    expect(() => readEmbedReply(body)).toThrow(expect.objectContaining({ code: 'upstream_error' })),
  )

  test('any vector comes back bit for bit', () => {
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 3_000 }), (vector) => {
        expect(decodeVector(encodeVector(vector))).toEqual(vector)
      }),
      { numRuns: 50 },
    )
  })
})
