import { joined } from '../../body.ts'
import { type FindBytes, startsWith } from '../../bytes.ts'
import { Fault } from '../../fault.ts'
import { asList, asObject, asText, type Json, type JsonObject, parseJson } from '../../json.ts'
import type { Reading, ReplyReader } from '../../reply-reader.ts'
import { EventCutter, eachEvent, readEvent } from '../../sse.ts'
import { NO_USAGE, type Usage } from '../../usage.ts'
import { toldFault } from './fault.ts'
import { readSearches, readServiceTier, readUsage } from './usage.ts'

export interface GeminiStreamOptions {
  /** Our estimate of the prompt, for a stream that ends before its usage came. */
  readonly inputEstimate: number
  readonly eventBytesMax: number
  /** The vendor's codes for an account of ours without money. */
  readonly spendLimitCodes: readonly string[]
  /** The runtime's own search: a run of events is searched with every chunk. */
  readonly find: FindBytes
}

/**
 * Reads a stream of this wire in passing. Every event counts everything so far, so only the last one of a run is kept, and read when
 * somebody asks; decoded are the first ones and those that say how the answer ended or what failed.
 */
export class GeminiStream implements ReplyReader {
  readonly #options: GeminiStreamOptions
  readonly #cutter: EventCutter
  #opened = false
  #openingFault: Fault | undefined
  #brokenBy: Fault | undefined
  #model: string | null = null
  #serviceTier: string | null = null
  #usage: Usage | undefined
  #searches = 0
  /** The last event that counts, not read yet. */
  #counting: Uint8Array | undefined
  #finished = false
  #failed = false
  /** How many more events may be decoded for the model's name. */
  #headsLeft = HEADS_MAX
  /** Tokens by our own count, and the size of the smallest event: what one weighs with nothing in it. */
  #counted = 0
  #envelopeBytes = Number.POSITIVE_INFINITY
  #run: Uint8Array = NOTHING
  /** Up to where the present run goes on to the client. */
  #goesTo = 0
  /** Where the next sign of an error and of an end stands in the run, or -1. */
  #errorAt = -1
  #reasonAt = -1
  #lastStart = 0
  /** Only the end of the stream ends it: it has no terminal. */
  readonly done = false

  constructor(options: GeminiStreamOptions) {
    this.#options = options
    this.#cutter = new EventCutter(options.eventBytesMax)
  }

  get opened(): boolean {
    return this.#opened
  }

  get openingFault(): Fault | undefined {
    return this.#openingFault
  }

  get brokenBy(): Fault | undefined {
    return this.#brokenBy
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
    return out === undefined || this.ending() !== 'broken' ? out : joined([out, BLANK_LINE])
  }

  ending(): 'complete' | 'broken' | 'told' {
    if (this.#failed) return this.#brokenBy === undefined ? 'told' : 'broken'
    return this.#finished ? 'complete' : 'broken'
  }

  reading(): Reading {
    const counting = this.#counting
    this.#counting = undefined
    if (counting !== undefined) this.#readCount(asObject(jsonOf(counting, 0, counting.length)) ?? {})
    const usage = this.#usage ?? { ...NO_USAGE, input: this.#options.inputEstimate, output: this.#counted }
    const source = this.#usage === undefined ? 'counted' : this.#finished ? 'vendor' : 'running'
    return { model: this.#model, serviceTier: this.#serviceTier, usage, source }
  }

  #read(run: Uint8Array): Uint8Array | undefined {
    // What a vendor sends behind its own error would make a broken stream look finished.
    if (this.#failed || run.length === 0) return undefined
    const { find } = this.#options
    this.#run = run
    this.#goesTo = run.length
    this.#lastStart = -1
    this.#errorAt = find(run, ERROR, 0)
    this.#reasonAt = find(run, REASON, 0)
    eachEvent(run, this.#event)
    if (this.#lastStart >= 0 && find(run, COUNT, this.#lastStart) >= 0) this.#counting = run.slice(this.#lastStart)
    this.#run = NOTHING
    return this.#goesTo === 0 ? undefined : run.subarray(0, this.#goesTo)
  }

  /** One event. A field, so that no closure is made for every chunk. */
  readonly #event = (start: number, end: number): void => {
    if (this.#failed) return
    const run = this.#run
    const isUsual = startsWith(run, start, DATA)
    if (isUsual && this.#headsLeft === 0 && !this.#isSign(start, end)) {
      this.#lastStart = start
      this.#count(end - start)
      return
    }
    const json = jsonOf(run, start, end)
    if (json === undefined) return
    const body = asObject(asList(json)?.[0] ?? json)
    if (body === undefined) {
      if (!this.#opened) this.#fail(notThisWire(), start, end)
      return
    }
    const error = body['error'] ?? null
    if (error !== null) return this.#fail(toldFault(error, this.#options), start, end)
    this.#lastStart = start
    this.#readHead(body)
    this.#readEnd(body)
    this.#count(end - start)
  }

  /** Whether an error or an end may stand in the event. In a model's text the quotes are escaped. */
  #isSign(start: number, end: number): boolean {
    const { find } = this.#options
    if (this.#errorAt >= 0 && this.#errorAt < start) this.#errorAt = find(this.#run, ERROR, start)
    if (this.#reasonAt >= 0 && this.#reasonAt < start) this.#reasonAt = find(this.#run, REASON, start)
    return (this.#errorAt >= 0 && this.#errorAt < end) || (this.#reasonAt >= 0 && this.#reasonAt < end)
  }

  #readHead(body: JsonObject): void {
    this.#opened = true
    if (this.#headsLeft === 0) return
    this.#model = asText(body['modelVersion']) || this.#model
    this.#headsLeft = this.#model === null ? this.#headsLeft - 1 : 0
  }

  #readEnd(body: JsonObject): void {
    const candidates = asList(body['candidates']) ?? []
    if (candidates.some((candidate) => isText(asObject(candidate)?.['finishReason']))) this.#finished = true
    if (isText(asObject(body['promptFeedback'])?.['blockReason'])) this.#finished = true
    this.#readCount(body)
  }

  #readCount(body: JsonObject): void {
    let searches = 0
    for (const candidate of asList(body['candidates']) ?? []) searches += readSearches(asObject(candidate) ?? {})
    this.#searches = Math.max(this.#searches, searches)
    const { usageMetadata } = body
    this.#usage = readUsage(usageMetadata, this.#searches) ?? this.#usage
    this.#serviceTier = readServiceTier(usageMetadata) ?? this.#serviceTier
  }

  #count(bytes: number): void {
    if (bytes < this.#envelopeBytes) this.#envelopeBytes = bytes
    this.#counted += Math.max(1, (bytes - this.#envelopeBytes) >> 2)
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

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const NOTHING = new Uint8Array(0)
const BLANK_LINE = encoder.encode('\r\n\r\n')
const DATA = encoder.encode('data:')
const ERROR = encoder.encode('"error"')
/** The end of `finishReason` and of `blockReason`. */
const REASON = encoder.encode('Reason"')
/** The end of `promptTokenCount` and its like. */
const COUNT = encoder.encode('TokenCount"')
/** Behind so many events without a name there will be none. */
const HEADS_MAX = 8
const NEWLINE = 0x0a
const RETURN = 0x0d
const BRACE = 0x7b
const BRACKET = 0x5b

const notThisWire = () => new Fault('upstream_error', 'The provider answered with something that is not its wire')
const isOurAccount = ({ code }: Fault): boolean => code === 'upstream_funds' || code === 'upstream_auth_failed'
const isText = (value: Json | undefined): boolean => typeof value === 'string' && value !== ''

/**
 * The JSON of an event, or of what stands there without a frame (an error behind the events, wire-formats 1.3). `undefined` for a comment or
 * an event without data; what is no JSON is `null`.
 */
function jsonOf(run: Uint8Array, start: number, end: number): Json | undefined {
  const isBare = run[start] === BRACE || run[start] === BRACKET
  const data = isBare ? decoder.decode(run.subarray(start, end)) : readEvent(run, start, end).data
  return data === undefined || data.trim() === '' ? undefined : (parseJson(data) ?? null)
}

/** The rest of a stream without its last event if that is only half there. */
function wholeEvents(rest: Uint8Array): Uint8Array {
  let last = { start: 0, end: 0 }
  eachEvent(rest, (start, end) => {
    last = { start, end }
  })
  return (jsonOf(rest, last.start, last.end) ?? null) === null ? rest.subarray(0, last.start) : rest
}

function behindBlankLine(run: Uint8Array, end: number): number {
  let at = end
  while (at < run.length && (run[at] === NEWLINE || run[at] === RETURN)) at++
  return at
}
