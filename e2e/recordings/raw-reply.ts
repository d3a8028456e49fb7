import type { WireId } from '../../core/chat.ts'
import { asObject, asText, type Json, type JsonObject, parseJson } from '../../core/json.ts'
import type { ReadReply } from '../../core/wire.ts'
import { objects, text } from './json-parts.ts'

/**
 * What a reply says, taken from its JSON by the vendor's documentation and without a line of the wires that are judged by it. Server
 * tools and what else only one vendor has are left out.
 */
export interface ReplyFacts {
  readonly text: string
  readonly reasoning: string
  readonly refusal: string
  readonly calls: readonly CallFacts[]
  /** Wires have fewer words for an end than there are ends. */
  readonly stop: 'said' | 'limited' | 'declined' | 'calls' | 'failed' | 'none'
  readonly usage: UsageFacts | null
  readonly model: string
  /** Address and title. */
  readonly citations: readonly string[]
  /** How each begins. */
  readonly pictures: readonly string[]
}

export interface CallFacts {
  readonly id: string
  readonly name: string
  readonly given: Json
}

export interface UsageFacts {
  /** The whole prompt, cached or not. */
  readonly input: number
  readonly cacheRead: number
  readonly cacheWrite: number
  /** The whole answer, reasoning included. */
  readonly output: number
  readonly reasoning: number
}

/** The facts of a whole reply. */
export function factsOf(wire: WireId, body: JsonObject, flavour: ReadReply['flavour'] = 'openai'): ReplyFacts {
  switch (wire) {
    case 'openai-chat':
      return chatFacts(body, flavour)
    case 'openai-responses':
      return responsesFacts(body)
    case 'anthropic':
      return anthropicFacts(body)
    case 'gemini':
      return geminiFacts(body)
  }
}

function chatFacts(body: JsonObject, flavour: ReadReply['flavour']): ReplyFacts {
  const choice = objects(body['choices']).find(({ index }) => (index ?? 0) === 0) ?? {}
  const message = asObject(choice['message']) ?? {}
  const parts = objects(message['content'])
  const calls = objects(message['tool_calls']).map((call): CallFacts => {
    const { name, arguments: given, input } = asObject(call['function']) ?? asObject(call['custom']) ?? {}
    return { id: text(call['id']), name: text(name), given: input === undefined ? argumentsIn(text(given)) : input }
  })
  const thoughts = parts.filter(({ type }) => type === 'thinking').flatMap(({ thinking }) => objects(thinking))
  return {
    text: text(message['content']) + joined(parts.filter(({ type }) => type === 'text')),
    reasoning: text(message['reasoning_content']) || text(message['reasoning']) || joined(thoughts),
    refusal: text(message['refusal']),
    calls,
    stop:
      calls.length > 0 && choice['finish_reason'] !== 'length' ? 'calls' : stopIn(CHAT_STOPS, choice['finish_reason']),
    usage: chatUsage(asObject(body['usage']), flavour),
    model: text(body['model']),
    citations: sources(objects(message['annotations']).map((one) => asObject(one['url_citation']) ?? {})),
    pictures: objects(message['images']).map((image) =>
      begin(text(asObject(image['image_url'])?.['url']).replace(/^[^,]*,/, '')),
    ),
  }
}

function chatUsage(usage: JsonObject | undefined, flavour: ReadReply['flavour']): UsageFacts | null {
  if (usage === undefined) return null
  const reasoning = count(asObject(usage['completion_tokens_details'])?.['reasoning_tokens'])
  const [input, output] = [count(usage['prompt_tokens']), count(usage['completion_tokens'])]
  const apart = flavour === 'openai-reasoning-apart' && count(usage['total_tokens']) === input + output + reasoning
  const cached = asObject(usage['prompt_tokens_details'])?.['cached_tokens'] ?? usage['prompt_cache_hit_tokens']
  const cacheWrite = count(asObject(usage['prompt_tokens_details'])?.['cache_write_tokens'])
  return { input, cacheRead: count(cached), cacheWrite, output: apart ? output + reasoning : output, reasoning }
}

function responsesFacts(body: JsonObject): ReplyFacts {
  const items = objects(body['output'])
  const contents = items.filter(({ type }) => type === 'message').flatMap(({ content }) => objects(content))
  const calls = items.flatMap((item): readonly CallFacts[] => {
    const { type, call_id: id, name } = item
    if (type === 'function_call')
      return [{ id: text(id), name: text(name), given: argumentsIn(text(item['arguments'])) }]
    return type === 'custom_tool_call' ? [{ id: text(id), name: text(name), given: text(item['input']) }] : []
  })
  const refusal = joined(
    contents.filter(({ type }) => type === 'refusal'),
    'refusal',
  )
  const usage = asObject(body['usage'])
  const why = asObject(body['incomplete_details'])?.['reason']
  const ended =
    body['status'] === 'incomplete'
      ? stopIn(RESPONSES_STOPS, why)
      : body['status'] === 'completed'
        ? 'said'
        : body['status'] === 'failed'
          ? 'failed'
          : 'none'
  return {
    text: joined(contents.filter(({ type }) => type === 'output_text')),
    reasoning: items
      .filter(({ type }) => type === 'reasoning')
      .map(({ summary, content }) => joined(objects(summary)) || joined(objects(content)))
      .join(''),
    refusal,
    calls,
    stop: ended === 'said' && calls.length > 0 ? 'calls' : ended === 'said' && refusal !== '' ? 'declined' : ended,
    usage:
      usage === undefined
        ? null
        : {
            input: count(usage['input_tokens']),
            cacheRead: count(asObject(usage['input_tokens_details'])?.['cached_tokens']),
            cacheWrite: count(asObject(usage['input_tokens_details'])?.['cache_write_tokens']),
            output: count(usage['output_tokens']),
            reasoning: count(asObject(usage['output_tokens_details'])?.['reasoning_tokens']),
          },
    model: text(body['model']),
    citations: sources(contents.flatMap(({ annotations }) => objects(annotations))),
    pictures: items.filter(({ type }) => type === 'image_generation_call').map(({ result }) => begin(text(result))),
  }
}

function anthropicFacts(body: JsonObject): ReplyFacts {
  const blocks = objects(body['content'])
  const calls = blocks
    .filter(({ type }) => type === 'tool_use')
    .map((block): CallFacts => ({ id: text(block['id']), name: text(block['name']), given: block['input'] ?? {} }))
  const usage = asObject(body['usage'])
  const ended = stopIn(ANTHROPIC_STOPS, body['stop_reason'])
  return {
    text: joined(blocks.filter(({ type }) => type === 'text')),
    reasoning: joined(
      blocks.filter(({ type }) => type === 'thinking'),
      'thinking',
    ),
    refusal: '',
    calls,
    stop: ended === 'said' && calls.length > 0 ? 'calls' : ended,
    usage: usage === undefined ? null : anthropicUsage(usage),
    model: text(body['model']),
    citations: sources(blocks.flatMap(({ citations }) => objects(citations))),
    pictures: [],
  }
}

const anthropicUsage = (usage: JsonObject): UsageFacts => {
  const cacheRead = count(usage['cache_read_input_tokens'])
  return {
    input: count(usage['input_tokens']) + cacheRead + count(usage['cache_creation_input_tokens']),
    cacheRead,
    cacheWrite: count(usage['cache_creation_input_tokens']),
    output: count(usage['output_tokens']),
    reasoning: count(asObject(usage['output_tokens_details'])?.['thinking_tokens']),
  }
}

function geminiFacts(body: JsonObject): ReplyFacts {
  const candidate = objects(body['candidates']).find(({ index }) => (index ?? 0) === 0) ?? {}
  const parts = objects(asObject(candidate['content'])?.['parts'])
  const calls = parts.flatMap(({ functionCall }): readonly CallFacts[] => {
    const call = asObject(functionCall)
    return call === undefined ? [] : [{ id: text(call['id']), name: text(call['name']), given: call['args'] ?? {} }]
  })
  const usage = asObject(body['usageMetadata'])
  const blocked = asObject(body['promptFeedback'])?.['blockReason']
  const ended = blocked === undefined ? stopIn(GEMINI_STOPS, candidate['finishReason']) : 'declined'
  const grounding = objects(asObject(candidate['groundingMetadata'])?.['groundingChunks'])
  return {
    text: joined(parts.filter(({ thought }) => thought !== true)),
    reasoning: joined(parts.filter(({ thought }) => thought === true)),
    refusal: '',
    calls,
    stop: ended === 'said' && calls.length > 0 ? 'calls' : ended,
    usage: usage === undefined ? null : geminiUsage(usage),
    model: text(body['modelVersion']),
    citations: sources(grounding.map(({ web }) => ({ ...asObject(web), url: asObject(web)?.['uri'] ?? '' }))),
    pictures: parts
      .map(({ inlineData }) => asObject(inlineData) ?? {})
      .filter(({ mimeType }) => text(mimeType).startsWith('image/'))
      .map(({ data }) => begin(text(data))),
  }
}

const geminiUsage = (usage: JsonObject): UsageFacts => {
  const reasoning = count(usage['thoughtsTokenCount'])
  return {
    input: count(usage['promptTokenCount']) + count(usage['toolUsePromptTokenCount']),
    cacheRead: count(usage['cachedContentTokenCount']),
    cacheWrite: 0,
    output: count(usage['candidatesTokenCount']) + reasoning,
    reasoning,
  }
}

type Stops = { readonly [word: string]: ReplyFacts['stop'] }
const CHAT_STOPS: Stops = {
  stop: 'said',
  length: 'limited',
  content_filter: 'declined',
  tool_calls: 'calls',
  function_call: 'calls',
}
const RESPONSES_STOPS: Stops = { max_output_tokens: 'limited', content_filter: 'declined' }
const ANTHROPIC_STOPS: Stops = {
  end_turn: 'said',
  stop_sequence: 'said',
  pause_turn: 'said',
  compaction: 'said',
  max_tokens: 'limited',
  model_context_window_exceeded: 'limited',
  tool_use: 'calls',
  refusal: 'declined',
}
const GEMINI_STOPS: Stops = {
  STOP: 'said',
  MAX_TOKENS: 'limited',
  MALFORMED_FUNCTION_CALL: 'failed',
  MALFORMED_RESPONSE: 'failed',
  UNEXPECTED_TOOL_CALL: 'failed',
  TOO_MANY_TOOL_CALLS: 'failed',
}

/** A word that is not in the table is one of the many for an answer that the vendor held back. */
const stopIn = (stops: Stops, word: Json | undefined): ReplyFacts['stop'] => {
  const known = asText(word)
  return known === undefined ? 'none' : (stops[known] ?? 'declined')
}

/** Arguments as data; none at all are no arguments, and what is no object is itself. */
const argumentsIn = (words: string): Json => (words.trim() === '' ? {} : (parseJson(words) ?? words))

const count = (value: Json | undefined): number => (typeof value === 'number' ? value : 0)
const joined = (parts: readonly JsonObject[], key = 'text'): string => parts.map((part) => text(part[key])).join('')
/** What has no address is no source that anybody else could name. */
const sources = (all: readonly JsonObject[]): readonly string[] =>
  all.flatMap(({ url, title }) => (text(url) === '' ? [] : [`${text(url)} ${text(title)}`.trim()]))
const begin = (base64: string): string => base64.slice(0, 40)
