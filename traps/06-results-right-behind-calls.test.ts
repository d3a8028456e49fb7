import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { objects, text } from '../e2e/recordings/json-parts.ts'
import { type Asked, refused, sent } from './kit/trip.ts'

const call = (id: string) => ({ id, type: 'function', function: { name: 'get_weather', arguments: '{}' } })
const tool = (id: string) => ({ role: 'tool', tool_call_id: id, content: `result of ${id}` })
const output = (id: string) => ({ type: 'function_call_output', call_id: id, output: `result of ${id}` })
const item = (id: string) => ({ type: 'function_call', call_id: id, name: 'get_weather', arguments: '{}' })
const hi = { role: 'user', content: 'Hi' }
const wait = { role: 'user', content: 'Be quick!' }

const CHAT: readonly (readonly [what: string, messages: readonly JsonObject[]])[] = [
  ['in the order of the calls', [tool('a'), tool('b'), wait]],
  ['in another order', [tool('b'), tool('a'), wait]],
  ["behind the user's words", [wait, tool('a'), tool('b')]],
  ["on both sides of the user's words", [tool('b'), wait, tool('a')]],
]
const RESPONSES: readonly (readonly [what: string, items: readonly JsonObject[]])[] = [
  ['behind all calls', [item('a'), item('b'), output('a'), output('b'), wait]],
  ['each behind its call', [item('a'), output('a'), item('b'), output('b'), wait]],
  ["behind the user's words", [item('a'), item('b'), wait, output('b'), output('a')]],
]

/** Anthropic's rule: the results of a message's calls, all of them and first, in the very next message. */
function expectInPlace(body: JsonObject): void {
  const messages = objects(body['messages'])
  const results: string[] = []
  for (const [index, message] of messages.entries()) {
    const calls = objects(message['content']).flatMap(({ type, id }) => (type === 'tool_use' ? [text(id)] : []))
    const next = objects(messages[index + 1]?.['content'])
    expect(next.slice(0, calls.length).map((block) => block['tool_use_id'])).toEqual(calls)
    results.push(...calls)
  }
  expect(results.toSorted()).toEqual(['a', 'b'])
  expect(messages.map(({ role }) => role)).toEqual(messages.map((_, index) => (index % 2 === 0 ? 'user' : 'assistant')))
  expect(JSON.stringify(messages)).toContain('Be quick!')
}

describe('Anthropic gets all results first in the very next message, however the client scattered them', () => {
  test.each(CHAT)('chat: %s', (_, rest) => {
    const messages = [hi, { role: 'assistant', content: null, tool_calls: [call('a'), call('b')] }, ...rest]
    expectInPlace(sent({ client: 'openai-chat', vendor: 'anthropic', body: { messages } }).body)
  })

  test.each(RESPONSES)('responses: %s', (_, rest) => {
    expectInPlace(sent({ client: 'openai-responses', vendor: 'anthropic', body: { input: [hi, ...rest] } }).body)
  })

  test('Gemini: words before the results of the same content', () => {
    const contents = [
      { role: 'user', parts: [{ text: 'Hi' }] },
      { role: 'model', parts: ['a', 'b'].map((id) => ({ functionCall: { id, name: 'get_weather', args: {} } })) },
      {
        role: 'user',
        parts: [
          { text: 'Be quick!' },
          ...['b', 'a'].map((id) => ({ functionResponse: { id, name: 'get_weather', response: { output: id } } })),
        ],
      },
    ]
    expectInPlace(sent({ client: 'gemini', vendor: 'anthropic', body: { contents } }).body)
  })
})

describe('OpenAI gets the results right behind the calls, before the words that stood with them', () => {
  const asked: readonly Asked[] = [
    {
      client: 'anthropic',
      vendor: 'openai-chat',
      body: {
        max_tokens: 100,
        messages: [
          hi,
          {
            role: 'assistant',
            content: ['a', 'b'].map((id) => ({ type: 'tool_use', id, name: 'get_weather', input: {} })),
          },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Be quick!' },
              { type: 'tool_result', tool_use_id: 'b', content: 'B' },
              { type: 'tool_result', tool_use_id: 'a', content: 'A' },
            ],
          },
        ],
      },
    },
    {
      client: 'openai-responses',
      vendor: 'openai-chat',
      body: { input: [hi, item('a'), item('b'), wait, output('b'), output('a')] },
    },
  ]
  test.each(asked)('from $client', (one) => {
    const messages = objects(sent(one).body['messages'])
    const at = messages.findIndex((message) => message['tool_calls'] !== undefined)
    expect(messages.slice(at + 1).map(({ role }) => role)).toEqual(['tool', 'tool', 'user'])
    expect(
      messages
        .slice(at + 1, at + 3)
        .map((message) => text(message['tool_call_id']))
        .toSorted(),
    ).toEqual(['a', 'b'])
  })
})

describe('a result whose call is nowhere is refused by the name of its field: no vendor could answer it', () => {
  const asked: readonly (readonly [field: string, asked: Asked])[] = [
    [
      'messages[1].tool_call_id',
      { client: 'openai-chat', vendor: 'anthropic', body: { messages: [hi, tool('ghost')] } },
    ],
    ['input[1].call_id', { client: 'openai-responses', vendor: 'anthropic', body: { input: [hi, output('ghost')] } }],
    [
      'messages[0].content[0].tool_use_id',
      {
        client: 'anthropic',
        vendor: 'openai-chat',
        body: {
          max_tokens: 100,
          messages: [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: 'ghost', content: 'Boo' }] }],
        },
      },
    ],
  ]
  test.each(asked)('%s', (field, one) => {
    expect(refused(one)).toMatchObject({ code: 'bad_request', field })
  })
})
