import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import { whole } from '../e2e/kit/vendor-script.ts'
import { throughGateway } from './kit/through-gateway.ts'

const gateway = throughGateway()
const TOO_LONG = 'prompt is too long: 210000 tokens > 200000 maximum'

/** The vendor's own words for a prompt that is too long, in spelling and space as no JSON writer would put them. */
const BODIES: { readonly [wire in WireId]: string } = {
  anthropic: `{ "type":"error", "error":{"type":"invalid_request_error","message":"${TOO_LONG}", "details":{"error_code":"capability_rejected: x"}},"request_id":"req_v" , "x_new":1e0}\n`,
  'openai-chat': `{"error":{"message":"This model's maximum context length is 8192 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"} }`,
  'openai-responses': `{"error":{"message":"Your input exceeds the context window of this model.","type":"invalid_request_error","param":"input","code":"context_length_exceeded"} }`,
  gemini: `{"error":{"code":400,"message":"The input token count (2100000) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"} }`,
}
const WIRES: readonly WireId[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini']

describe("a client that speaks the vendor's wire reads the vendor's own words, byte for byte: its recovery matches on them", () => {
  test.each(WIRES)('%s', async (wire) => {
    for (const stream of [false, true]) {
      gateway.vendor.enqueue(whole({ status: 400, body: BODIES[wire] }))
      const answer = await gateway.chat({ client: wire, vendor: wire }, { stream })
      expect([answer.status, await answer.text()]).toEqual([400, BODIES[wire]])
    }
  })
})

describe('a client of another wire reads them in its own envelope, in the words that its recovery knows', () => {
  test.each(WIRES.filter((wire) => wire !== 'anthropic'))('%s for Anthropic', async (vendor) => {
    gateway.vendor.enqueue(whole({ status: 400, body: BODIES[vendor] }))
    const answer = await gateway.chat({ client: 'anthropic', vendor })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', message: expect.stringMatching(/prompt is too long/) },
    })
  })

  test.each(['openai-chat', 'openai-responses'] as const)('Anthropic for %s', async (client) => {
    gateway.vendor.enqueue(whole({ status: 400, body: BODIES.anthropic }))
    const answer = await gateway.chat({ client, vendor: 'anthropic' })
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { code: 'context_length_exceeded', message: expect.stringContaining(TOO_LONG) } },
    ])
  })
})
