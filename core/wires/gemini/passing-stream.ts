import { startsWith } from '../../bytes.ts'
import { asList, asObject, asText, type Json, type JsonObject, parseJson } from '../../json.ts'
import type { Span } from '../../json-scan.ts'
import { PassingStream, type PassingStreamOptions } from '../../passing-stream.ts'
import type { Reading } from '../../reply-reader.ts'
import { readEvent } from '../../sse.ts'
import { notThisWire } from '../../upstream-fault.ts'
import type { Usage } from '../../usage.ts'
import { toldFault } from './fault.ts'
import { readServiceTier, readUsage, searchesIn } from './usage.ts'

type Options = Omit<PassingStreamOptions, 'flavour' | 'endsWithDone' | 'hideUsage'>

/**
 * Reads a stream of this wire in passing. Every event counts everything so far, so only the last one of a run is kept, and read when
 * somebody asks; decoded are the first ones and those that say how the answer ended or what failed.
 */
export class GeminiStream extends PassingStream {
  readonly #options: Options
  #model: string | null = null
  #serviceTier: string | null = null
  #usage: Usage | undefined
  #searches = 0
  /** The last event that counts, not read yet. */
  #counting: Uint8Array | undefined
  #finished = false
  /** How many more events may be decoded for the model's name. */
  #headsLeft = HEADS_MAX
  /** Where the next sign of an error and of an end stands in the run, or -1. */
  #errorAt = -1
  #reasonAt = -1
  #lastStart = 0

  constructor(options: Options) {
    super(options)
    this.#options = options
  }

  reading(): Reading {
    const counting = this.#counting
    this.#counting = undefined
    if (counting !== undefined) this.#readCount(asObject(jsonOf(counting, { start: 0, end: counting.length })) ?? {})
    const usage = this.#usage ?? this.counted()
    const source = this.#usage === undefined ? 'counted' : this.#finished ? 'vendor' : 'running'
    return { model: this.#model, serviceTier: this.#serviceTier, usage, source }
  }

  /** Only the end of the stream ends it: it has no terminal. */
  protected isComplete(): boolean {
    return this.#finished
  }

  protected override read(run: Uint8Array): Uint8Array | undefined {
    const { find } = this.#options
    this.#lastStart = -1
    this.#errorAt = find(run, ERROR, 0)
    this.#reasonAt = find(run, REASON, 0)
    const out = super.read(run)
    if (this.#lastStart >= 0 && find(run, COUNT, this.#lastStart) >= 0) this.#counting = run.slice(this.#lastStart)
    return out
  }

  /** An error may stand there without a frame. */
  protected override isWhole(run: Uint8Array, event: Span): boolean {
    return (jsonOf(run, event) ?? null) !== null
  }

  /** An error without a frame goes on as it came. */
  protected override blankLine(): Uint8Array {
    return this.ending() === 'told' ? NOTHING : BLANK_LINE
  }

  protected readonly event = (start: number, end: number): void => {
    if (this.failed) return
    const { run } = this
    const isUsual = startsWith(run, start, DATA)
    if (isUsual && this.#headsLeft === 0 && !this.#isSign(start, end)) {
      this.#lastStart = start
      this.count(end - start)
      return
    }
    const json = jsonOf(run, { start, end })
    if (json === undefined) return
    const body = asObject(asList(json)?.[0] ?? json)
    if (body === undefined) {
      if (!this.opened) this.fail(notThisWire('no_event'), { start, end })
      return
    }
    const error = body['error'] ?? null
    if (error !== null) return this.fail(toldFault(error, this.#options), { start, end })
    this.#lastStart = start
    this.#readHead(body)
    this.#readEnd(body)
    this.count(end - start)
  }

  /** Whether an error or an end may stand in the event. In a model's text the quotes are escaped. */
  #isSign(start: number, end: number): boolean {
    const { find } = this.#options
    if (this.#errorAt >= 0 && this.#errorAt < start) this.#errorAt = find(this.run, ERROR, start)
    if (this.#reasonAt >= 0 && this.#reasonAt < start) this.#reasonAt = find(this.run, REASON, start)
    return (this.#errorAt >= 0 && this.#errorAt < end) || (this.#reasonAt >= 0 && this.#reasonAt < end)
  }

  #readHead(body: JsonObject): void {
    this.opened = true
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
    this.#searches = Math.max(this.#searches, searchesIn(body))
    const { usageMetadata } = body
    this.#usage = readUsage(usageMetadata, this.#searches) ?? this.#usage
    this.#serviceTier = readServiceTier(usageMetadata) ?? this.#serviceTier
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
const BRACE = 0x7b
const BRACKET = 0x5b

const isText = (value: Json | undefined): boolean => typeof value === 'string' && value !== ''

/**
 * The JSON of an event, or of what stands there without a frame (an error behind the events, wire-formats 1.3). `undefined` for a comment or
 * an event without data; what is no JSON is `null`.
 */
function jsonOf(run: Uint8Array, { start, end }: Span): Json | undefined {
  const isBare = run[start] === BRACE || run[start] === BRACKET
  const data = isBare ? decoder.decode(run.subarray(start, end)) : readEvent(run, start, end).data
  return data === undefined || data.trim() === '' ? undefined : (parseJson(data) ?? null)
}
