import { describe, expect, test } from 'vitest'
import { asObject, type JsonObject } from '../core/json.ts'
import { objects, present } from '../e2e/recordings/json-parts.ts'
import { type Asked, sent } from './kit/trip.ts'

const use = (id: string) => ({ type: 'tool_use', id, name: 'get_weather', input: { id } })
const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: `result of ${id}` })
const call = (id: string) => ({
  id,
  type: 'function',
  function: { name: 'get_weather', arguments: JSON.stringify({ id }) },
})
const tool = (id: string) => ({ role: 'tool', tool_call_id: id, content: `result of ${id}` })
const item = (id: string) => ({
  type: 'function_call',
  call_id: id,
  name: 'get_weather',
  arguments: JSON.stringify({ id }),
})
const output = (id: string) => ({ type: 'function_call_output', call_id: id, output: `result of ${id}` })
const hi = { role: 'user', content: 'Hi' }

/** Three calls of the same function, answered as the ids say. */
const asked = (ids: readonly string[]): readonly Asked[] => [
  {
    client: 'openai-chat',
    vendor: 'gemini',
    body: {
      messages: [hi, { role: 'assistant', content: null, tool_calls: ['a', 'b', 'c'].map(call) }, ...ids.map(tool)],
    },
  },
  {
    client: 'anthropic',
    vendor: 'gemini',
    body: {
      max_tokens: 100,
      messages: [
        hi,
        { role: 'assistant', content: ['a', 'b', 'c'].map(use) },
        { role: 'user', content: [...ids.map(result), { type: 'text', text: 'Go on' }] },
      ],
    },
  },
  {
    client: 'openai-responses',
    vendor: 'gemini',
    body: { input: [hi, ...['a', 'b', 'c'].map(item), ...ids.map(output)] },
  },
]

interface Pair {
  readonly called: unknown
  readonly answered: JsonObject
}

/** The calls of the model's content and the responses of the next one. */
function pairsIn(body: JsonObject): readonly Pair[] {
  const contents = objects(body['contents'])
  const at = contents.findIndex(({ role }) => role === 'model')
  const inner = (index: number, key: string) =>
    present(objects(contents[index]?.['parts']).map((part) => asObject(part[key])))
  const [calls, answers] = [inner(at, 'functionCall'), inner(at + 1, 'functionResponse')]
  expect(answers.length, 'as many responses as calls, in one content').toBe(calls.length)
  expect(objects(contents[at + 1]?.['parts']).findIndex((part) => part['functionResponse'] === undefined)).not.toBe(0)
  return calls.map(({ args }, index) => ({
    called: asObject(args)?.['id'],
    answered: asObject(answers[index]?.['response']) ?? {},
  }))
}

describe('Gemini gets one content with as many responses as there were calls, in their order', () => {
  test.each(asked(['c', 'a', 'b']))('$client: results in another order', (one) => {
    const answered = (id: string) => ({ called: id, answered: { output: `result of ${id}` } })
    expect(pairsIn(sent(one).body)).toEqual(['a', 'b', 'c'].map(answered))
  })

  test.each(asked(['a', 'c']))('$client: a result that is missing is an error of that tool, and told', (one) => {
    const { body, losses } = sent(one)
    expect(pairsIn(body)).toMatchObject([
      { called: 'a', answered: { output: 'result of a' } },
      { called: 'b', answered: { error: expect.any(String) } },
      { called: 'c', answered: { output: 'result of c' } },
    ])
    expect(losses).toContain('result=emulated')
  })
})
