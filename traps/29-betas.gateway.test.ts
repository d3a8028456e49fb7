import { describe, expect, test } from 'vitest'
import { headerOf, jsonOf } from '../e2e/kit/vendor-truth.ts'
import { asks } from './kit/asks.ts'
import { says } from './kit/says.ts'
import { json, throughGateway } from './kit/through-gateway.ts'

const gateway = throughGateway()
const BETAS = 'context-management-2025-06-27,something-new-2027-01-01'
const headers = [
  ['anthropic-beta', BETAS],
  ['anthropic-version', '2026-10-21'],
] as const
const field = { context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } }
const body = { ...asks('anthropic'), ...field }

test('Anthropic gets every beta with its field, known or not, exactly as the client said it', async () => {
  const { vendor, chat, lastSeen } = gateway
  vendor.enqueue(json(says('anthropic', { text: 'Hi' }).whole))
  const answer = await chat({ client: 'anthropic', vendor: 'anthropic' }, { body, headers })
  expect([answer.status, answer.header('x-sekisho-lossy')]).toEqual([200, undefined])
  expect(headerOf(lastSeen(), 'anthropic-beta')).toBe(BETAS)
  expect(headerOf(lastSeen(), 'anthropic-version')).toBe('2026-10-21')
  expect(jsonOf(lastSeen())).toMatchObject(field)
})

describe('another vendor gets neither the header nor the field, which only together mean something, and that is told', () => {
  test.each(['openai-chat', 'openai-responses', 'gemini'] as const)('%s', async (to) => {
    const { vendor, chat, lastSeen } = gateway
    vendor.enqueue(json(says(to, { text: 'Hi' }).whole))
    const answer = await chat({ client: 'anthropic', vendor: to }, { body, headers })
    expect(answer.status).toBe(200)
    expect(lastSeen().headers.filter(([name]) => name.startsWith('anthropic'))).toEqual([])
    expect(jsonOf(lastSeen())).not.toHaveProperty('context_management')
    expect(answer.header('x-sekisho-lossy')).toContain('context_management=dropped')
  })
})
