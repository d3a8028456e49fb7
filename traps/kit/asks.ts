import type { WireId } from '../../core/chat.ts'
import { asList, type JsonObject } from '../../core/json.ts'
import type { Heard } from './heard.ts'

/** A question in the words of each wire, with the tools that the calls in these tests are of. */
export function asks(wire: WireId, { tools = false }: { readonly tools?: boolean } = {}): JsonObject {
  switch (wire) {
    case 'openai-chat':
      return {
        messages: [{ role: 'user', content: QUESTION }],
        ...(tools
          ? { tools: NAMES.map((name) => ({ type: 'function', function: { name, parameters: SCHEMA } })) }
          : {}),
      }
    case 'openai-responses':
      return {
        input: [{ type: 'message', role: 'user', content: QUESTION }],
        ...(tools
          ? { tools: NAMES.map((name) => ({ type: 'function', name, parameters: SCHEMA, strict: false })) }
          : {}),
      }
    case 'anthropic':
      return {
        max_tokens: 4_000,
        messages: [{ role: 'user', content: QUESTION }],
        ...(tools ? { tools: NAMES.map((name) => ({ name, input_schema: SCHEMA })) } : {}),
      }
    case 'gemini':
      return {
        contents: [{ role: 'user', parts: [{ text: QUESTION }] }],
        ...(tools
          ? { tools: [{ functionDeclarations: NAMES.map((name) => ({ name, parametersJsonSchema: SCHEMA })) }] }
          : {}),
      }
  }
}

/** The next request of a client that has run the tools which it was asked to: what it heard, given back as it came, and an answer to each call. */
export function nextAsk(wire: WireId, before: JsonObject, { turn, calls }: Heard): JsonObject {
  const key = LISTS[wire]
  return { ...before, [key]: [...(asList(before[key]) ?? []), ...turn, ...answersTo(wire, calls)] }
}

/** More words of the user. */
export function moreAsk(wire: WireId, before: JsonObject, words: string): JsonObject {
  const key = LISTS[wire]
  const turn = wire === 'gemini' ? { role: 'user', parts: [{ text: words }] } : { role: 'user', content: words }
  return { ...before, [key]: [...(asList(before[key]) ?? []), turn] }
}

function answersTo(wire: WireId, calls: Heard['calls']): readonly JsonObject[] {
  if (calls.length === 0) return []
  switch (wire) {
    case 'openai-chat':
      return calls.map(({ id, name }) => ({ role: 'tool', tool_call_id: id, content: answer(name) }))
    case 'openai-responses':
      return calls.map(({ id, name }) => ({ type: 'function_call_output', call_id: id, output: answer(name) }))
    case 'anthropic':
      return [
        {
          role: 'user',
          content: calls.map(({ id, name }) => ({ type: 'tool_result', tool_use_id: id, content: answer(name) })),
        },
      ]
    case 'gemini':
      return [{ role: 'user', parts: calls.map(({ id, name }) => responsePart(id, name)) }]
  }
}

const responsePart = (id: string, name: string): JsonObject => ({
  functionResponse: { ...(id === '' ? {} : { id }), name, response: { output: answer(name) } },
})

/** What a tool gives back. */
const answer = (name: string): string => `${name} says so`

const LISTS: { readonly [wire in WireId]: string } = {
  'openai-chat': 'messages',
  'openai-responses': 'input',
  anthropic: 'messages',
  gemini: 'contents',
}

const QUESTION = 'How is the weather in Oslo, and what time is it?'
const NAMES = ['get_weather', 'get_time'] as const
const SCHEMA: JsonObject = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
