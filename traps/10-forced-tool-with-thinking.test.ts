import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import type { JsonObject } from '../core/json.ts'
import { asks } from './kit/asks.ts'
import { type Asked, clientsOf, sent } from './kit/trip.ts'

const CLIENTS = clientsOf('anthropic')

/** "Call this tool", or any, in the words of each wire. */
function forcing(client: WireId, name?: string): JsonObject {
  switch (client) {
    case 'openai-chat':
      return { tool_choice: name === undefined ? 'required' : { type: 'function', function: { name } } }
    case 'openai-responses':
      return { tool_choice: name === undefined ? 'required' : { type: 'function', name } }
    case 'gemini':
      return {
        toolConfig: {
          functionCallingConfig: { mode: 'ANY', ...(name === undefined ? {} : { allowedFunctionNames: [name] }) },
        },
      }
    case 'anthropic':
      return { tool_choice: name === undefined ? { type: 'any' } : { type: 'tool', name } }
  }
}

/** "Think", in the words of each wire. */
function thinking(client: WireId): JsonObject {
  switch (client) {
    case 'openai-chat':
      return { reasoning_effort: 'high' }
    case 'openai-responses':
      return { reasoning: { effort: 'high' } }
    case 'gemini':
      return { generationConfig: { thinkingConfig: { thinkingBudget: 4_096 } } }
    case 'anthropic':
      return { thinking: { type: 'enabled', budget_tokens: 4_096 } }
  }
}

const asked = (client: WireId, model: string, more: JsonObject): Asked => ({
  client,
  vendor: 'anthropic',
  model,
  body: { ...asks(client, { tools: true }), ...more },
})

describe.each(CLIENTS)('from %s', (client) => {
  test.each([undefined, 'get_time'])('a model that thinks within a budget is asked, not forced, to call %s', (name) => {
    const more = { ...thinking(client), ...forcing(client, name) }
    const { body, losses } = sent(asked(client, 'claude-sonnet-4-5', more))
    expect(body['thinking']).toMatchObject({ type: 'enabled' })
    expect(body['tool_choice']).toEqual({ type: 'auto' })
    expect(JSON.stringify(body['system'])).toContain(name ?? 'at least one of your tools')
    expect(losses.some((loss) => /^(tool_choice|toolConfig).*=emulated$/.test(loss))).toBe(true)
  })

  test('the same model is forced while it does not think', () => {
    const { body, losses } = sent(asked(client, 'claude-sonnet-4-5', forcing(client, 'get_time')))
    expect(body['tool_choice']).toEqual({ type: 'tool', name: 'get_time' })
    expect(losses).toEqual([])
  })

  test.each(['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-fable-5-1'])(
    '%s is never forced, whether it was asked to think or not',
    (model) => {
      for (const more of [forcing(client), forcing(client, 'get_time'), { ...thinking(client), ...forcing(client) }]) {
        const { body, losses } = sent(asked(client, model, more))
        expect(body['tool_choice']).toEqual({ type: 'auto' })
        expect(losses.some((loss) => loss.endsWith('=emulated'))).toBe(true)
      }
    },
  )
})

test.each(['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-opus-4-8'])(
  'an answer of %s is held to a schema by the field for it, never by a tool that it must call',
  (model) => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string' } },
      required: ['a'],
      additionalProperties: false,
    }
    const more = { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } } }
    const { messages } = asks('openai-chat')
    const { body } = sent({
      client: 'openai-chat',
      vendor: 'anthropic',
      model,
      body: { messages: messages ?? [], ...more },
    })
    expect(body['output_config']).toMatchObject({ format: { type: 'json_schema' } })
    expect(body).not.toHaveProperty('tool_choice')
    expect(body).not.toHaveProperty('tools')
  },
)

test('"no tools" stays, and the tools too: they are part of what the vendor checks', () => {
  for (const client of CLIENTS) {
    const none =
      client === 'gemini' ? { toolConfig: { functionCallingConfig: { mode: 'NONE' } } } : { tool_choice: 'none' }
    const { body } = sent(asked(client, 'claude-opus-5-5', none))
    expect(body).toMatchObject({
      tool_choice: { type: 'none' },
      tools: [{ name: 'get_weather' }, { name: 'get_time' }],
    })
  }
})
