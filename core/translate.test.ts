import { describe, expect, test } from 'vitest'
import { Fault } from './fault.ts'
import type { JsonObject } from './json.ts'
import { type ToTranslate, translateRequest } from './translate.ts'

const targetOf = (more: Partial<ToTranslate> = {}): ToTranslate => ({
  form: 'openai-chat',
  asked: { model: 'asked', stream: false },
  spoken: ['anthropic'],
  model: 'sent',
  account: 'main',
  outputTokensMax: 4_000,
  capabilities: {},
  dialect: {},
  store: false,
  lossMode: 'warn',
  usageOnRequest: false,
  ...more,
})
const bodyOf = (bytes: Uint8Array): JsonObject => JSON.parse(new TextDecoder().decode(bytes)) as JsonObject
const faultOf = (work: () => unknown): Fault | undefined => {
  try {
    work()
  } catch (error) {
    if (error instanceof Fault) return error
  }
  return undefined
}

const HELLO = { model: 'asked', messages: [{ role: 'user', content: 'Hi' }] }
const TOOLS = [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }]

describe('a request in another wire', () => {
  test('goes to the first wire that the vendor speaks, with the model that is sent', () => {
    const { wire, body, losses, chat } = translateRequest(HELLO, targetOf({ spoken: ['gemini', 'anthropic'] }))
    expect([wire, losses, chat.turns]).toEqual(['gemini', [], []])
    expect(bodyOf(body)).toMatchObject({ contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] })
  })

  test('names what is lost as the client spells it', () => {
    const asked = { form: 'gemini', asked: { model: 'asked', stream: false }, spoken: ['openai-chat'] } as const
    const body = { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }], generationConfig: { topK: 3 } }
    expect(translateRequest(body, targetOf(asked)).losses).toContainEqual(
      expect.objectContaining({ field: 'generationConfig.topK', what: 'dropped' }),
    )
  })

  test('tells of the effort that was asked for where the budget made of it is left out', () => {
    const call = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } }
    const answered = [
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c1', content: 'seen' },
    ]
    const body = { ...HELLO, messages: [...HELLO.messages, ...answered], tools: TOOLS, reasoning_effort: 'high' }
    const { losses } = translateRequest(body, targetOf({ capabilities: { reasoningAmount: 'budget' } }))
    expect(losses.map(({ field, what }) => `${field} ${what}`)).toEqual([
      'reasoning_effort emulated',
      'reasoning_effort dropped',
    ])
  })

  test('names fields that only the client knows by where they stand in its body', () => {
    const asked = { form: 'gemini', asked: { model: 'asked', stream: false }, spoken: ['openai-chat'] } as const
    const body = { contents: [{ role: 'user', x_turn: 1, parts: [{ text: 'Hi', x_part: 1 }] }] }
    const fields = translateRequest(body, targetOf(asked)).losses.map(({ field }) => field)
    expect(fields.toSorted()).toEqual(['contents.parts.x_part', 'contents.x_turn'])
  })

  test('is refused on a strict route, with the field, and passes there when nothing is lost', () => {
    const strict = targetOf({ lossMode: 'strict' })
    expect(faultOf(() => translateRequest({ ...HELLO, seed: 1 }, strict))).toMatchObject({
      code: 'bad_request',
      field: 'seed',
    })
    expect(translateRequest(HELLO, strict).losses).toEqual([])
  })

  test('asks for usage at the end of a stream where the vendor must be asked', () => {
    const stream = { asked: { model: 'asked', stream: true }, spoken: ['openai-chat'], form: 'anthropic' } as const
    const body = { model: 'asked', max_tokens: 5, stream: true, messages: HELLO.messages }
    const asks = { stream_options: { include_usage: true } }
    expect(bodyOf(translateRequest(body, targetOf({ ...stream, usageOnRequest: true })).body)).toMatchObject(asks)
    expect(bodyOf(translateRequest(body, targetOf(stream)).body)).not.toHaveProperty('stream_options')
  })

  test('tells Gemini not to keep it, unless somebody wants that', () => {
    const sent = (more: Partial<ToTranslate>, body: JsonObject = HELLO) =>
      bodyOf(translateRequest(body, targetOf({ spoken: ['gemini'], ...more })).body)['store']
    expect(sent({})).toBe(false)
    expect(sent({ store: true })).toBeUndefined()
    expect(sent({}, { ...HELLO, store: true })).toBe(true)
  })
})

describe('chat completions for a model that takes tools on the responses endpoint only', () => {
  const bridged = targetOf({ spoken: ['openai-chat', 'openai-responses'], capabilities: { responsesOnly: 'tools' } })

  test('are bridged to it, and not kept there', () => {
    const { wire, body } = translateRequest({ ...HELLO, tools: TOOLS }, bridged)
    expect(wire).toBe('openai-responses')
    expect(bodyOf(body)).toMatchObject({ store: false, tools: [{ type: 'function', name: 'look' }] })
  })

  test('stay where they are without tools, without reasoning, or where there is no such endpoint', () => {
    expect(translateRequest(HELLO, bridged).wire).toBe('openai-chat')
    expect(translateRequest({ ...HELLO, tools: TOOLS, reasoning_effort: 'none' }, bridged).wire).toBe('openai-chat')
    expect(translateRequest({ ...HELLO, tools: TOOLS }, { ...bridged, spoken: ['openai-chat'] }).wire).toBe(
      'openai-chat',
    )
  })
})

describe('what would answer another question is refused', () => {
  test.each([
    [{ previous_response_id: 'resp_1' }, 'previous_response_id'],
    [{ conversation: 'conv_1' }, 'conversation'],
    [{ background: true }, 'background'],
    [{ store: true }, 'store'],
  ])('state at another vendor: %j', (more, field) => {
    const target = targetOf({ form: 'openai-responses' })
    const body = { model: 'asked', input: 'Hi', ...more }
    expect(faultOf(() => translateRequest(body, target))).toMatchObject({ code: 'bad_request', field })
  })

  test("an unfinished assistant's turn for a model that does not continue one, by the client's word for its turns", () => {
    const body = { ...HELLO, messages: [...HELLO.messages, { role: 'assistant', content: 'Once' }] }
    expect(faultOf(() => translateRequest(body, targetOf({ capabilities: { prefill: 'no' } })))).toMatchObject({
      code: 'bad_request',
      field: 'messages',
    })
  })
})
