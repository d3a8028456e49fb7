import { asCount, asList, asObject, asText, type Json, type JsonObject, parseJson } from '../../json.ts'
import type { Part } from '../../part.ts'
import { notThisWire } from '../../upstream-fault.ts'
import type { ReadReply, StreamEvent, StreamReader } from '../../wire.ts'
import { ChoiceReader } from './choice-read.ts'
import { errorIn, readTold } from './fault-read.ts'
import { isFailure } from './stop.ts'
import { readServiceTier, readUsage } from './usage.ts'

/**
 * Reads a vendor's chunks. The reply is whole when the vendor said why each choice ended and, where its streams have a terminal, sent that too;
 * anything else was cut. Throws `upstream_error` for what is no chunk.
 */
export class ChatStreamReader implements StreamReader {
  readonly textLeavesNoTrace = true
  readonly #context: ReadReply
  readonly #choices = new Map<number, ChoiceReader>()
  #started = false
  #over = false
  #replyId = ''

  constructor(context: ReadReply) {
    this.#context = context
  }

  push({ name, data }: StreamEvent): readonly Part[] {
    if (this.#over) return NOTHING
    if (data.trim() === '[DONE]') return this.#finish()
    const chunk = asObject(parseJson(data))
    if (chunk === undefined) throw notThisWire('broken_reply')
    const error = errorIn(chunk) ?? (name === 'error' ? chunk : undefined)
    return error === undefined ? this.#chunk(chunk) : this.#fail(error)
  }

  end(): readonly Part[] {
    return this.#over || this.#context.endsWithDone || !this.#allEnded ? NOTHING : [{ kind: 'finish' }]
  }

  /** A chunk without choices and usage says nothing: some vendors begin with one about their filters (wire-formats 1.8, trap 47). */
  #chunk(chunk: JsonObject): readonly Part[] {
    const choices = asList(chunk['choices'] ?? [])
    if (choices === undefined) throw notThisWire('broken_reply')
    const usage = readUsage(chunk['usage'] ?? asObject(chunk['x_groq'])?.['usage'], this.#context.flavour)
    if (choices.length === 0 && usage === undefined) return NOTHING
    // Before the choices, because calls without ids are named after the reply.
    const start = this.#started ? NOTHING : [this.#start(chunk)]
    const parts = choices.flatMap((choice) => this.#choice(choice))
    const all = start.length === 0 ? parts : [...start, ...parts]
    if (choices.some(hasFailed)) return [...all, ...this.#fail('The answer was broken off')]
    return usage === undefined ? all : [...all, { kind: 'usage', usage, serviceTier: readServiceTier(chunk) }]
  }

  #start(chunk: JsonObject): Part {
    this.#started = true
    this.#replyId = asText(chunk['id']) ?? ''
    const createdAt = asCount(chunk['created'])
    const created = createdAt === undefined ? {} : { createdAt }
    return { kind: 'start', id: this.#replyId, model: asText(chunk['model']) ?? '', ...created }
  }

  #choice(value: Json): readonly Part[] {
    const choice = asObject(value)
    if (choice === undefined) throw notThisWire('broken_reply')
    return this.#readerOf(asCount(choice['index']) ?? 0).push(choice)
  }

  #readerOf(index: number): ChoiceReader {
    const known = this.#choices.get(index)
    if (known !== undefined) return known
    if (this.#choices.size >= CHOICES_MAX) throw notThisWire('broken_reply')
    const reader = new ChoiceReader(index, {
      account: this.#context.account,
      replyId: this.#replyId || (this.#context.requestId ?? ''),
    })
    this.#choices.set(index, reader)
    return reader
  }

  #finish(): readonly Part[] {
    this.#over = true
    if (!this.#started) throw notThisWire('broken_reply')
    return this.#allEnded ? [{ kind: 'finish' }] : NOTHING
  }

  #fail(error: Json): readonly Part[] {
    this.#over = true
    const { spendLimitCodes } = this.#context
    return [{ kind: 'fault', fault: readTold(error, { reason: 'error_in_stream', spendLimitCodes }) }]
  }

  get #allEnded(): boolean {
    return this.#choices.size > 0 && [...this.#choices.values()].every(({ ended }) => ended)
  }
}

const hasFailed = (choice: Json): boolean => isFailure(asText(asObject(choice)?.['finish_reason']) ?? '')

const NOTHING: readonly Part[] = []
const CHOICES_MAX = 1_000
