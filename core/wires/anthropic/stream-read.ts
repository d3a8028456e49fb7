import { blockParts, type WholeBlock } from '../../collect.ts'
import type { Fault } from '../../fault.ts'
import { asCount, asList, asObject, asText, type Json, type JsonObject, parseJson } from '../../json.ts'
import type { Part } from '../../part.ts'
import type { ReadReply, StreamEvent, StreamReader } from '../../wire.ts'
import { readToldFault, spliced } from './fault.ts'
import { WIRE } from './kept.ts'
import { OpenBlock, type Place } from './open-block.ts'
import { readReplyBlock } from './reply-block.ts'
import { END_FIELDS, fromVendor, unreadable, readReply, startOf, usageParts } from './reply-read.ts'
import { readStop } from './stop.ts'
import { laterUsage } from './usage.ts'

/** Reads a vendor's stream: one message, block after block. Events that are not known mean nothing here, and go no further. */
export class AnthropicReader implements StreamReader {
  readonly textLeavesNoTrace = true
  readonly #context: ReadReply
  /** The id of the message that is open; `undefined` before the first one. */
  #id: string | undefined
  #over = false
  /** Open blocks by the vendor's index. */
  readonly #open = new Map<number, OpenBlock>()
  /** The beginning of the message, until something follows it: only then it is the one that is told, and whose model has answered. */
  #head: readonly Part[] = []
  #blocks = 0
  #called = false
  #usage: JsonObject = {}
  #stopWord: string | null = null
  #sequence: string | undefined
  #endFields: JsonObject = {}

  constructor(context: ReadReply) {
    this.#context = context
  }

  push({ name, data }: StreamEvent): readonly Part[] {
    if (this.#over || data === DONE) return []
    const event = asObject(parseJson(data))
    if (event === undefined) throw unreadable('event')
    return fromVendor(() => this.#read(asText(event['type']) ?? name ?? '', event))
  }

  /** A stream that its vendor closed before `message_stop` was cut: there is nothing to say about it. */
  end(): readonly Part[] {
    return []
  }

  #read(type: string, event: JsonObject): readonly Part[] {
    switch (type) {
      case 'message_start':
        return this.#start(asObject(event['message']))
      case 'content_block_start':
        return this.#openBlock(indexOf(event), asObject(event['content_block']))
      case 'content_block_delta':
        return this.#delta(indexOf(event), asObject(event['delta']) ?? {})
      case 'content_block_stop':
        return this.#close(indexOf(event))
      case 'message_delta':
        return this.#messageDelta(event)
      case 'message_stop':
        return this.#finish()
      case 'message':
        return this.#whole(event)
      case 'error':
        return this.#fail(this.#told(event['error']))
      default:
        return []
    }
  }

  /**
   * A retry inside the vendor's own house may begin another message in the same stream. Until a block is there nothing is lost with it;
   * behind one nobody can take back what the client has read, so the reply is broken (wire-formats 1.8, trap 46). The same message again
   * says nothing new.
   */
  #start(message: JsonObject | undefined): readonly Part[] {
    if (message === undefined) throw unreadable('message')
    const id = asText(message['id']) ?? ''
    const isFirst = this.#id === undefined
    if (!isFirst && id === this.#id) return []
    if (!isFirst && this.#blocks > 0) return this.#fail(spliced())
    this.#id = id
    this.#usage = asObject(message['usage']) ?? {}
    this.#readEnd(message)
    this.#head = [startOf(message), ...usageParts(this.#usage)]
    const blocks = asList(message['content']) ?? []
    return blocks.length === 0
      ? []
      : [...this.#begin(), ...blocks.flatMap((block) => this.#wholeBlock(asObject(block)))]
  }

  /** What the message began with, once. */
  #begin(): readonly Part[] {
    const head = this.#head
    this.#head = []
    return head
  }

  /** A message may open with blocks that an earlier one had begun (calls made by code that the vendor runs). */
  #wholeBlock(json: JsonObject | undefined): readonly Part[] {
    const block = readReplyBlock(json ?? {}, 'message.content', this.#context.account)
    return blockParts(this.#next(block), block)
  }

  #openBlock(index: number, json: JsonObject | undefined): readonly Part[] {
    this.#needMessage()
    const before = this.#open.has(index) ? this.#close(index) : []
    const block = readReplyBlock(json ?? {}, 'content_block', this.#context.account)
    const at = this.#next(block)
    const opened = new OpenBlock(at, block, json ?? {})
    if (this.#open.size >= OPEN_BLOCKS_MAX) throw unreadable('index')
    this.#open.set(index, opened)
    return [...this.#begin(), ...before, ...opened.opening()]
  }

  #delta(index: number, delta: JsonObject): readonly Part[] {
    const block = this.#open.get(index)
    if (block === undefined) throw unreadable('index')
    return block.delta(delta)
  }

  #close(index: number): readonly Part[] {
    const block = this.#open.get(index)
    this.#open.delete(index)
    return block?.closing(this.#context.account) ?? []
  }

  #messageDelta(event: JsonObject): readonly Part[] {
    this.#needMessage()
    this.#readEnd({ ...event, ...asObject(event['delta']) })
    const usage = asObject(event['usage'])
    if (usage === undefined) return this.#begin()
    this.#usage = laterUsage(this.#usage, usage)
    return [...this.#begin(), ...usageParts(this.#usage)]
  }

  /** Why it ended, as far as this says so: a null is nothing yet. */
  #readEnd(fields: JsonObject): void {
    this.#stopWord = asText(fields['stop_reason']) ?? this.#stopWord
    this.#sequence = asText(fields['stop_sequence']) ?? this.#sequence
    const told = Object.entries(fields).filter(([key]) => END_FIELDS.includes(key))
    this.#endFields = { ...this.#endFields, ...Object.fromEntries(told) }
  }

  #finish(): readonly Part[] {
    this.#needMessage()
    this.#over = true
    const closed = [...this.#open.keys()].flatMap((index) => this.#close(index))
    const stop = readStop(this.#stopWord, { called: this.#called, sequence: this.#sequence })
    return [
      ...this.#begin(),
      ...closed,
      { kind: 'end', choice: 0, stop, ...ownOfEnd(this.#endFields) },
      { kind: 'finish' },
    ]
  }

  /** A vendor that was asked to stream and answered whole, in one event. */
  #whole(message: JsonObject): readonly Part[] {
    if (this.#id !== undefined) return []
    this.#over = true
    return readReply(message, this.#context)
  }

  #fail(fault: Fault): readonly Part[] {
    this.#over = true
    return [...this.#begin(), { kind: 'fault', fault }]
  }

  #told(error: Json | undefined): Fault {
    return readToldFault(error, { reason: 'error_in_stream', spendLimitCodes: this.#context.spendLimitCodes })
  }

  #needMessage(): void {
    if (this.#id === undefined) throw unreadable('message_start')
  }

  #next({ content }: WholeBlock): Place {
    this.#called ||= content.kind === 'call'
    return { choice: 0, block: this.#blocks++ }
  }
}

const DONE = '[DONE]'
/** Blocks of this wire never overlap; a few that do are borne. */
const OPEN_BLOCKS_MAX = 1_000

function indexOf(event: JsonObject): number {
  const index = asCount(event['index'])
  if (index === undefined) throw unreadable('index')
  return index
}

const ownOfEnd = (fields: JsonObject) =>
  Object.keys(fields).length === 0 ? {} : { own: { wire: WIRE, fields } as const }
