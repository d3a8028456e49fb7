import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../core/json.ts'
import { objects, text } from '../e2e/recordings/json-parts.ts'
import { asks } from './kit/asks.ts'
import { hearBoth, hearStream } from './kit/hear.ts'
import { callChunk, chunk, DONE, says, unnamed } from './kit/says.ts'
import { type Asked, sent } from './kit/trip.ts'

const CALL = { id: 'call_a', name: 'get_weather', given: '{"city":"Oslo"}' }
const call = { id: CALL.id, type: 'function', function: { name: CALL.name, arguments: CALL.given } }
const item = { type: 'function_call', call_id: CALL.id, name: CALL.name, arguments: CALL.given }

/** An assistant's turn of blank words and a call, and the answer to it. */
const turns = (blank: string): readonly Asked[] => [
  {
    client: 'openai-chat',
    vendor: 'anthropic',
    body: {
      ...asks('openai-chat', { tools: true }),
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: blank, tool_calls: [call] },
        { role: 'tool', tool_call_id: 'call_a', content: 'Rain' },
      ],
    },
  },
  {
    client: 'openai-responses',
    vendor: 'anthropic',
    body: {
      ...asks('openai-responses', { tools: true }),
      input: [
        { role: 'user', content: 'Hi' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: blank }] },
        item,
        { type: 'function_call_output', call_id: 'call_a', output: 'Rain' },
      ],
    },
  },
  {
    client: 'gemini',
    vendor: 'anthropic',
    body: {
      ...asks('gemini', { tools: true }),
      contents: [
        { role: 'user', parts: [{ text: 'Hi' }] },
        { role: 'model', parts: [{ text: blank }, { functionCall: { name: CALL.name, args: { city: 'Oslo' } } }] },
        { role: 'user', parts: [{ functionResponse: { name: CALL.name, response: { output: 'Rain' } } }] },
      ],
    },
  },
]

const blocksIn = (body: JsonObject) => objects(body['messages']).flatMap(({ content }) => objects(content))
const isBlank = ({ type, text: words }: JsonObject) => type === 'text' && text(words).trim() === ''

describe('a blank text never reaches Anthropic, which refuses it, and its turn stays', () => {
  describe.each(['', ' ', '\n\n'])('%j', (blank) => {
    test.each(turns(blank))('from $client', (asked) => {
      const { body } = sent(asked)
      expect(blocksIn(body).filter(isBlank)).toEqual([])
      expect(objects(body['messages']).map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
      expect(objects(objects(body['messages'])[1]?.['content'])).toMatchObject([{ type: 'tool_use', name: CALL.name }])
    })

    test("a user's turn of nothing else keeps its place", () => {
      const messages = [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
        { role: 'user', content: blank },
      ]
      const { body } = sent({ client: 'openai-chat', vendor: 'anthropic', body: { messages } })
      expect(objects(body['messages']).map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
      expect(blocksIn(body).filter(isBlank)).toEqual([])
    })
  })
})

describe('a call without words has no content at OpenAI, not an empty one', () => {
  test('in a request', () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'call_a', name: CALL.name, input: { city: 'Oslo' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_a', content: 'Rain' }] },
    ]
    const { body } = sent({ client: 'anthropic', vendor: 'openai-chat', body: { ...asks('anthropic'), messages } })
    expect(objects(body['messages'])[1]).toMatchObject({ content: null, tool_calls: [call] })
  })

  test.each(['anthropic', 'gemini', 'openai-responses'] as const)('in the reply of %s', (vendor) => {
    const body = asks('openai-chat', { tools: true })
    for (const [way, { turn }] of hearBoth({ client: 'openai-chat', vendor, body }, says(vendor, { calls: [CALL] })))
      expect(turn, way).toMatchObject([{ content: null }])
  })
})

test('the blank words that nodes stream before a call open no block for an Anthropic client', () => {
  const events = unnamed(
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: '\n' }),
    chunk({ content: '\n' }),
    callChunk(0, call),
    chunk({}, { finish_reason: 'tool_calls' }),
  )
  const body = asks('anthropic', { tools: true })
  const heard = hearStream(sent({ client: 'anthropic', vendor: 'openai-chat', body, stream: true }), events + DONE)
  expect(objects(heard.turn[0]?.['content']).map(({ type }) => type)).toEqual(['tool_use'])
  const whole = hearBoth(
    { client: 'anthropic', vendor: 'openai-chat', body },
    says('openai-chat', { text: '\n\n', calls: [CALL] }),
  )
  for (const [way, { turn }] of whole) expect(objects(turn[0]?.['content']).filter(isBlank), way).toEqual([])
})
