import { joined } from '../../body.ts'
import { startsWith } from '../../bytes.ts'
import { asList, asObject, asText, type JsonObject } from '../../json.ts'
import type { Span } from '../../json-scan.ts'
import { PassingStream, type PassingStreamOptions } from '../../passing-stream.ts'
import type { Reading } from '../../reply-reader.ts'
import { behindBlankLine, eachEvent, eventsWith, objectIn } from '../../sse.ts'
import { notThisWire } from '../../upstream-fault.ts'
import type { Usage } from '../../usage.ts'
import { type ErrorEvent, errorEvent, hasFinish } from './event.ts'
import { toldFault } from './fault.ts'
import { readServiceTier, readUsage } from './usage.ts'

/**
 * Reads an OpenAI stream in passing. Events are counted, not parsed; only the first one and those with a usage figure or
 * an error are decoded (measured: parsing every event costs a third of a relayed event, this a twentieth).
 */
export class OpenAiStream extends PassingStream {
  readonly #options: PassingStreamOptions
  #model: string | null = null
  #serviceTier: string | null = null
  #usage: Usage | undefined
  /** How many more events may be decoded for the model's name. */
  #headsLeft = HEADS_MAX
  #finished = false

  constructor(options: PassingStreamOptions) {
    super(options)
    this.#options = options
  }

  reading(): Reading {
    const known = this.#usage
    const usage = known ?? this.counted()
    const source = known === undefined ? 'counted' : this.done || this.#finished ? 'vendor' : 'running'
    return { model: this.#model, serviceTier: this.#serviceTier, usage, source }
  }

  protected isComplete(): boolean {
    return this.done || (this.#finished && !this.#options.endsWithDone)
  }

  /** Errors are looked for before anything is counted. */
  protected override read(events: Uint8Array): Uint8Array | undefined {
    // What a vendor sends behind its own error, even `[DONE]`, would make a broken stream look finished.
    if (this.failed || events.length === 0) return undefined
    const error = errorEvent(events, this.#options.find)
    if (error === undefined) return this.#readSound(events)
    const before = this.#readSound(events.subarray(0, error.start))
    return this.done ? before : this.#readError(events, error, before)
  }

  /** A run without an error in it. */
  #readSound(run: Uint8Array): Uint8Array | undefined {
    if (run.length === 0) return undefined
    this.run = run
    eachEvent(run, this.event)
    this.run = NOTHING
    const { endsWithDone, find } = this.#options
    if (!endsWithDone && !this.#finished) this.#finished = hasFinish(run, find)
    return find(run, TOKENS, 0) < 0 ? run : this.#readUsages(run)
  }

  #readError(run: Uint8Array, event: ErrorEvent, before: Uint8Array | undefined): Uint8Array | undefined {
    if (event.chunk !== undefined) this.#readUsage(event.chunk)
    const { spendLimitCodes } = this.#options
    this.run = run
    this.fail(toldFault(event.error, { reason: 'error_in_stream', spendLimitCodes }), event)
    this.run = NOTHING
    if (this.goesTo === event.start) return before
    const told = run.subarray(event.start, this.goesTo)
    return before === undefined ? told : joined([before, told])
  }

  protected readonly event = (start: number, end: number): void => {
    const { run } = this
    const data = run[start] === LETTER_D ? start : dataLine(run, start, end)
    if (data < 0) return
    const value = run[data + 5] === SPACE ? data + 6 : data + 5
    // Some keep the line open with events that hold nothing.
    if (value >= end || run[value] === NEWLINE || run[value] === RETURN) return
    if (run[value] === OPEN_LIST && startsWith(run, value, DONE)) {
      this.done = true
      return
    }
    if (this.#headsLeft > 0) this.#readHead({ start, end })
    this.count(end - start)
  }

  /** Azure's first event names no model, nor do the heartbeats of others. */
  #readHead(event: Span): void {
    const chunk = objectIn(this.run, event)
    if (!this.opened && chunk === undefined) {
      this.openingFault = notThisWire('no_event')
    }
    this.opened = true
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
      const chunk = objectIn(run, event)
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
/** Behind so many events without a name there will be none. */
const HEADS_MAX = 8

/** Where the first `data:` line of an event starts that begins with another line, or -1 for a comment. Rare, so it may be slow. */
function dataLine(run: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if ((run[at] === NEWLINE || run[at] === RETURN) && startsWith(run, at + 1, DATA)) return at + 1
  }
  return -1
}
