import { describe, expect, test } from 'vitest'
import { asCount, asObject, parseJson } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { json, throughGateway } from './kit/through-gateway.ts'

const gateway = throughGateway()
const { messages = [] } = asks('anthropic')
const COUNTS = [
  ['/v1/messages/count_tokens', 'input_tokens', (model: string) => ({ model, messages })],
  ['/v1/messages/count_tokens?beta=true', 'input_tokens', (model: string) => ({ model, messages })],
] as const

describe('counting for a vendor that cannot be asked is an estimate that says so, never a 404', () => {
  test.each(['openai-chat', 'openai-responses', 'gemini'])('%s behind a client of Anthropic', async (vendor) => {
    for (const [path, field, body] of COUNTS) {
      const before = gateway.vendor.seen.length
      const answer = await gateway.post(path, { body: body(`${vendor}/m-1`) })
      expect([answer.status, answer.header('x-sekisho-lossy')]).toEqual([200, 'count=emulated'])
      const tokens = asCount(asObject(parseJson(await answer.text()))?.[field]) ?? 0
      expect(tokens).toBeGreaterThan(5)
      expect(tokens).toBeLessThan(60)
      expect(gateway.vendor.seen.length).toBe(before)
    }
  })

  test.each(['openai-chat', 'anthropic'])('%s behind a client of Gemini', async (vendor) => {
    const answer = await gateway.post(`/v1beta/models/${vendor}/m-1:countTokens`, { body: asks('gemini') })
    expect([answer.status, answer.header('x-sekisho-lossy')]).toEqual([200, 'count=emulated'])
    expect(await answer.json()).toMatchObject({ totalTokens: expect.any(Number) })
  })

  test('a longer prompt is estimated higher', async () => {
    const count = async (content: string) => {
      const body = { model: 'openai-chat/m-1', messages: [{ role: 'user', content }] }
      const answer = await gateway.post('/v1/messages/count_tokens', { body })
      return asCount(asObject(parseJson(await answer.text()))?.['input_tokens']) ?? 0
    }
    expect(await count('Word '.repeat(400))).toBeGreaterThan(3 * (await count('Word '.repeat(100))))
  })
})

test('Anthropic itself is asked, and its answer passes', async () => {
  gateway.vendor.enqueue(json({ input_tokens: 42 }))
  const answer = await gateway.post('/v1/messages/count_tokens', { body: { model: 'anthropic/m-1', messages } })
  expect([await answer.json(), answer.header('x-sekisho-lossy')]).toEqual([{ input_tokens: 42 }, undefined])
  expect(gateway.lastSeen().path).toBe('/v1/messages/count_tokens')
})
