import { joined } from '../../body.ts'
import { type FindBytes, startsWith } from '../../bytes.ts'
import { Fault } from '../../fault.ts'
import { asList, asObject, asText, type JsonObject } from '../../json.ts'
import type { Span } from '../../json-scan.ts'
import type { UsageFlavour } from '../../provider.ts'
import { EventCutter, eachEvent, eventsWith, readEvent } from '../../sse.ts'
import { NO_USAGE, type Usage } from '../../usage.ts'
import type { Reading, ReplyReader } from '../../reply-reader.ts'
import { chunkOf, type ErrorEvent, errorEvent, hasFinish } from './event.ts'
import { isOurAccount, toldFault } from './fault.ts'
import { readServiceTier, readUsage } from './usage.ts'

export interface OpenAiStreamOptions {
  readonly flavour: UsageFlavour
  /** Whether a finished stream of this vendor ends with `[DONE]`. */
  readonly endsWithDone: boolean
  /** The usage chunk at the end is there because we asked: the client never sees it. */
  readonly hideUsage: boolean
  /** Our estimate of the prompt, for a stream that ends before its usage came. */
  readonly inputEstimate: number
  readonly eventBytesMax: number
  /** The vendor's codes for an account of ours without money. */
  readonly spendLimitCodes: readonly string[]
  /** The runtime's own search where it has one: a run of events is searched with every chunk. */
  readonly find: FindBytes
}

/**
 * Reads an OpenAI stream in passing. Events are counted, not parsed; only the first one and those with a usage figure or
 * an error are decoded (measured: parsing every event costs a third of a relayed event, this a twentieth).
 */
export class OpenAiStream implements ReplyReader {
  readonly #options: OpenAiStreamOptions
  readonly #cutter: EventCutter
  #opened = false
  #openingFault: Fault | undefined
  #model: string | null = null
  #serviceTier: string | null = null
  #usage: Usage | undefined
  /** How many more events may be decoded for the model's name. */
  #headsLeft = HEADS_MAX
  #done = false
  #finished = false
  #failed = false
  #brokenBy: Fault | undefined
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

  ending(): 'complete' | 'broken' | 'told' {
    if (this.#failed) return this.#brokenBy === undefined ? 'told' : 'broken'
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
    if (this.#failed || events.length === 0) return undefined
    const error = errorEvent(events, this.#options.find)
    if (error === undefined) return this.#readSound(events)
    const before = this.#readSound(events.subarray(0, error.start))
    return this.#done ? before : this.#readError(events, error, before)
  }

  /** A run without an error in it. */
  #readSound(run: Uint8Array): Uint8Array | undefined {
    if (run.length === 0) return undefined
    this.#run = run
    eachEvent(run, this.#event)
    this.#run = NOTHING
    const { endsWithDone, find } = this.#options
    if (!endsWithDone && !this.#finished) this.#finished = hasFinish(run, find)
    return find(run, TOKENS, 0) < 0 ? run : this.#readUsages(run)
  }

  /** The vendor's error is the end. The client gets it too, unless another answer may still be found, or it is about our account. */
  #readError(run: Uint8Array, event: ErrorEvent, before: Uint8Array | undefined): Uint8Array | undefined {
    this.#failed = true
    if (event.chunk !== undefined) this.#readUsage(event.chunk)
    const { spendLimitCodes } = this.#options
    const fault = toldFault(event.error, { reason: 'error_in_stream', spendLimitCodes })
    if (!this.#opened) {
      this.#opened = true
      this.#openingFault = fault
      return before
    }
    if (isOurAccount(fault)) {
      this.#brokenBy = fault
      return before
    }
    const told = run.subarray(event.start, behindBlankLine(run, event.end))
    return before === undefined ? told : joined([before, told])
  }

  /** Counts one event. A field, so that no closure is made for every chunk. */
  readonly #event = (start: number, end: number): void => {
    const run = this.#run
    const data = run[start] === LETTER_D ? start : dataLine(run, start, end)
    if (data < 0) return
    const value = run[data + 5] === SPACE ? data + 6 : data + 5
    if (run[value] === OPEN_LIST && startsWith(run, value, DONE)) {
      this.#done = true
      return
    }
    if (this.#headsLeft > 0) this.#readHead({ start, end })
    this.#count(end - start)
  }

  #count(bytes: number): void {
    if (bytes < this.#envelopeBytes) this.#envelopeBytes = bytes
    this.#counted += Math.max(1, (bytes - this.#envelopeBytes) >> 2)
  }

  /** Azure's first event names no model, nor do the heartbeats of others. */
  #readHead(event: Span): void {
    const chunk = chunkOf(this.#run, event)
    if (!this.#opened && chunk === undefined) {
      this.#openingFault = new Fault('upstream_error', 'The provider answered with something that is not its wire')
    }
    this.#opened = true
    this.#model = asText(chunk?.['model']) || null
    this.#headsLeft = this.#model === null ? this.#headsLeft - 1 : 0
  }

  #readUsage(chunk: JsonObject): Usage | undefined {
    const usage = readUsage(chunk['usage'] ?? asObject(chunk['x_groq'])?.['usage'], this.#options.flavour)
    if (usage === undefined) return undefined
    this.#usage = usage
    this.#serviceTier = readServiceTier(chunk) ?? this.#serviceTier
    return usage
  }

  /** The slow path: a run in which the word stands that usage has, or a model that talks about it. */
  #readUsages(run: Uint8Array): Uint8Array | undefined {
    const { find, hideUsage } = this.#options
    const kept: Uint8Array[] = []
    let from = 0
    for (const event of eventsWith(run, (at) => find(run, TOKENS, at))) {
      const chunk = chunkOf(run, event)
      if (chunk === undefined || this.#readUsage(chunk) === undefined) continue
      if (!hideUsage || asList(chunk['choices'])?.length !== 0) continue
      if (event.start > from) kept.push(run.subarray(from, event.start))
      from = behindBlankLine(run, event.end)
    }
    if (from === 0) return run
    if (from < run.length) kept.push(run.subarray(from))
    return kept.length === 0 ? undefined : joined(kept)
  }
}

const encoder = new TextEncoder()
const NOTHING = new Uint8Array(0)
const LETTER_D = 0x64
const SPACE = 0x20
const OPEN_LIST = 0x5b
const NEWLINE = 0x0a
const RETURN = 0x0d
const DATA = encoder.encode('data:')
const DONE = encoder.encode('[DONE]')
/** In every key of a usage figure and hardly ever elsewhere; short, and with a rare first letter, which is what the native search is quick with. */
const TOKENS = encoder.encode('_tokens')
const BLANK_LINE = encoder.encode('\n\n')
/** Behind so many events without a name there will be none. */
const HEADS_MAX = 8

/** Where the first `data:` line of an event starts that begins with another line, or -1 for a comment. Rare, so it may be slow. */
function dataLine(run: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if ((run[at] === NEWLINE || run[at] === RETURN) && startsWith(run, at + 1, DATA)) return at + 1
  }
  return -1
}

/** The rest of a stream without its last event if that is only half there: neither `[DONE]` nor whole JSON. */
function wholeEvents(rest: Uint8Array): Uint8Array {
  let last = { start: 0, end: 0 }
  eachEvent(rest, (start, end) => {
    last = { start, end }
  })
  const isWhole = readEvent(rest, last.start, last.end).data === '[DONE]' || chunkOf(rest, last) !== undefined
  return isWhole ? rest : rest.subarray(0, last.start)
}

function behindBlankLine(run: Uint8Array, end: number): number {
  let at = end
  while (at < run.length && (run[at] === NEWLINE || run[at] === RETURN)) at++
  return at
}
