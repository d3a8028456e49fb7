import type { WireId } from '../../core/chat.ts'
import { asObject, type Json, type JsonObject, parseJson } from '../../core/json.ts'
import { objects, text } from '../../e2e/recordings/json-parts.ts'

/** What a client of any wire has understood of a reply. */
export interface Heard {
  readonly text: string
  readonly reasoning: string
  readonly refusal: string
  readonly calls: readonly HeardCall[]
  /** The wire's own word; of responses the status and, where there is one, the reason behind a slash. */
  readonly stop: string
  /** As the wire spells it. */
  readonly usage: JsonObject | null
  /** What the client gives back of it in its next request: messages, items or contents. */
  readonly turn: readonly JsonObject[]
}

export interface HeardCall {
  readonly id: string
  readonly name: string
  /** As data; text that is no JSON (empty text too) stays text. Of a custom tool its text. */
  readonly given: Json
}

/** A whole reply, as a client of the wire reads it. */
export function heard(wire: WireId, body: JsonObject): Heard {
  switch (wire) {
    case 'openai-chat':
      return heardChat(body)
    case 'openai-responses':
      return heardResponse(body)
    case 'anthropic':
      return heardMessage(body)
    case 'gemini':
      return heardContent(body)
  }
}

function heardChat(body: JsonObject): Heard {
  const choice = objects(body['choices'])[0] ?? {}
  const message = asObject(choice['message']) ?? {}
  const calls = objects(message['tool_calls']).map((call): HeardCall => {
    const inner = asObject(call['function']) ?? asObject(call['custom']) ?? {}
    const isCustom = call['custom'] !== undefined
    const given = isCustom ? text(inner['input']) : dataIn(text(inner['arguments']))
    return { id: text(call['id']), name: text(inner['name']), given }
  })
  return {
    text: text(message['content']),
    reasoning: text(message['reasoning_content']),
    refusal: text(message['refusal']),
    calls,
    stop: text(choice['finish_reason']),
    usage: asObject(body['usage']) ?? null,
    turn: [message],
  }
}

function heardResponse(body: JsonObject): Heard {
  const output = objects(body['output'])
  const parts = output.flatMap(({ type, content }) => (type === 'message' ? objects(content) : []))
  const summaries = output.flatMap(({ type, summary }) => (type === 'reasoning' ? objects(summary) : []))
  const calls = output.flatMap(({ type, call_id: id, name, arguments: given, input }): readonly HeardCall[] => {
    if (type === 'function_call') return [{ id: text(id), name: text(name), given: dataIn(text(given)) }]
    return type === 'custom_tool_call' ? [{ id: text(id), name: text(name), given: text(input) }] : []
  })
  const reason = asObject(body['incomplete_details'])?.['reason']
  return {
    text: parts.map((part) => text(part['text'])).join(''),
    reasoning: summaries.map((part) => text(part['text'])).join(''),
    refusal: parts.map((part) => text(part['refusal'])).join(''),
    calls,
    stop: text(body['status']) + (reason === undefined ? '' : `/${text(reason)}`),
    usage: asObject(body['usage']) ?? null,
    turn: output,
  }
}

function heardMessage(body: JsonObject): Heard {
  const content = objects(body['content'])
  const of = (type: string, key: string) =>
    content.flatMap((block) => (block['type'] === type ? [text(block[key])] : [])).join('')
  const calls = content.flatMap(({ type, id, name, input }): readonly HeardCall[] =>
    type === 'tool_use' ? [{ id: text(id), name: text(name), given: input ?? '' }] : [],
  )
  return {
    text: of('text', 'text'),
    reasoning: of('thinking', 'thinking'),
    refusal: '',
    calls,
    stop: text(body['stop_reason']),
    usage: asObject(body['usage']) ?? null,
    turn: [{ role: 'assistant', content }],
  }
}

function heardContent(body: JsonObject): Heard {
  const candidate = objects(body['candidates'])[0] ?? {}
  const content = asObject(candidate['content']) ?? {}
  const parts = objects(content['parts'])
  const calls = parts.flatMap(({ functionCall }): readonly HeardCall[] => {
    const call = asObject(functionCall)
    return call === undefined ? [] : [{ id: text(call['id']), name: text(call['name']), given: call['args'] ?? '' }]
  })
  const said = (isThought: boolean) =>
    parts.flatMap((part) => ((part['thought'] === true) === isThought ? [text(part['text'])] : [])).join('')
  return {
    text: said(false),
    reasoning: said(true),
    refusal: '',
    calls,
    stop: text(candidate['finishReason']) || text(asObject(body['promptFeedback'])?.['blockReason']),
    usage: asObject(body['usageMetadata']) ?? null,
    turn: [{ ...content, role: 'model' }],
  }
}

const dataIn = (words: string): Json => parseJson(words) ?? words
