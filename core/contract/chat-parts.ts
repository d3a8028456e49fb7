import type { Block, Chat, Tool, Turn } from '../chat.ts'
import type { JsonObject } from '../json.ts'

/** What the requests of the contract suites are put together from. */
export const asking = (fields: Partial<Chat>): Chat => ({
  model: 'model',
  stream: false,
  turns: [user(text('Hello'))],
  tools: [],
  ...fields,
})

/** Blocks and turns of text. */
export const text = (words: string): Block => ({ kind: 'text', text: words })
export const user = (...blocks: readonly Block[]): Turn => ({ role: 'user', blocks })
export const assistant = (...blocks: readonly Block[]): Turn => ({ role: 'assistant', blocks })
export const system = (words: string): Turn => ({ role: 'system', blocks: [text(words)] })

/** A tool as most requests have one. */
export const weather = (): Extract<Tool, { kind: 'function' }> => ({
  kind: 'function',
  name: 'get_weather',
  description: 'The weather in a city',
  schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
})

/** A schema that every strict mode takes. */
export const PERSON: JsonObject = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' } },
  required: ['name', 'age'],
  additionalProperties: false,
}

/** A picture of one pixel. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** The first line of a document. */
export const PDF = 'JVBERi0xLjQK'
