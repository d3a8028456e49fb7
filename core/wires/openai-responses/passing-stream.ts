import { joined } from '../../body.ts'
import { startsWith } from '../../bytes.ts'
import { Fault } from '../../fault.ts'
import { asObject, asText, type JsonObject, parseJson } from '../../json.ts'
import type { UsageFlavour } from '../../provider.ts'
import type { Reading, ReplyReader } from '../../reply-reader.ts'
import { EventCutter, eachEvent, readEvent } from '../../sse.ts'
import { NO_USAGE, type Usage } from '../../usage.ts'
import { isOurAccount } from '../openai-chat/fault.ts'
import { readTold } from '../openai-chat/fault-read.ts'
import { readServiceTier } from '../openai-chat/usage.ts'
import { notThisWire } from './output-item.ts'
import { errorOf } from './reply-read.ts'
import { readResponseUsage } from './usage.ts'

export interface ResponsesStreamOptions {
  readonly flavour: UsageFlavour
  /** Whether this vendor sends `[DONE]` behind the terminal event. */
  readonly endsWithDone: boolean
  /** Our estimate of the prompt, for a stream that ends before its usage came. */
  readonly inputEstimate: number
  readonly eventBytesMax: number
  /** The vendor's codes for an account of ours without money. */
  readonly spendLimitCodes: readonly string[]
}

/**
 * Reads a stream of this wire in passing. Nearly all of its events are pieces of content, known by their name and counted by their size; only
 * those that frame the response, and errors, are decoded.
 */
export class ResponsesStream implements ReplyReader {
  readonly #options: ResponsesStreamOptions
  readonly #cutter: EventCutter
  #opened = false
  #openingFault: Fault | undefined
  #brokenBy: Fault | undefined
  #model: string | null = null
  #replyId: string | null = null
  #serviceTier: string | null = null
  #usage: Usage | undefined
  #finished = false
  #done = false
  #failed = false
  #bytes = 0
  /** Tokens by our own count, and the size of the smallest piece: what one weighs with nothing in it. */
  #counted = 0
  #envelopeBytes = Number.POSITIVE_INFINITY
  #run: Uint8Array = NOTHING
  /** Up to where the present run goes on to the client. */
  #goesTo = 0

  constructor(options: ResponsesStreamOptions) {
    this.#options = options
    this.#cutter = new EventCutter(options.eventBytesMax)
  }

  /** Content commits; before it another target may be tried, because an overloaded vendor says so behind its first events too. */
  get opened(): boolean {
    return this.#opened
  }

  get openingFault(): Fault | undefined {
    return this.#openingFault
  }

  get brokenBy(): Fault | undefined {
    return this.#brokenBy
  }

  get done(): boolean {
    return this.#done
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    const run = this.#cutter.push(chunk)
    if (run !== undefined) return this.#read(run)
    if (this.#cutter.overflown) throw new Fault('upstream_error', 'The provider sent an event that is too large')
    return undefined
  }

  /** Of what the vendor left only whole events go on, and never without a blank line before our error frame. */
  end(): Uint8Array | undefined {
    const rest = this.#cutter.rest()
    const out = rest === undefined ? undefined : this.#read(wholeEvents(rest))
    return out === undefined || this.ending() === 'complete' ? out : joined([out, BLANK_LINE])
  }

  /** The terminal event is the end; a vendor that forgets its `[DONE]` has still ended. */
  ending(): 'complete' | 'broken' | 'told' {
    if (this.#failed) return this.#brokenBy === undefined ? 'told' : 'broken'
    return this.#finished ? 'complete' : 'broken'
  }

  reading(): Reading {
    const { inputEstimate } = this.#options
    const usage = this.#usage ?? { ...NO_USAGE, input: inputEstimate, output: this.#counted }
    const source = this.#usage === undefined ? 'counted' : 'vendor'
    return { model: this.#model, serviceTier: this.#serviceTier, usage, source, replyId: this.#replyId }
  }

  #read(run: Uint8Array): Uint8Array | undefined {
    // What a vendor sends behind its own error, even the end, would make a broken stream look finished.
    if (this.#failed || run.length === 0) return undefined
    this.#run = run
    this.#goesTo = run.length
    this.#bytes += run.length
    eachEvent(run, this.#event)
    this.#run = NOTHING
    // More than that is not held for a reply that has not opened.
    this.#opened ||= this.#bytes > HELD_BYTES_MAX
    return this.#goesTo === 0 ? undefined : run.subarray(0, this.#goesTo)
  }

  /** One event, by its name, or by its type where that stands first. A field, so that no closure is made for every chunk. */
  readonly #event = (start: number, end: number): void => {
    if (this.#failed || this.#done) return
    const run = this.#run
    const at = nameStart(run, start)
    if (at < 0) return this.#unnamed(start, end)
    if (!startsWith(run, at, RESPONSE)) return run[at] === LETTER_E ? this.#frame(start, end) : undefined
    const word = at + RESPONSE.length
    if (FRAME_LETTERS.has(run[word] ?? 0) && FRAME_WORDS.some((frame) => isWord(run, word, frame))) {
      return this.#frame(start, end)
    }
    this.#content(word, start, end)
  }

  /** `at`: in the name, which tells a piece of text from all else. */
  #content(at: number, start: number, end: number): void {
    this.#opened = true
    if (startsWith(this.#run, nameEnd(this.#run, at) - DELTA.length, DELTA)) this.#count(end - start)
  }

  #count(bytes: number): void {
    if (bytes < this.#envelopeBytes) this.#envelopeBytes = bytes
    this.#counted += Math.max(1, (bytes - this.#envelopeBytes) >> 2)
  }

  /** `[DONE]`, an event whose type stands somewhere else, a bare error, or something that is no event of this wire. */
  #unnamed(start: number, end: number): void {
    const { data } = readEvent(this.#run, start, end)
    if (data === undefined || data.trim() === '') return
    if (data === '[DONE]') {
      this.#done = this.#finished
      return
    }
    const json = asObject(parseJson(data))
    if (json === undefined) {
      if (!this.#opened) this.#fail(notThisWire('no_event'), start, end)
      return
    }
    const type = asText(json['type']) ?? ''
    if (type.startsWith('response.') && !FRAMES.has(type)) {
      this.#opened = true
      if (type.endsWith('.delta')) this.#count(end - start)
    } else this.#judge(json, start, end)
  }

  #frame(start: number, end: number): void {
    const { name, data } = readEvent(this.#run, start, end)
    const json = asObject(parseJson(data ?? ''))
    if (json !== undefined) this.#judge(name === undefined ? json : { type: name, ...json }, start, end)
  }

  #judge(json: JsonObject, start: number, end: number): void {
    const told = { reason: 'error_in_stream', spendLimitCodes: this.#options.spendLimitCodes }
    const stage = FRAMES.get(asText(json['type']) ?? '')
    if (stage === undefined) {
      const error = json['error'] ?? null
      if (json['type'] === 'error' || error !== null) this.#fail(readTold(error ?? json, told), start, end)
      return
    }
    const response = asObject(json['response']) ?? {}
    this.#model = asText(response['model']) || this.#model
    this.#replyId = asText(response['id']) || this.#replyId
    if (stage === 'begins') return
    this.#usage = readResponseUsage(response, this.#options.flavour)
    this.#serviceTier = readServiceTier(response)
    const failure = errorOf(response)
    if (failure !== undefined) return this.#fail(readTold(failure, told), start, end)
    this.#opened = true
    this.#finished = true
    this.#done = !this.#options.endsWithDone
  }

  /** The client gets the vendor's own error, unless another answer may still be found, or it is about our account. */
  #fail(fault: Fault, start: number, end: number): void {
    if (!this.#opened) this.#openingFault = fault
    else if (isOurAccount(fault)) this.#brokenBy = fault
    const isTold = this.#opened && this.#brokenBy === undefined
    this.#opened = true
    this.#failed = true
    this.#goesTo = isTold ? behindBlankLine(this.#run, end) : start
  }
}

const FRAMES: ReadonlyMap<string, 'begins' | 'ends'> = new Map([
  ['response.created', 'begins'],
  ['response.queued', 'begins'],
  ['response.in_progress', 'begins'],
  ['response.completed', 'ends'],
  ['response.incomplete', 'ends'],
  ['response.failed', 'ends'],
  ['response.cancelled', 'ends'],
])

const encoder = new TextEncoder()
const NOTHING = new Uint8Array(0)
const BLANK_LINE = encoder.encode('\n\n')
const EVENT = encoder.encode('event:')
const TYPE_FIRST = ['data: {"type":"', 'data:{"type":"', 'data: {"type": "'].map((text) => encoder.encode(text))
const RESPONSE = encoder.encode('response.')
const FRAME_WORDS = [...FRAMES.keys()].map((type) => encoder.encode(type.slice(RESPONSE.length)))
const FRAME_LETTERS: ReadonlySet<number> = new Set(FRAME_WORDS.map((word) => word[0] ?? 0))
const DELTA = encoder.encode('.delta')
const HELD_BYTES_MAX = 32_768
const SPACE = 0x20
const QUOTE = 0x22
const NEWLINE = 0x0a
const RETURN = 0x0d
const LETTER_E = 0x65

/** Where the name of an event begins, or -1. */
function nameStart(run: Uint8Array, start: number): number {
  if (startsWith(run, start, EVENT)) {
    const at = start + EVENT.length
    return run[at] === SPACE ? at + 1 : at
  }
  const head = TYPE_FIRST.find((bytes) => startsWith(run, start, bytes))
  return head === undefined ? -1 : start + head.length
}

function nameEnd(run: Uint8Array, start: number): number {
  let at = start
  while (at < run.length && !isNameEnd(run[at])) at++
  return at
}

const isNameEnd = (byte: number | undefined): boolean =>
  byte === NEWLINE || byte === RETURN || byte === QUOTE || byte === undefined

/** Whether the whole of a name is `word`. */
const isWord = (run: Uint8Array, at: number, word: Uint8Array): boolean =>
  startsWith(run, at, word) && isNameEnd(run[at + word.length])

/** The rest of a stream without its last event if that is only half there. */
function wholeEvents(rest: Uint8Array): Uint8Array {
  let last = { start: 0, end: 0 }
  eachEvent(rest, (start, end) => {
    last = { start, end }
  })
  const { data } = readEvent(rest, last.start, last.end)
  return data === '[DONE]' || asObject(parseJson(data ?? '')) !== undefined ? rest : rest.subarray(0, last.start)
}

function behindBlankLine(run: Uint8Array, end: number): number {
  let at = end
  while (at < run.length && (run[at] === NEWLINE || run[at] === RETURN)) at++
  return at
}
