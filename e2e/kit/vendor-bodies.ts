import type { Stream, StreamEvent, VendorUsage } from './vendor-script.ts'
import { tokensIn } from './vendor-script.ts'

/** What is asked, as far as the answer must fit it. */
export interface Asked {
  readonly path: string
  readonly model: string
  /** How many texts are to be embedded. */
  readonly inputs: number
  /** Whether the request asks for usage at the end of its stream. */
  readonly usageAsked: boolean
  /** Of the request: names the answer. */
  readonly number: number
}

/** Four characters for each token, so that a gateway that counts by characters comes near the truth. */
export const textOf = (tokens: number): string => ' tok'.repeat(tokens)

/** A good answer to what was asked, in one piece. */
export function goodAnswer(asked: Asked, usage: VendorUsage): unknown {
  if (asked.path.endsWith('/models'))
    return { object: 'list', data: [{ id: 'fault-1', object: 'model', created: 1, owned_by: 'fault' }] }
  if (asked.path.endsWith('/embeddings')) {
    const data = Array.from({ length: asked.inputs }, (_, index) => ({
      object: 'embedding',
      index,
      embedding: [0.6, 0.8],
    }))
    return {
      object: 'list',
      data,
      model: asked.model,
      usage: { prompt_tokens: usage.prompt, total_tokens: usage.prompt },
    }
  }
  const text = textOf(usage.completion - usage.reasoning)
  const choice = isChat(asked) ? { message: { role: 'assistant', content: text, refusal: null } } : { text }
  return {
    ...head(asked, 'whole'),
    choices: [{ index: 0, ...choice, logprobs: null, finish_reason: 'stop' }],
    usage: usageBody(usage),
  }
}

/** The text of each event of a stream, without line ends, with the tokens that it brings. */
export function* streamTexts(script: Stream, asked: Asked): Generator<EventText> {
  const withUsage = script.usageIn === 'last' || (script.usageIn === 'asked' && asked.usageAsked)
  let tokens = 0
  for (const event of script.events) {
    tokens += tokensIn(event)
    yield { ...content(event, asked, extra(tokens)), tokens: tokensIn(event), content: true }
  }
  if (script.done || withUsage) yield plain({ ...head(asked, 'chunk'), choices: [ending(asked)], ...extra(tokens) })
  if (withUsage)
    yield { ...plain({ ...head(asked, 'chunk'), choices: [], usage: usageBody(script.usage) }), usage: script.usage }
  if (script.done) yield { text: 'data: [DONE]', tokens: 0, content: false, usage: null }

  function extra(soFar: number): object {
    if (script.usageIn === 'every') return { usage: usageBody({ ...script.usage, completion: soFar }) }
    return withUsage ? { usage: null } : {}
  }
}

export interface EventText {
  readonly text: string
  readonly tokens: number
  /** Whether it is one of the script's events, or belongs to the end. */
  readonly content: boolean
  /** The final figure, where this is the event that reports it. */
  readonly usage: VendorUsage | null
}

function content(event: StreamEvent, asked: Asked, extra: object): { text: string; usage: null } {
  if (typeof event === 'object' && 'raw' in event) return { text: event.raw, usage: null }
  const piece = typeof event === 'number' ? pieceOf(asked, event) : { delta: event.delta }
  const chunk = {
    ...head(asked, 'chunk'),
    choices: [{ index: 0, ...piece, logprobs: null, finish_reason: null }],
    ...extra,
  }
  return { text: `data: ${JSON.stringify(chunk)}`, usage: null }
}

const pieceOf = (asked: Asked, tokens: number): object =>
  isChat(asked) ? { delta: { role: 'assistant', content: textOf(tokens) } } : { text: textOf(tokens) }

const ending = (asked: Asked): object =>
  isChat(asked)
    ? { index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }
    : { index: 0, text: '', logprobs: null, finish_reason: 'stop' }

const plain = (body: object): EventText => ({
  text: `data: ${JSON.stringify(body)}`,
  tokens: 0,
  content: false,
  usage: null,
})

const isChat = (asked: Asked): boolean => asked.path.endsWith('/chat/completions')

function head(asked: Asked, form: 'whole' | 'chunk'): object {
  const object = isChat(asked) ? { whole: 'chat.completion', chunk: 'chat.completion.chunk' }[form] : 'text_completion'
  return { id: `fault-${asked.number}`, object, created: 1_767_225_600, model: asked.model }
}

const usageBody = ({ prompt, completion, cached, reasoning }: VendorUsage): object => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  prompt_tokens_details: { cached_tokens: cached },
  completion_tokens_details: { reasoning_tokens: reasoning },
})
