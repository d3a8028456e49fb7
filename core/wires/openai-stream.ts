import { joined } from '../body.ts'
import { Fault } from '../fault.ts'
import { asList, asObject, asText, type JsonObject, parseJson } from '../json.ts'
import type { UsageFlavour } from '../provider.ts'
import { EventCutter, eachEvent } from '../sse.ts'
import { NO_USAGE, type Usage } from '../usage.ts'
import type { Reading, ReplyReader } from '../wire.ts'
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

  #read(run: Uint8Array): Uint8Array | undefined {
    this.#run = run
    eachEvent(run, this.#event)
    this.#run = NOTHING
    if (!this.#options.endsWithDone && !this.#finished) this.#finished = find(run, FINISH_REASON) >= 0
    return find(run, PROMPT_TOKENS) < 0 ? run : this.#readUsage(run)
  }

  /** Counts one event. A field, so that no closure is made for every chunk. */
  readonly #event = (start: number, end: number): void => {
    const run = this.#run
    const data = run[start] === LETTER_D ? start : dataLine(run, start, end)
    if (data < 0) return
    if (data > start && startsWith(run, start, EVENT_ERROR)) this.#errorSeen = true
    const value = run[data + 5] === SPACE ? data + 6 : data + 5
    if (run[value] === OPEN_LIST && startsWith(run, value, DONE)) {
      this.#done = true
      return
    }
    if (run[value + 2] === LETTER_E && startsWith(run, value + 1, ERROR_KEY)) this.#errorSeen = true
    if (!this.#opened) this.#readFirst(run.subarray(value, end))
    this.#count(end - start)
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
    if (chunk['error'] !== undefined && chunk['error'] !== null) {
      this.#openingFault = new Fault('upstream_error', errorMessage(chunk), { reason: 'error_in_stream' })
    }
  }

  /** The slow path: a run in which the word stands that only usage has, or a model that talks about it. */
  #readUsage(run: Uint8Array): Uint8Array | undefined {
    const kept: Uint8Array[] = []
    let from = 0
    eachEvent(run, (start, end) => {
      const chunk = dataOf(run, start, end)
      if (chunk === undefined) return
      const usage = readUsage(chunk['usage'], this.#options.flavour)
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

function startsWith(bytes: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return false
  return true
}

/** Where `word` stands in `bytes`, or -1. Hops by the word's first byte, which the runtime finds at memory speed. */
function find(bytes: Uint8Array, word: Uint8Array): number {
  const first = word[0] ?? 0
  let at = bytes.indexOf(first)
  while (at >= 0) {
    if (startsWith(bytes, at, word)) return at
    at = bytes.indexOf(first, at + 1)
  }
  return -1
}

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

function behindBlankLine(run: Uint8Array, end: number): number {
  let at = end
  while (at < run.length && (run[at] === NEWLINE || run[at] === RETURN)) at++
  return at
}

function errorMessage(chunk: JsonObject): string {
  const message = asText(asObject(chunk['error'])?.['message'])
  return message === undefined ? 'The provider reported an error' : `The provider reported an error: ${message.slice(0, 500)}`
}
