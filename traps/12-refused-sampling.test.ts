import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import { asObject, type JsonObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { type Asked, refused, sent } from './kit/trip.ts'

const sampling = (client: WireId, temperature: number, topP: number): JsonObject =>
  client === 'gemini' ? { generationConfig: { temperature, topP } } : { temperature, top_p: topP }
const FIELDS = ['temperature', 'top_p', 'top_k', 'topP', 'topK', 'presence_penalty', 'logprobs', 'top_logprobs']

const asked = (client: WireId, target: Pick<Asked, 'vendor' | 'model'>, more: JsonObject): Asked => ({
  client,
  ...target,
  body: { ...asks(client), ...more },
})

/** Which of the settings stand anywhere in the body. */
const settingsIn = (body: JsonObject): readonly string[] => {
  const all = { ...body, ...asObject(body['generationConfig']) }
  return FIELDS.filter((field) => Object.hasOwn(all, field))
}

const REFUSING = [
  { vendor: 'anthropic', model: 'claude-opus-4-7' },
  { vendor: 'anthropic', model: 'claude-opus-5-5' },
  { vendor: 'anthropic', model: 'claude-haiku-5-5' },
  { vendor: 'openai-chat', model: 'gpt-6-astra' },
  { vendor: 'openai-responses', model: 'gpt-6.1-sol' },
  { vendor: 'gemini', model: 'gemini-3.6-flash' },
  { vendor: 'gemini', model: 'gemini-4-argon' },
] as const

describe.each(REFUSING)('$model refuses sampling', (target) => {
  const clients = (['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const).filter(
    (id) => id !== target.vendor,
  )

  test.each(clients)('from %s it is left out, and each loss is told', (client) => {
    const { body, losses } = sent(asked(client, target, sampling(client, 0.2, 0.5)))
    expect(settingsIn(body)).toEqual([])
    const names =
      client === 'gemini' ? ['generationConfig.temperature', 'generationConfig.topP'] : ['temperature', 'top_p']
    expect(losses).toEqual(expect.arrayContaining(names.map((name) => `${name}=dropped`)))
  })

  test.each(clients)('from %s, set to its default it is left out without a word, because nothing is lost', (client) => {
    const { body, losses } = sent(asked(client, target, sampling(client, 1, 1)))
    expect(settingsIn(body)).toEqual([])
    expect(losses).toEqual([])
  })
})

test('a strict route refuses it by the name that the client has for it', () => {
  const target = { vendor: 'anthropic', model: 'claude-opus-5-5' } as const
  expect(refused({ ...asked('openai-chat', target, { temperature: 0.2 }), lossMode: 'strict' })).toMatchObject({
    code: 'bad_request',
    field: 'temperature',
  })
  const { generationConfig } = sampling('gemini', 0.2, 1)
  expect(
    refused({ ...asked('gemini', target, { generationConfig: generationConfig ?? {} }), lossMode: 'strict' }),
  ).toMatchObject({ field: 'generationConfig.temperature' })
})

test.each(['claude-opus-4-1', 'claude-sonnet-4-5', 'claude-opus-4-6'])(
  '%s takes a temperature or a top_p: the temperature stays',
  (model) => {
    const { body, losses } = sent(
      asked('openai-chat', { vendor: 'anthropic', model }, { ...sampling('openai-chat', 0.2, 0.5), max_tokens: 100 }),
    )
    expect([settingsIn(body), losses]).toEqual([['temperature'], ['top_p=dropped']])
    const alone = sent(asked('openai-chat', { vendor: 'anthropic', model }, { top_p: 0.5, max_tokens: 100 }))
    expect([settingsIn(alone.body), alone.losses]).toEqual([['top_p'], []])
  },
)

test('a model that samples only while it does not reason is given it only then', () => {
  const target = { vendor: 'openai-chat', model: 'gpt-5.4' } as const
  const of = (more: JsonObject) =>
    sent(asked('anthropic', target, { ...sampling('anthropic', 0.2, 0.5), ...more })).body
  expect(settingsIn(of({ thinking: { type: 'disabled' } }))).toEqual(['temperature', 'top_p'])
  expect(settingsIn(of({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } }))).toEqual([])
})

test("a temperature above Anthropic's range is moved to its end, and that is told", () => {
  const target = { vendor: 'anthropic', model: 'claude-opus-4-5' } as const
  const { body, losses } = sent(asked('openai-chat', target, { temperature: 1.7 }))
  expect([body['temperature'], losses]).toEqual([1, ['temperature=clamped']])
})
