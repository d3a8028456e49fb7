import { describe, expect, test } from 'vitest'
import { jsonOf } from '../e2e/kit/vendor-truth.ts'
import { json, throughGateway } from './kit/through-gateway.ts'

const gateway = throughGateway()
const VECTOR = [0.5, -0.25, 1e-3].map((value) => Math.fround(value))
const BASE64 = Buffer.from(new Float32Array(VECTOR).buffer).toString('base64')
const ask = (more: object) =>
  gateway.post('/v1/embeddings', { body: { model: 'openai-chat/m-1', input: 'Oslo', ...more } })
const vectors = (embedding: string | readonly number[]) =>
  json({
    object: 'list',
    model: 'm-1',
    data: [{ object: 'embedding', index: 0, embedding }],
    usage: { prompt_tokens: 2, total_tokens: 2 },
  })

describe('a client gets vectors in the form that it asked for, whatever the vendor sends', () => {
  test.each([
    ['base64', VECTOR, BASE64],
    ['base64', BASE64, BASE64],
    ['float', BASE64, VECTOR],
    ['float', VECTOR, VECTOR],
    [undefined, BASE64, VECTOR],
    [undefined, VECTOR, VECTOR],
  ] as const)('asked for as %s', async (encoding, sent, expected) => {
    gateway.vendor.enqueue(vectors(sent))
    const answer = await ask(encoding === undefined ? {} : { encoding_format: encoding })
    expect([answer.status, await answer.json()]).toMatchObject([200, { data: [{ embedding: expected }] }])
  })

  test('what it asked for is what the vendor is asked for, and nothing is put in', async () => {
    gateway.vendor.enqueue(vectors(BASE64), vectors(VECTOR))
    await (await ask({ encoding_format: 'base64' })).bytes()
    expect(jsonOf(gateway.lastSeen())).toMatchObject({ encoding_format: 'base64' })
    await (await ask({})).bytes()
    expect(jsonOf(gateway.lastSeen())).not.toHaveProperty('encoding_format')
  })
})

test('the SDK, which asks for base64 by itself, gets it from a vendor that has never heard of it', async () => {
  gateway.vendor.enqueue(json({ embeddings: [{ values: VECTOR }] }))
  const body = { model: 'gemini/m-1', input: 'Oslo', encoding_format: 'base64' }
  const answer = await gateway.post('/v1/embeddings', { body })
  expect([answer.status, await answer.json()]).toMatchObject([200, { data: [{ embedding: BASE64 }] }])
})
