import { joined } from '../body.ts'
import { type FindBytes, startsWith } from '../bytes.ts'
import { Fault } from '../fault.ts'
import { asList, asObject, asText, type JsonObject, parseJson } from '../json.ts'
import type { UsageFlavour } from '../provider.ts'
import { EventCutter, eachEvent } from '../sse.ts'
import { NO_USAGE, type Usage } from '../usage.ts'
import type { Reading, ReplyReader } from '../wire.ts'
import { toldFault } from './openai-fault.ts'
import { readServiceTier, readUsage } from './openai-usage.ts'

export interface OpenAiStreamOptions {
  readonly flavour: UsageFlavour
  /** Whether a finished stream of this vendor ends with `[DONE]`. */
  readonly endsWithDone: boolean
  /** The usage chunk at the end is there because we asked: the client never sees it. */
  readonly hideUsage: boolean
  /** Our estimate of the prompt, for a stream that ends before its usage came. */
  readonly inputEstimate: number
  readonly eventBytesMax: number
  /** The runtime's own search where it has one: a run of events is searched with every chunk. */
  readonly find: FindBytes
}

/**
 * Reads an OpenAI stream in passing. Events are counted, not parsed; only the first one and those with a usage figure
 * are decoded (measured: parsing every event costs a third of a relayed event, this a twentieth).
 */
export class OpenAiStream implements ReplyReader {
  readonly #options: OpenAiStreamOptions
  readonly #cutter: EventCutter
  #opened = false
  #openingFault: Fault | undefined
  #model: string | null = null
  #serviceTier: string | null = null
  #usage: Usage | undefined
  #done = false
  #finished = false
  #errorSeen = false
  /** Where the vendor's error ends in the run that is being read. */
  #errorEnd = 0
  /** Tokens by our own count, and the size of the smallest event: what an event weighs with nothing in it. */
  #counted = 0
  #envelopeBytes = Number.POSITIVE_INFINITY
  #run: Uint8Array = new Uint8Array(0)

  constructor(options: OpenAiStreamOptions) {
    this.#options = options
    this.#cutter = new EventCutter(options.eventBytesMax)
  }

  get opened(): boolean {
    return this.#opened
  }

  get openingFault(): Fault | undefined {
    return this.#openingFault
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

  end(): Uint8Array | undefined {
    const rest = this.#cutter.rest()
    return rest === undefined ? undefined : this.#read(rest)
  }

  ending(): 'complete' | 'broken' | 'told' {
    if (this.#errorSeen) return 'told'
    return this.#done || (this.#finished && !this.#options.endsWithDone) ? 'complete' : 'broken'
  }

  reading(): Reading {
    const known = this.#usage
    const usage = known ?? { ...NO_USAGE, input: this.#options.inputEstimate, output: this.#counted }
    const source = known === undefined ? 'counted' : this.#done || this.#finished ? 'vendor' : 'running'
    return { model: this.#model, serviceTier: this.#serviceTier, usage, source }
  }

  #read(events: Uint8Array): Uint8Array | undefined {
    // What a vendor sends behind its own error, even `[DONE]`, would make a broken stream look finished.
    if (this.#errorSeen) return undefined
    this.#run = events
    eachEvent(events, this.#event)
    this.#run = NOTHING
    const run = this.#errorSeen ? events.subarray(0, behindBlankLine(events, this.#errorEnd)) : events
    if (!this.#options.endsWithDone && !this.#finished) this.#finished = this.#options.find(run, FINISH_REASON, 0) >= 0
    const word = this.#options.find(run, PROMPT_TOKENS, 0)
    return word < 0 ? run : this.#readUsage(run, word)
  }

  /** Counts one event. A field, so that no closure is made for every chunk. */
  readonly #event = (start: number, end: number): void => {
    if (this.#errorSeen) return
    const run = this.#run
    const data = run[start] === LETTER_D ? start : dataLine(run, start, end)
    if (data < 0) return
    if (data > start && startsWith(run, start, EVENT_ERROR)) this.#tellError(end)
    const value = run[data + 5] === SPACE ? data + 6 : data + 5
    if (run[value] === OPEN_LIST && startsWith(run, value, DONE)) {
      this.#done = true
      return
    }
    if (run[value + 2] === LETTER_E && startsWith(run, value + 1, ERROR_KEY) && hasError(run, start, end))
      this.#tellError(end)
    if (!this.#opened) this.#readFirst(run.subarray(value, end))
    this.#count(end - start)
  }

  #tellError(end: number): void {
    this.#errorSeen = true
    this.#errorEnd = end
  }

  #count(bytes: number): void {
    if (bytes < this.#envelopeBytes) this.#envelopeBytes = bytes
    this.#counted += Math.max(1, (bytes - this.#envelopeBytes) >> 2)
  }

  #readFirst(bytes: Uint8Array): void {
    this.#opened = true
    const chunk = asObject(parseJson(decoder.decode(bytes)))
    if (chunk === undefined) {
      this.#openingFault = new Fault('upstream_error', 'The provider answered with something that is not its wire')
      return
    }
    this.#model = asText(chunk['model']) ?? null
    const error = chunk['error'] ?? null
    if (error !== null || this.#errorSeen) this.#openingFault = toldFault(error, 'error_in_stream')
  }

  /** The slow path: a run in which the word stands that only usage has, or a model that talks about it. */
  #readUsage(run: Uint8Array, firstWord: number): Uint8Array | undefined {
    const kept: Uint8Array[] = []
    let from = 0
    let word = firstWord
    eachEvent(run, (start, end) => {
      if (word < 0 || end <= word) return
      word = this.#options.find(run, PROMPT_TOKENS, end)
      const chunk = dataOf(run, start, end)
      if (chunk === undefined) return
      const usage = readUsage(chunk['usage'] ?? asObject(chunk['x_groq'])?.['usage'], this.#options.flavour)
      if (usage === undefined) return
      this.#usage = usage
      this.#serviceTier = readServiceTier(chunk) ?? this.#serviceTier
      if (!this.#options.hideUsage || asList(chunk['choices'])?.length !== 0) return
      if (start > from) kept.push(run.subarray(from, start))
      from = behindBlankLine(run, end)
    })
    if (from === 0) return run
    if (from < run.length) kept.push(run.subarray(from))
    return kept.length === 0 ? undefined : joined(kept)
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const NOTHING = new Uint8Array(0)
const LETTER_D = 0x64
const LETTER_E = 0x65
const SPACE = 0x20
const OPEN_LIST = 0x5b
const NEWLINE = 0x0a
const RETURN = 0x0d
const DATA = encoder.encode('data:')
const DONE = encoder.encode('[DONE]')
const EVENT_ERROR = encoder.encode('event: error')
const ERROR_KEY = encoder.encode('"error"')
const PROMPT_TOKENS = encoder.encode('prompt_tokens')
const FINISH_REASON = encoder.encode('"finish_reason":"')

/** Where the first `data:` line of an event starts that begins with another line, or -1 for a comment. Rare, so it may be slow. */
function dataLine(run: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if ((run[at] === NEWLINE || run[at] === RETURN) && startsWith(run, at + 1, DATA)) return at + 1
  }
  return -1
}

/** The JSON of an event's data, lines joined as the SSE grammar says, or `undefined`. */
function dataOf(run: Uint8Array, start: number, end: number): JsonObject | undefined {
  const lines = decoder.decode(run.subarray(start, end)).split(/\r\n|\n|\r/)
  const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5))
  return asObject(parseJson(data.join('\n')))
}

/** Some vendors put an empty `error` into every chunk. */
const hasError = (run: Uint8Array, start: number, end: number): boolean =>
  (dataOf(run, start, end)?.['error'] ?? null) !== null

function behindBlankLine(run: Uint8Array, end: number): number {
  let at = end
  while (at < run.length && (run[at] === NEWLINE || run[at] === RETURN)) at++
  return at
}
