import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import type { JsonObject } from '../core/json.ts'
import { objects } from '../e2e/recordings/json-parts.ts'
import { type Asked, clientsOf, refused, sent } from './kit/trip.ts'

const turns = [
  { role: 'user', content: 'Name a colour' },
  { role: 'assistant', content: 'The colour is' },
]
const BODIES: { readonly [client in WireId]: JsonObject } = {
  'openai-chat': { messages: turns },
  'openai-responses': { input: turns },
  anthropic: { max_tokens: 100, messages: turns },
  gemini: {
    contents: [
      { role: 'user', parts: [{ text: 'Name a colour' }] },
      { role: 'model', parts: [{ text: 'The colour is' }] },
    ],
  },
}
const FIELDS: { readonly [client in WireId]: string } = {
  'openai-chat': 'messages',
  'openai-responses': 'input',
  anthropic: 'messages',
  gemini: 'contents',
}
const asked = (client: WireId, vendor: WireId, model: string): Asked => ({
  client,
  vendor,
  model,
  body: BODIES[client],
})

const REFUSING = [
  { vendor: 'anthropic', model: 'claude-opus-4-6' },
  { vendor: 'anthropic', model: 'claude-opus-4-8' },
  { vendor: 'anthropic', model: 'claude-haiku-5-5' },
  { vendor: 'gemini', model: 'gemini-3.6-flash' },
  { vendor: 'gemini', model: 'gemini-4-argon' },
] as const

describe.each(REFUSING)('$model, which refuses it', ({ vendor, model }) => {
  test.each(clientsOf(vendor))('from %s: a clear 400 with the name of the field, before anything is sent', (client) => {
    const fault = refused(asked(client, vendor, model))
    expect(fault).toMatchObject({ code: 'bad_request', field: FIELDS[client] })
    expect(fault.message).toMatch(/assistant turn/)
  })
})

describe('a model that continues it gets it as the last turn', () => {
  test.each(clientsOf('anthropic'))('claude-sonnet-4-5, from %s', (client) => {
    const messages = objects(sent(asked(client, 'anthropic', 'claude-sonnet-4-5')).body['messages'])
    expect(messages.at(-1)).toMatchObject({ role: 'assistant' })
    expect(JSON.stringify(messages.at(-1))).toContain('The colour is')
  })

  test('but not while it thinks', () => {
    const body = { ...BODIES['openai-chat'], reasoning_effort: 'high' }
    expect(refused({ ...asked('openai-chat', 'anthropic', 'claude-sonnet-4-5'), body })).toMatchObject({
      field: 'messages',
    })
  })

  test('gemini-2.5-flash and OpenAI', () => {
    expect(objects(sent(asked('openai-chat', 'gemini', 'gemini-2.5-flash')).body['contents']).at(-1)?.['role']).toBe(
      'model',
    )
    expect(objects(sent(asked('anthropic', 'openai-chat', 'gpt-5.4')).body['messages']).at(-1)?.['role']).toBe(
      'assistant',
    )
  })
})

test('a result of a tool is no model turn: the request may end on it', () => {
  const messages = [
    ...turns.slice(0, 1),
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'a', content: 'Blue' },
  ]
  for (const { vendor, model } of REFUSING)
    expect(() => sent({ client: 'openai-chat', vendor, model, body: { messages } })).not.toThrow()
})
