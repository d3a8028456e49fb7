import type { WireId } from '../../core/chat.ts'
import { type Json, type JsonObject, parseJson } from '../../core/json.ts'
import type { Said } from './hear.ts'

/** An answer that any vendor could give. */
export interface Saying {
  readonly thought?: { readonly text: string; readonly proof?: string }
  readonly text?: string
  readonly calls?: readonly Calling[]
  /** The vendor's own word. Absent: the usual one. */
  readonly stop?: string
  /** As the vendor spells it. */
  readonly usage?: JsonObject
}

export interface Calling {
  readonly id: string
  readonly name: string
  /** JSON text. */
  readonly given: string
}

/** The answer as a vendor of the wire gives it, whole and streamed, by its documentation. */
export function says(wire: WireId, saying: Saying): Said {
  switch (wire) {
    case 'openai-chat':
      return chatSays(saying)
    case 'openai-responses':
      return responseSays(saying)
    case 'anthropic':
      return messageSays(saying)
    case 'gemini':
      return contentSays(saying)
  }
}

/** Unnamed events, as OpenAI's chat and Gemini have them. */
export const unnamed = (...events: readonly JsonObject[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')

/** Events named after their type, as Anthropic and OpenAI's responses have them. */
export const named = (...events: readonly ({ readonly type: string } & JsonObject)[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')

export const DONE = 'data: [DONE]\n\n'

/** A chunk of chat completions. */
export const chunk = (delta: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...CHUNK,
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
})

/** A chunk with a piece of a call. */
export const callChunk = (index: number, piece: JsonObject): JsonObject => chunk({ tool_calls: [{ index, ...piece }] })

export const usageChunk = (usage: JsonObject): JsonObject => ({ ...CHUNK, choices: [], usage })

/** The beginning of a message. */
export const messageStart = (usage: JsonObject = {}, id = 'msg_01'): { readonly type: string } & JsonObject => ({
  type: 'message_start',
  message: {
    id,
    type: 'message',
    role: 'assistant',
    model: 'm-1',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 5, output_tokens: 1, ...usage },
  },
})

/** The end of a message. */
export const messageEnd = (stop: string, usage: JsonObject = {}): string =>
  named(
    { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: 7, ...usage } },
    { type: 'message_stop' },
  )

/** A block of a message: its beginning, the deltas, its end. */
export const block = (index: number, begin: JsonObject, ...deltas: readonly JsonObject[]): string =>
  named(
    { type: 'content_block_start', index, content_block: begin },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  )

/** An object of Gemini with one candidate. */
export const candidate = (parts: readonly Json[], more: JsonObject = {}, around: JsonObject = {}): JsonObject => ({
  ...GENERATED,
  candidates: [{ index: 0, content: { role: 'model', parts }, ...more }],
  ...around,
})

const CHUNK = { id: 'chatcmpl-01', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'm-1' } as const
const GENERATED = { modelVersion: 'm-1', responseId: 'gen-01' } as const
const RESPONSE = { id: 'resp_01', object: 'response', created_at: 1_790_000_000, model: 'm-1', error: null } as const

/** The two halves of a text, because no vendor sends it in one piece. */
const halves = (text: string): readonly string[] => {
  const middle = Math.ceil(text.length / 2)
  return [text.slice(0, middle), text.slice(middle)].filter((half) => half !== '')
}

function chatSays({ thought, text, calls = [], stop, usage = CHAT_USAGE }: Saying): Said {
  const finish = stop ?? (calls.length > 0 ? 'tool_calls' : 'stop')
  const given = calls.map(({ id, name, given: args }) => ({
    id,
    type: 'function',
    function: { name, arguments: args },
  }))
  const message = {
    role: 'assistant',
    content: text ?? null,
    ...(thought === undefined ? {} : { reasoning_content: thought.text }),
    ...(calls.length === 0 ? {} : { tool_calls: given }),
  }
  const stream = unnamed(
    chunk({ role: 'assistant', content: '' }),
    ...halves(thought?.text ?? '').map((half) => chunk({ reasoning_content: half })),
    ...halves(text ?? '').map((half) => chunk({ content: half })),
    ...given.flatMap(({ function: { name, arguments: args }, ...call }, index) => [
      callChunk(index, { ...call, function: { name, arguments: '' } }),
      ...halves(args).map((half) => callChunk(index, { function: { arguments: half } })),
    ]),
    chunk({}, { finish_reason: finish }),
    usageChunk(usage),
  )
  const { id, created, model } = CHUNK
  return {
    whole: {
      id,
      object: 'chat.completion',
      created,
      model,
      choices: [{ index: 0, message, finish_reason: finish }],
      usage,
    },
    stream: stream + DONE,
  }
}

function messageSays({ thought, text, calls = [], stop, usage = MESSAGE_USAGE }: Saying): Said {
  const finish = stop ?? (calls.length > 0 ? 'tool_use' : 'end_turn')
  const content: JsonObject[] = []
  let blocks = ''
  const add = (whole: JsonObject, begin: JsonObject, deltas: readonly JsonObject[]) => {
    blocks += block(content.length, begin, ...deltas)
    content.push(whole)
  }
  if (thought !== undefined) {
    const { text: thinking, proof: signature = '' } = thought
    const pieces = halves(thinking).map((half) => ({ type: 'thinking_delta', thinking: half }))
    const begin = { type: 'thinking', thinking: '', signature: '' }
    add({ type: 'thinking', thinking, signature }, begin, [...pieces, { type: 'signature_delta', signature }])
  }
  if (text !== undefined) {
    const pieces = halves(text).map((half) => ({ type: 'text_delta', text: half }))
    add({ type: 'text', text }, { type: 'text', text: '' }, pieces)
  }
  for (const { id, name, given } of calls) {
    const pieces = halves(given).map((half) => ({ type: 'input_json_delta', partial_json: half }))
    const head = { type: 'tool_use', id, name }
    add({ ...head, input: parseJson(given) ?? {} }, { ...head, input: {} }, pieces)
  }
  const { output_tokens: _, ...prompt } = usage
  const start = messageStart({ ...prompt, output_tokens: 1 })
  const { message } = start
  return {
    whole: { ...(message as JsonObject), content, stop_reason: finish, usage },
    stream: named(start) + blocks + messageEnd(finish, usage),
  }
}

function contentSays({ thought, text, calls = [], stop, usage = CONTENT_USAGE }: Saying): Said {
  const finish = stop ?? 'STOP'
  const { proof } = thought ?? {}
  const signature = proof === undefined ? {} : { thoughtSignature: proof }
  const asked = calls.map(({ name, given }, index) => ({
    functionCall: { name, args: parseJson(given) ?? {} },
    ...(index === 0 ? signature : {}),
  }))
  const said: readonly JsonObject[] = text === undefined ? [] : [{ text, ...(calls.length === 0 ? signature : {}) }]
  const thoughts = thought === undefined ? [] : [{ text: thought.text, thought: true }]
  const pieces = [
    ...halves(thought?.text ?? '').map((half) => ({ text: half, thought: true })),
    ...halves(text ?? '').map((half, index, all) => ({
      text: half,
      ...(calls.length === 0 && index === all.length - 1 ? signature : {}),
    })),
    ...asked,
  ]
  const around = { usageMetadata: usage }
  const last = pieces.length - 1
  return {
    whole: candidate([...thoughts, ...said, ...asked], { finishReason: finish }, around),
    stream: unnamed(
      ...pieces.map((piece, index) => candidate([piece], index === last ? { finishReason: finish } : {}, around)),
    ).replaceAll('\n', '\r\n'),
  }
}

function responseSays({ thought, text, calls = [], stop = 'completed', usage = RESPONSE_USAGE }: Saying): Said {
  const output: JsonObject[] = []
  const events: ({ readonly type: string } & JsonObject)[] = []
  const add = (item: JsonObject, begin: JsonObject, tell: (at: JsonObject) => typeof events) => {
    const at = { item_id: item['id'] ?? '', output_index: output.length }
    events.push({ type: 'response.output_item.added', output_index: output.length, item: begin })
    events.push(...tell(at), { type: 'response.output_item.done', output_index: output.length, item })
    output.push(item)
  }
  if (thought !== undefined) {
    const head = {
      id: 'rs_01',
      type: 'reasoning',
      ...(thought.proof === undefined ? {} : { encrypted_content: thought.proof }),
    }
    const summary = thought.text === '' ? [] : [{ type: 'summary_text', text: thought.text }]
    add({ ...head, summary }, { ...head, summary: [] }, (at) =>
      halves(thought.text).map((delta) => ({
        type: 'response.reasoning_summary_text.delta',
        ...at,
        summary_index: 0,
        delta,
      })),
    )
  }
  if (text !== undefined) {
    const head = { id: 'msg_01', type: 'message', role: 'assistant' }
    const content = [{ type: 'output_text', text, annotations: [] }]
    add({ ...head, status: 'completed', content }, { ...head, status: 'in_progress', content: [] }, (at) =>
      halves(text).map((delta) => ({ type: 'response.output_text.delta', ...at, content_index: 0, delta })),
    )
  }
  for (const [index, { id, name, given }] of calls.entries()) {
    const head = { id: `fc_0${index}`, type: 'function_call', call_id: id, name }
    add({ ...head, status: 'completed', arguments: given }, { ...head, status: 'in_progress', arguments: '' }, (at) => [
      ...halves(given).map((delta) => ({ type: 'response.function_call_arguments.delta', ...at, delta })),
      { type: 'response.function_call_arguments.done', ...at, arguments: given },
    ])
  }
  const [status = '', reason] = stop.split('/')
  const incomplete_details = reason === undefined ? null : { reason }
  const begun = { ...RESPONSE, status: 'in_progress', output: [], usage: null }
  const whole = { ...RESPONSE, status, incomplete_details, output, usage }
  const all = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...events,
    { type: `response.${status}`, response: whole },
  ]
  return { whole, stream: named(...all.map((event, sequence_number) => ({ ...event, sequence_number }))) }
}

const CHAT_USAGE: JsonObject = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }
const MESSAGE_USAGE: JsonObject = { input_tokens: 5, output_tokens: 7 }
const CONTENT_USAGE: JsonObject = { promptTokenCount: 5, candidatesTokenCount: 7, totalTokenCount: 12 }
const RESPONSE_USAGE: JsonObject = { input_tokens: 5, output_tokens: 7, total_tokens: 12 }
