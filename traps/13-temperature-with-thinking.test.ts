import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import type { JsonObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { sent } from './kit/trip.ts'

const MODELS = ['claude-sonnet-4', 'claude-opus-4-1', 'claude-sonnet-4-5', 'claude-sonnet-4-6']

const ask = (client: WireId, model: string, more: JsonObject) =>
  sent({ client, vendor: 'anthropic', model, body: { ...asks(client), ...more } })

describe.each(MODELS)('%s, while it thinks, takes no temperature but 1', (model) => {
  test('from chat: the thinking stays, the temperature is left out and told', () => {
    const { body, losses } = ask('openai-chat', model, {
      reasoning_effort: 'high',
      temperature: 0.2,
      max_tokens: 8_000,
    })
    expect(body).not.toHaveProperty('temperature')
    expect(JSON.stringify(body)).toMatch(/"thinking":|"effort":/)
    expect(losses).toContain('temperature=dropped')
  })

  test('from Gemini: neither temperature, nor a narrow top_p, nor a top_k', () => {
    const thinkingConfig = { thinkingBudget: 2_048 }
    const generationConfig = { temperature: 0.2, topP: 0.5, topK: 40, maxOutputTokens: 8_000, thinkingConfig }
    const { body, losses } = ask('gemini', model, { generationConfig })
    for (const field of ['temperature', 'top_p', 'top_k']) expect(body).not.toHaveProperty(field)
    for (const field of ['temperature', 'topP', 'topK']) expect(losses).toContain(`generationConfig.${field}=dropped`)
  })

  test('a temperature of 1 is no loss, and a wide top_p stays', () => {
    const more = { reasoning_effort: 'high', temperature: 1, max_tokens: 8_000 }
    const { body, losses } = ask('openai-chat', model, { ...more, top_p: 0.97 })
    expect(losses).not.toContain('temperature=dropped')
    expect(body['temperature'] ?? 1).toBe(1)
    expect(body['top_p']).toBe(0.97)
  })

  test('while it does not think, the temperature stays', () => {
    const { body, losses } = ask('openai-chat', model, { temperature: 0.2, max_tokens: 100 })
    expect([body['temperature'], losses]).toEqual([0.2, []])
    expect(ask('openai-chat', model, { temperature: 0.2, reasoning_effort: 'none' }).body['temperature']).toBe(0.2)
  })
})
