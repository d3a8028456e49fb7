import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import type { JsonObject } from '../core/json.ts'
import { objects } from '../e2e/recordings/json-parts.ts'
import { asks, nextAsk } from './kit/asks.ts'
import { hearBoth } from './kit/hear.ts'
import { says } from './kit/says.ts'
import { type Asked, sent } from './kit/trip.ts'

const openai = (model: string, body: JsonObject, client: WireId = 'openai-chat'): Asked => ({
  client,
  vendor: 'openai-chat',
  kind: 'openai',
  model,
  body,
})
const TOOLS = asks('openai-chat', { tools: true })
const off = { reasoning_effort: 'none' }

describe('a model that refuses tools on chat completions is asked on responses', () => {
  test.each(['gpt-5.6', 'gpt-6-sol', 'gpt-6-astra', 'gpt-6.1-sol'])('%s, by a client of chat completions', (model) => {
    const { wire, body, losses } = sent(
      openai(model, { ...TOOLS, reasoning_effort: 'high', max_completion_tokens: 900 }),
    )
    expect(wire).toBe('openai-responses')
    expect(body).toMatchObject({
      model,
      store: false,
      reasoning: { effort: 'high' },
      max_output_tokens: 900,
      tools: [{ type: 'function', name: 'get_weather' }, { name: 'get_time' }],
    })
    expect(body).not.toHaveProperty('messages')
    expect(losses).toEqual([])
  })

  test.each(['anthropic', 'gemini'] as const)('and by one of %s', (client) => {
    expect(sent(openai('gpt-6-sol', asks(client, { tools: true }), client)).wire).toBe('openai-responses')
  })

  test('a level that only the other endpoint takes is kept', () => {
    const { body } = sent(openai('gpt-6.1-sol', { ...TOOLS, reasoning_effort: 'max' }))
    expect(body).toMatchObject({ reasoning: { effort: 'max' } })
    const chat = sent(openai('gpt-6.1-sol', { ...asks('anthropic'), output_config: { effort: 'max' } }, 'anthropic'))
    expect([chat.wire, chat.body['reasoning_effort']]).toEqual(['openai-chat', 'xhigh'])
  })
})

describe('and nothing else is', () => {
  test.each<readonly [string, string, JsonObject]>([
    ['without tools', 'gpt-6-sol', asks('openai-chat')],
    ['with reasoning off, where it can be', 'gpt-6-sol', { ...TOOLS, ...off }],
    ['an older model', 'gpt-5.4', TOOLS],
    ['a model that nobody knows', 'my-model', TOOLS],
  ])('%s', (_, model, body) => {
    expect(sent(openai(model, body)).wire).toBe('openai-chat')
  })

  test('a node that has no such endpoint', () => {
    expect(sent({ ...openai('gpt-6-sol', TOOLS), kind: 'openai-compatible' }).wire).toBe('openai-chat')
  })

  test('but one that cannot be off is bridged although it was asked to be off', () => {
    expect(sent(openai('gpt-6-astra', { ...TOOLS, ...off })).wire).toBe('openai-responses')
  })
})

test('the client hears chat completions, and the sealed reasoning finds its way back', () => {
  const asked = openai('gpt-6-sol', TOOLS)
  const seal = 'gAAAAABo7bridged=='
  const calls = [{ id: 'call_a', name: 'get_weather', given: '{"city":"Oslo"}' }]
  for (const [way, heard] of hearBoth(
    asked,
    says('openai-responses', { thought: { text: 'Hm.', proof: seal }, calls }),
  )) {
    expect(heard, way).toMatchObject({ stop: 'tool_calls', reasoning: 'Hm.', calls: [{ given: { city: 'Oslo' } }] })
    const { wire, body } = sent({ ...asked, body: nextAsk('openai-chat', TOOLS, heard) })
    expect([wire, objects(body['input']).map(({ type }) => type)], way).toEqual([
      'openai-responses',
      ['message', 'reasoning', 'function_call', 'function_call_output'],
    ])
    expect(objects(body['input'])[1], way).toMatchObject({ encrypted_content: seal })
  }
})
