import { describe, expect, test } from 'vitest'
import type { WireId } from '../core/chat.ts'
import { asObject, type Json, type JsonObject } from '../core/json.ts'
import { objects } from '../e2e/recordings/json-parts.ts'
import { asks } from './kit/asks.ts'
import { hearBoth, hearStream, hearWhole } from './kit/hear.ts'
import type { HeardCall } from './kit/heard.ts'
import { callChunk, chunk, DONE, says, unnamed } from './kit/says.ts'
import { clientsOf, PAIRS, sent } from './kit/trip.ts'

/** Without its id. Compared exactly: an empty text would match an empty object. */
const called = ({ name, given }: HeardCall) => ({ name, given })

describe('a call without arguments is an empty object for every client, never text that is no JSON', () => {
  describe.each(PAIRS)('$vendor to $client', ({ client, vendor }) => {
    // Without a text there is no delta at all in the stream.
    test.each(['', '{}'])('said as %j', (given) => {
      const asked = { client, vendor, body: asks(client, { tools: true }) }
      const said = says(vendor, { calls: [{ id: 'call_a', name: 'get_time', given }] })
      for (const [way, { calls }] of hearBoth(asked, said))
        expect(calls.map(called), way).toEqual([{ name: 'get_time', given: {} }])
    })
  })

  describe.each(clientsOf('openai-chat'))('openai-chat to %s', (client) => {
    const asked = { client, vendor: 'openai-chat', body: asks(client, { tools: true }) } as const
    const call = (more: JsonObject) => ({ id: 'call_a', type: 'function', function: { name: 'get_time', ...more } })
    const spellings: readonly (readonly [string, JsonObject])[] = [
      ['null', { arguments: null }],
      ['an object', { arguments: {} }],
      ['nothing', {}],
    ]

    test.each(spellings)('said as %s, whole and streamed', (_, more) => {
      const choice = { index: 0, message: { role: 'assistant', tool_calls: [call(more)] }, finish_reason: 'tool_calls' }
      const whole = { ...says('openai-chat', {}).whole, choices: [choice] }
      const events = unnamed(
        chunk({ role: 'assistant' }),
        callChunk(0, call(more)),
        chunk({}, { finish_reason: 'stop' }),
      )
      const expected = [{ name: 'get_time', given: {} }]
      expect(hearWhole(sent(asked), whole).calls.map(called)).toEqual(expected)
      expect(hearStream(sent({ ...asked, stream: true }), events + DONE).calls.map(called)).toEqual(expected)
    })
  })
})

describe('a client that gives such a call back is understood by every vendor', () => {
  const SPELT: readonly string[] = ['', '{}', ' ', 'null']
  const argumentsIn: { readonly [wire in WireId]: (body: JsonObject) => Json | undefined } = {
    'openai-chat': (body) =>
      asObject(objects(objects(body['messages'])[1]?.['tool_calls'])[0]?.['function'])?.['arguments'],
    'openai-responses': (body) => objects(body['input'])[1]?.['arguments'],
    anthropic: (body) => objects(objects(body['messages'])[1]?.['content'])[0]?.['input'],
    gemini: (body) => asObject(objects(objects(body['contents'])[1]?.['parts'])[0]?.['functionCall'])?.['args'],
  }
  const EMPTY: { readonly [wire in WireId]: Json } = {
    'openai-chat': '{}',
    'openai-responses': '{}',
    anthropic: {},
    gemini: {},
  }
  const chat = (given: string) => ({
    messages: [
      { role: 'user', content: 'Hi' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'get_time', arguments: given } }],
      },
      { role: 'tool', tool_call_id: 'a', content: 'Noon' },
    ],
  })
  const responses = (given: string) => ({
    input: [
      { role: 'user', content: 'Hi' },
      { type: 'function_call', call_id: 'a', name: 'get_time', arguments: given },
      { type: 'function_call_output', call_id: 'a', output: 'Noon' },
    ],
  })

  describe.each(['anthropic', 'gemini'] as const)('%s', (vendor) => {
    test.each(SPELT)('given back as %j', (given) => {
      for (const [client, body] of [
        ['openai-chat', chat(given)],
        ['openai-responses', responses(given)],
      ] as const)
        expect(argumentsIn[vendor](sent({ client, vendor, body }).body), client).toEqual(EMPTY[vendor])
    })
  })

  test('OpenAI gets JSON', () => {
    expect(
      argumentsIn['openai-responses'](sent({ client: 'openai-chat', vendor: 'openai-responses', body: chat('') }).body),
    ).toBe('{}')
    expect(
      argumentsIn['openai-chat'](sent({ client: 'openai-responses', vendor: 'openai-chat', body: responses('') }).body),
    ).toBe('{}')
  })
})

test('a tool without a schema has one where the vendor demands it, and none where an empty one is refused', () => {
  const body = { ...asks('openai-chat'), tools: [{ type: 'function', function: { name: 'get_time' } }] }
  const tool = (vendor: WireId) => objects(sent({ client: 'openai-chat', vendor, body }).body['tools'])[0]
  expect(tool('anthropic')).toMatchObject({ name: 'get_time', input_schema: { type: 'object' } })
  expect(tool('openai-responses')).toMatchObject({ name: 'get_time' })
  expect(objects(tool('gemini')?.['functionDeclarations'])).toEqual([{ name: 'get_time' }])
})
