import { describe, expect, test } from 'vitest'
import { asCount, asObject, type JsonObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { type Asked, sent } from './kit/trip.ts'

/** A budget in Anthropic's request, and the limit that it must stay under. */
function thinkingIn(body: JsonObject) {
  const thinking = asObject(body['thinking'])
  return {
    type: thinking?.['type'],
    budget: asCount(thinking?.['budget_tokens']),
    limit: asCount(body['max_tokens']) ?? 0,
  }
}

const claude = (asked: Pick<Asked, 'client' | 'body'>, model = 'claude-sonnet-4-5') =>
  sent({ vendor: 'anthropic', model, ...asked, body: { ...asks(asked.client), ...asked.body } })

const ASKED: readonly (readonly [what: string, limit: number, asked: Pick<Asked, 'client' | 'body'>])[] = [
  ['a level', 2_000, { client: 'openai-chat', body: { reasoning_effort: 'high', max_completion_tokens: 2_000 } }],
  [
    'a level',
    2_000,
    { client: 'openai-responses', body: { reasoning: { effort: 'xhigh' }, max_output_tokens: 2_000 } },
  ],
  [
    'a budget as large as the limit',
    8_000,
    {
      client: 'gemini',
      body: { generationConfig: { maxOutputTokens: 8_000, thinkingConfig: { thinkingBudget: 8_000 } } },
    },
  ],
  [
    'a budget above the limit',
    3_000,
    {
      client: 'gemini',
      body: { generationConfig: { maxOutputTokens: 3_000, thinkingConfig: { thinkingBudget: 30_000 } } },
    },
  ],
]

describe('a budget is at least what the vendor takes, and leaves room for an answer under the limit of the client', () => {
  test.each(ASKED)('%s and a limit of %d (%j)', (_, limit, asked) => {
    const { body, losses } = claude(asked)
    const { type, budget = 0, limit: sentLimit } = thinkingIn(body)
    expect([type, sentLimit], 'the limit is what the client pays for').toEqual(['enabled', limit])
    expect(budget).toBeGreaterThanOrEqual(1_024)
    expect(sentLimit - budget).toBeGreaterThanOrEqual(400)
    expect(losses.length).toBeGreaterThan(0)
  })

  test('a level without a limit leaves room in the limit of the model, and that is no 4096', () => {
    const { body } = claude({ client: 'openai-chat', body: { reasoning_effort: 'high' } })
    const { budget = 0, limit } = thinkingIn(body)
    expect(limit).toBeGreaterThanOrEqual(32_000)
    expect(budget).toBe(24_576)
  })

  test('where not even the least budget fits, the model does not think, and that is told', () => {
    const { body, losses } = claude({
      client: 'openai-chat',
      body: { reasoning_effort: 'high', max_completion_tokens: 1_024 },
    })
    expect(thinkingIn(body)).toEqual({ type: 'disabled', budget: undefined, limit: 1_024 })
    expect(losses).toContain('reasoning_effort=dropped')
  })

  test('a model that takes no fixed budget gets none', () => {
    const asked = {
      client: 'gemini',
      body: { generationConfig: { maxOutputTokens: 8_000, thinkingConfig: { thinkingBudget: 20_000 } } },
    } as const
    const { body, losses } = claude(asked, 'claude-opus-4-8')
    expect(JSON.stringify(body)).not.toContain('budget_tokens')
    expect(body).toMatchObject({ output_config: { effort: expect.any(String) } })
    expect(losses.length).toBeGreaterThan(0)
  })

  test('on Gemini a budget stays under the limit, and one that cannot be off is the least', () => {
    const effort = { messages: asks('openai-chat')['messages'] ?? [], reasoning_effort: 'high' }
    const config = (model: string, limit: number) => {
      const body = { ...effort, max_completion_tokens: limit }
      return asObject(sent({ client: 'openai-chat', vendor: 'gemini', model, body }).body['generationConfig'])
    }
    const flash = asObject(config('gemini-2.5-flash', 3_000)?.['thinkingConfig'])
    expect(asCount(flash?.['thinkingBudget'])).toBeLessThan(3_000)
    expect(config('gemini-2.5-pro', 100)).toMatchObject({
      maxOutputTokens: 100,
      thinkingConfig: { thinkingBudget: 128 },
    })
  })
})
