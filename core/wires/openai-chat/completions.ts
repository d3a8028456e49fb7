import type { Chat } from '../../chat.ts'
import { collect } from '../../collect.ts'
import type { Fault } from '../../fault.ts'
import { badField, Fields } from '../../fields.ts'
import { filled } from '../../json-object.ts'
import { asList, type Json, type JsonObject } from '../../json.ts'
import { type Loss, Losses } from '../../loss.ts'
import type { Part, Stop } from '../../part.ts'
import { replyId } from '../../reply-id.ts'
import { KEEP_ALIVE } from '../../sse.ts'
import type { AskedOf, StreamWriter, WriteReply, WrittenReply } from '../../wire.ts'
import { DONE } from './chunks.ts'
import { faultEvent } from './fault.ts'
import { keep } from './kept.ts'
import { loseBlock, NO_PLACE } from './message-write.ts'
import { readSampling } from './request-read.ts'
import { LEGACY } from './request-write.ts'
import { writeStop } from './stop.ts'
import { writeUsage } from './usage.ts'

/**
 * A legacy completion, asked of a model that only chats: the prompt is what the user says. What a chat has no field for (`suffix`, `echo`,
 * `best_of`, `logprobs` as a number) is kept, and reported as lost by whoever writes the request. Throws `bad_request` for several prompts and for token ids.
 */
export function readCompletion(json: JsonObject, asked: AskedOf): Chat {
  const body = new Fields(json, '')
  body.text('model')
  body.flag('stream')
  body.object('stream_options')
  const text = promptOf(body)
  const settings = readSampling(body)
  for (const [field, value] of ASKING_NOTHING) if (json[field] === value) body.any(field)
  return {
    model: asked.model,
    stream: asked.stream,
    turns: [{ role: 'user', blocks: [{ kind: 'text', text }] }],
    tools: [],
    ...settings,
    ...keep(body.rest(), [LEGACY]),
  }
}

/** A whole reply as a `text_completion`. */
export function writeCompletion(parts: readonly Part[], context: WriteReply): WrittenReply {
  const losses = new Losses()
  const { id, model, createdAt, choices, usage } = collect(parts)
  const written = choices.map(({ index, blocks, stop }) => {
    for (const { content } of blocks) loseFrom(content, losses)
    const text = blocks.map((block) => (isSaid(block.content) ? block.text : '')).join('')
    return choiceOf(index, text, stop)
  })
  const envelope = envelopeOf({ id, model, createdAt }, context)
  const body = filled({
    ...envelope,
    choices: written,
    usage: usage === undefined ? undefined : writeUsage(usage.usage),
  })
  return { body, losses: losses.list() }
}

/** A stream of `text_completion` chunks. */
export const completionWriter = (context: WriteReply): StreamWriter => new CompletionWriter(context)

class CompletionWriter implements StreamWriter {
  readonly keepAlive = KEEP_ALIVE
  readonly #context: WriteReply
  readonly #losses = new Losses()
  /** Blocks whose text is said: reasoning is not. */
  readonly #said = new Set<string>()
  #envelope: JsonObject
  #usage: JsonObject | undefined
  #over = false

  constructor(context: WriteReply) {
    this.#context = context
    this.#envelope = envelopeOf({ id: '', model: '' }, context)
  }

  push(part: Part): string {
    if (this.#over) return ''
    switch (part.kind) {
      case 'start':
        this.#envelope = envelopeOf(part, this.#context)
        return ''
      case 'open':
        loseFrom(part.content, this.#losses)
        if (isSaid(part.content)) this.#said.add(keyOf(part))
        return ''
      case 'delta':
        return this.#said.has(keyOf(part)) ? this.#chunk(choiceOf(part.choice, part.text)) : ''
      case 'close':
        this.#said.delete(keyOf(part))
        return ''
      case 'cite':
      case 'prove':
        return ''
      case 'usage':
        this.#usage = writeUsage(part.usage)
        return ''
      case 'end':
        return this.#chunk(choiceOf(part.choice, '', part.stop))
      case 'finish':
        return this.#finish()
      case 'fault':
        return this.fault(part.fault)
    }
  }

  fault(fault: Fault): string {
    if (this.#over) return ''
    this.#over = true
    return faultEvent(fault)
  }

  losses(): readonly Loss[] {
    return this.#losses.list()
  }

  #chunk(choice: JsonObject): string {
    return frame({ ...this.#envelope, choices: [choice], ...(this.#context.usageAsked ? { usage: null } : {}) })
  }

  #finish(): string {
    this.#over = true
    return this.#lastUsage() + DONE
  }

  #lastUsage(): string {
    if (!this.#context.usageAsked || this.#usage === undefined) return ''
    return frame({ ...this.#envelope, choices: [], usage: this.#usage })
  }
}

/** What says no more than its absence does. */
const ASKING_NOTHING: readonly (readonly [field: string, value: Json])[] = [
  ['echo', false],
  ['best_of', 1],
  ['suffix', ''],
]

function promptOf(body: Fields): string {
  const prompt = body.any('prompt')
  if (prompt === undefined) throw badField('prompt', 'is required')
  if (typeof prompt === 'string') return prompt
  const [only, ...others] = asList(prompt) ?? []
  if (typeof only === 'string' && others.length === 0) return only
  throw badField('prompt', 'must be a string: this model only chats, and takes neither several prompts nor token ids')
}

interface Begun {
  readonly id: string
  readonly model: string
  readonly createdAt?: number | undefined
}

const envelopeOf = ({ id, model, createdAt }: Begun, context: WriteReply): JsonObject => ({
  id: replyId(id, 'cmpl-', context),
  object: 'text_completion',
  created: createdAt ?? context.createdAt,
  model: model === '' ? context.chat.model : model,
})

const choiceOf = (index: number, text: string, stop?: Stop): JsonObject => ({
  text,
  index,
  logprobs: null,
  finish_reason: stop === undefined ? null : wordOf(stop),
})

/** This API calls nothing. */
const wordOf = (stop: Stop): string =>
  stop.reason === 'calls' ? 'stop' : writeStop(stop, { calls: false, refusal: false })

type Content = Extract<Part, { readonly kind: 'open' }>['content']

/** A refusal is all that the model says then. What it thought was never part of this API's answer. */
const isSaid = ({ kind }: Content): boolean => kind === 'text' || kind === 'refusal'

function loseFrom(content: Content, losses: Losses): void {
  if (content.kind === 'media') losses.add({ field: 'content.media', what: 'dropped', why: NO_PLACE })
  else loseBlock(content, losses)
}

const keyOf = ({ choice, block }: { readonly choice: number; readonly block: number }): string => `${choice} ${block}`

const frame = (chunk: JsonObject): string => `data: ${JSON.stringify(chunk)}\n\n`
