import { describe, expect, test } from 'vitest'
import { whole } from '../e2e/kit/vendor-script.ts'
import { asObject, parseJson } from '../core/json.ts'
import { named, unnamed } from './kit/says.ts'
import { events, throughGateway } from './kit/through-gateway.ts'

const gateway = throughGateway()

const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_v' }
const refused = (status: number, body: object, headers: readonly (readonly [string, string])[] = []) =>
  whole({ status, headers, body: JSON.stringify(body) })
const RETRY_INFO = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.4s' }
const exhausted = { code: 429, message: 'Quota exceeded', status: 'RESOURCE_EXHAUSTED', details: [RETRY_INFO] }

describe('an overloaded vendor is overloaded for every client, with the hint when to come back', () => {
  test.each([
    ['openai-chat', 503, { error: { type: expect.any(String) } }],
    ['openai-responses', 503, { error: { type: expect.any(String) } }],
    ['gemini', 503, { error: { code: 503, status: 'UNAVAILABLE' } }],
  ] as const)('529 of Anthropic for %s', async (client, status, error) => {
    gateway.vendor.enqueue(refused(529, overloaded, [['retry-after', '7']]))
    const answer = await gateway.chat({ client, vendor: 'anthropic' })
    expect([answer.status, answer.header('retry-after'), answer.header('x-should-retry')]).toEqual([
      status,
      '7',
      'true',
    ])
    expect(await answer.json()).toMatchObject(error)
  })

  test('503 of OpenAI is 529 for a client of Anthropic, which knows that word', async () => {
    gateway.vendor.enqueue(refused(503, { error: { message: 'Overloaded', type: 'server_error', code: 'overloaded' } }))
    const answer = await gateway.chat({ client: 'anthropic', vendor: 'openai-chat' })
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } })
    expect([answer.status, answer.header('x-should-retry')]).toEqual([529, 'true'])
  })

  test("Gemini's delay stands in its body, and becomes the header of the others", async () => {
    gateway.vendor.enqueue(refused(429, { error: exhausted }))
    const answer = await gateway.chat({ client: 'anthropic', vendor: 'gemini' })
    expect([answer.status, answer.header('retry-after')]).toEqual([429, '35'])
    expect(await answer.json()).toMatchObject({ error: { type: 'rate_limit_error' } })
  })

  test('in its own wire it passes as it came', async () => {
    gateway.vendor.enqueue(
      refused(529, overloaded, [
        ['retry-after', '7'],
        ['x-should-retry', 'true'],
      ]),
    )
    const answer = await gateway.chat({ client: 'anthropic', vendor: 'anthropic' })
    expect([answer.status, answer.header('retry-after'), answer.header('x-should-retry')]).toEqual([529, '7', 'true'])
    expect(await answer.json()).toEqual(overloaded)
  })
})

describe('an overload that a 200 announces in its first event is a status that can be tried again, not a stream', () => {
  const first = {
    anthropic: named({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    'openai-chat': unnamed({ error: { message: 'Overloaded', type: 'server_error', code: 503 } }),
    gemini: unnamed({ error: { code: 503, message: 'Overloaded', status: 'UNAVAILABLE' } }),
  }
  const clients = ['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const
  const vendors = ['openai-chat', 'anthropic', 'gemini'] as const
  test.each(clients.flatMap((client) => vendors.map((vendor) => ({ client, vendor }))))(
    '$vendor for $client',
    async (pair) => {
      gateway.vendor.enqueue(events(first[pair.vendor]))
      const answer = await gateway.chat(pair, { stream: true })
      expect(answer.status).toBeGreaterThanOrEqual(500)
      expect(answer.header('x-should-retry')).toBe('true')
      expect(answer.header('content-type')).toMatch(/^application\/json/)
      expect(asObject(parseJson(await answer.text()))?.['error']).toBeDefined()
    },
  )
})
