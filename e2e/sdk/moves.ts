import { isRecord } from '../kit/wire-vendor-check.ts'
import type { ClientWire } from './client.ts'

/** A conversation with tools in one wire, raw: the whole answer of the model goes back, as every program does it. */
export interface Conversation {
  readonly wire: ClientWire
  readonly begin: (thinking: 'level' | 'budget') => object
  /** The same conversation with the answer, and the results that it wants. */
  readonly goOn: (body: object, answer: unknown) => object
  readonly textOf: (answer: unknown) => string
}

export const QUESTION = 'call get_weather for Paris and Rome, then call get_weather for Oslo'

const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}

export const conversations: readonly Conversation[] = [
  {
    wire: 'openai-chat',
    begin: () => ({
      messages: [{ role: 'user', content: QUESTION }],
      tools: [{ type: 'function', function: { name: 'get_weather', parameters: schema } }],
      reasoning_effort: 'medium',
    }),
    goOn: (body, answer) => {
      const message = at(answer, 'choices', 0, 'message')
      const results = list(at(message, 'tool_calls')).map((call) => ({
        role: 'tool',
        tool_call_id: at(call, 'id'),
        content: `fine for ${text(at(call, 'function', 'arguments'))}`,
      }))
      return { ...body, messages: [...list(at(body, 'messages')), message, ...results] }
    },
    textOf: (answer) => text(at(answer, 'choices', 0, 'message', 'content')),
  },
  {
    wire: 'openai-responses',
    begin: () => ({
      input: [{ role: 'user', content: QUESTION }],
      tools: [{ type: 'function', name: 'get_weather', parameters: schema }],
      store: false,
      include: ['reasoning.encrypted_content'],
      reasoning: { effort: 'medium', summary: 'auto' },
    }),
    goOn: (body, answer) => {
      const output = list(at(answer, 'output'))
      const results = output
        .filter((item) => at(item, 'type') === 'function_call')
        .map((call) => ({
          type: 'function_call_output',
          call_id: at(call, 'call_id'),
          output: `fine for ${text(at(call, 'arguments'))}`,
        }))
      return { ...body, input: [...list(at(body, 'input')), ...output, ...results] }
    },
    textOf: (answer) =>
      list(at(answer, 'output'))
        .filter((item) => at(item, 'type') === 'message')
        .map((item) => text(at(item, 'content', 0, 'text')))
        .join(''),
  },
  {
    wire: 'anthropic',
    begin: (thinking) => ({
      max_tokens: 4000,
      thinking:
        thinking === 'budget' ? { type: 'enabled', budget_tokens: 1024 } : { type: 'adaptive', display: 'summarized' },
      messages: [{ role: 'user', content: QUESTION }],
      tools: [{ name: 'get_weather', input_schema: schema }],
    }),
    goOn: (body, answer) => {
      const content = list(at(answer, 'content'))
      const results = content
        .filter((block) => at(block, 'type') === 'tool_use')
        .map((call) => ({
          type: 'tool_result',
          tool_use_id: at(call, 'id'),
          content: `fine for ${JSON.stringify(at(call, 'input'))}`,
        }))
      return {
        ...body,
        messages: [...list(at(body, 'messages')), { role: 'assistant', content }, { role: 'user', content: results }],
      }
    },
    textOf: (answer) =>
      list(at(answer, 'content'))
        .map((block) => text(at(block, 'text')))
        .join(''),
  },
  {
    wire: 'gemini',
    begin: () => ({
      contents: [{ role: 'user', parts: [{ text: QUESTION }] }],
      tools: [{ functionDeclarations: [{ name: 'get_weather', parametersJsonSchema: schema }] }],
      generationConfig: { thinkingConfig: { includeThoughts: true } },
    }),
    goOn: (body, answer) => {
      const content = at(answer, 'candidates', 0, 'content')
      const calls = list(at(content, 'parts'))
        .map((part) => at(part, 'functionCall'))
        .filter(isRecord)
      const parts = calls.map(({ id, name, args }) => ({
        functionResponse: {
          ...(id === undefined ? {} : { id }),
          name,
          response: { output: `fine for ${JSON.stringify(args)}` },
        },
      }))
      return { ...body, contents: [...list(at(body, 'contents')), content, { role: 'user', parts }] }
    },
    textOf: (answer) =>
      list(at(answer, 'candidates', 0, 'content', 'parts'))
        .filter((part) => at(part, 'thought') !== true)
        .map((part) => text(at(part, 'text')))
        .join(''),
  },
]

/** The value at the end of these steps, or `undefined`. */
function at(json: unknown, ...steps: readonly (string | number)[]): unknown {
  return steps.reduce<unknown>((value, step) => {
    if (typeof step === 'number') return Array.isArray(value) ? (value[step] as unknown) : undefined
    return isRecord(value) ? value[step] : undefined
  }, json)
}

const list = (json: unknown): readonly unknown[] => (Array.isArray(json) ? json : [])
const text = (json: unknown): string => (typeof json === 'string' ? json : '')
