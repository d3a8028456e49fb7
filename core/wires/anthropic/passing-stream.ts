import { joined } from '../../body.ts'
import { type FindBytes, startsWith } from '../../bytes.ts'
import { Fault } from '../../fault.ts'
import { asObject, asText, type JsonObject, parseJson } from '../../json.ts'
import type { Reading, ReplyReader } from '../../reply-reader.ts'
import { EventCutter, eachEvent, readEvent } from '../../sse.ts'
import { NO_USAGE, outputTokens, type Usage } from '../../usage.ts'
import { readToldFault } from './fault.ts'
import { laterUsage, readServiceTier, readUsage } from './usage.ts'

export interface AnthropicStreamOptions {
  /** Our estimate of the prompt, for a stream that ends before its usage came. */
  readonly inputEstimate: number
  readonly eventBytesMax: number
  /** The vendor's codes for an account of ours without money. */
  readonly spendLimitCodes: readonly string[]
  /** The runtime's own search. */
  readonly find: FindBytes
}

/**
 * Reads a stream of this wire in passing. Nearly all of its events are pieces of content, known by their name and counted by their size; only
 * the three that frame a message, errors, and what has no name are decoded.
 */
export class AnthropicStream implements ReplyReader {
  readonly #options: AnthropicStreamOptions
  readonly #cutter: EventCutter
  #opened = false
  #openingFault: Fault | undefined
  #brokenBy: Fault | undefined
  #model: string | null = null
  #id: string | undefined
  #usage: JsonObject = {}
  /** Whether the vendor has said why the answer ended: its usage is the last one. */
  #stopped = false
  #done = false
  #failed = false
  #bytes = 0
  /** Tokens by our own count, and the size of the smallest piece: what one weighs with nothing in it. */
  #counted = 0
  #envelopeBytes = Number.POSITIVE_INFINITY
  #run: Uint8Array = NOTHING
  /** Up to where the present run goes on to the client. */
  #goesTo = 0

  constructor(options: AnthropicStreamOptions) {
    this.#options = options
    this.#cutter = new EventCutter(options.eventBytesMax)
  }

  /** Content commits; before it another target may be tried, because an overloaded vendor says so behind its first event too. */
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
    return this.#done ? 'complete' : 'broken'
  }

  reading(): Reading {
    const usage = readUsage(this.#usage)
    const serviceTier = readServiceTier(this.#usage)
    if (usage === undefined) {
      const counted = { ...NO_USAGE, input: this.#options.inputEstimate, output: this.#counted }
      return { model: this.#model, serviceTier, usage: counted, source: 'counted' }
    }
    const isLast = this.#done || this.#stopped
    return {
      model: this.#model,
      serviceTier,
      usage: isLast ? usage : this.#running(usage),
      source: isLast ? 'vendor' : 'running',
    }
  }

  /** Until its end the vendor tells the output of the first event only: what we have counted since then is nearer. */
  #running(usage: Usage): Usage {
    return { ...usage, output: Math.max(usage.output, usage.output + this.#counted - outputTokens(usage)) }
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

  /** One event, by the first letters of its name. A field, so that no closure is made for every chunk. */
  readonly #event = (start: number, end: number): void => {
    if (this.#failed || this.#done) return
    const run = this.#run
    if (!startsWith(run, start, EVENT)) return this.#unnamed(start, end)
    const name = run[start + EVENT.length] === SPACE ? start + EVENT.length + 1 : start + EVENT.length
    if (run[name] === LETTER_C && startsWith(run, name, CONTENT_BLOCK))
      this.#content(name + CONTENT_BLOCK.length, start, end)
    else if (run[name] === LETTER_M || run[name] === LETTER_E) this.#frame(start, end)
  }

  /** `at`: behind the part of the name that all three events of a block begin with. */
  #content(at: number, start: number, end: number): void {
    this.#opened = true
    if (this.#run[at] === LETTER_D) this.#count(end - start)
    else if (this.#run[at + 2] === LETTER_A) this.#blockStart(start, end)
  }

  /** The vendor may let another model go on (its server-side fallback): what follows is paid at that one's price. */
  #blockStart(start: number, end: number): void {
    const at = this.#options.find(this.#run, FALLBACK, start)
    if (at < 0 || at >= end) return
    const block = asObject(jsonOf(this.#run, start, end)?.['content_block'])
    if (block?.['type'] === 'fallback') this.#model = asText(asObject(block['to'])?.['model']) || this.#model
  }

  #count(bytes: number): void {
    if (bytes < this.#envelopeBytes) this.#envelopeBytes = bytes
    this.#counted += Math.max(1, (bytes - this.#envelopeBytes) >> 2)
  }

  /** An event of a vendor that gives no names, or something that is no event of this wire. */
  #unnamed(start: number, end: number): void {
    const { data } = readEvent(this.#run, start, end)
    if (data === undefined || data.trim() === '' || data === DONE) return
    const json = asObject(parseJson(data))
    const type = asText(json?.['type']) ?? ''
    if (json === undefined && !this.#opened) return this.#fail(notThisWire(), start, end)
    if (type.startsWith(BLOCK_TYPES)) {
      this.#opened = true
      if (type === DELTA_TYPE) this.#count(end - start)
    } else this.#frame(start, end)
  }

  #frame(start: number, end: number): void {
    const json = jsonOf(this.#run, start, end)
    switch (asText(json?.['type']) ?? '') {
      case 'message_start':
        return this.#start(asObject(json?.['message']) ?? {}, start)
      case 'message_delta':
        this.#opened = true
        this.#usage = laterUsage(this.#usage, asObject(json?.['usage']) ?? {})
        this.#stopped ||= asText(asObject(json?.['delta'])?.['stop_reason']) !== undefined
        return
      case 'message_stop':
        this.#opened = true
        this.#done = true
        return
      case 'error': {
        const { spendLimitCodes } = this.#options
        return this.#fail(readToldFault(json?.['error'], { reason: 'error_in_stream', spendLimitCodes }), start, end)
      }
      default:
    }
  }

  /** Another message behind content cannot be joined with it: the SDK refuses the event, and two signed thoughts in one answer are a 400 later. */
  #start(message: JsonObject, start: number): void {
    const id = asText(message['id']) ?? ''
    const isAnother = this.#id !== undefined && this.#id !== id
    if (isAnother && this.#opened) {
      this.#brokenBy = new Fault('upstream_error', 'The provider began another answer', { reason: 'spliced' })
      return this.#stopAt(start)
    }
    this.#id = id
    this.#model = asText(message['model']) || this.#model
    this.#usage = laterUsage(this.#usage, asObject(message['usage']) ?? {})
  }

  /** The client gets the vendor's own error, unless another answer may still be found, or it is about our account. */
  #fail(fault: Fault, start: number, end: number): void {
    if (!this.#opened) this.#openingFault = fault
    else if (isOurAccount(fault)) this.#brokenBy = fault
    const isTold = this.#opened && this.#brokenBy === undefined
    this.#opened = true
    this.#stopAt(isTold ? behindBlankLine(this.#run, end) : start)
  }

  #stopAt(at: number): void {
    this.#failed = true
    this.#goesTo = at
  }
}

const encoder = new TextEncoder()
const NOTHING = new Uint8Array(0)
const BLANK_LINE = encoder.encode('\n\n')
const EVENT = encoder.encode('event:')
const CONTENT_BLOCK = encoder.encode('content_block_')
const FALLBACK = encoder.encode('"fallback"')
const BLOCK_TYPES = 'content_block_'
const DELTA_TYPE = 'content_block_delta'
const DONE = '[DONE]'
const HELD_BYTES_MAX = 32_768
const SPACE = 0x20
const NEWLINE = 0x0a
const RETURN = 0x0d
const LETTER_A = 0x61
const LETTER_C = 0x63
const LETTER_D = 0x64
const LETTER_E = 0x65
const LETTER_M = 0x6d

const notThisWire = () => new Fault('upstream_error', 'The provider answered with something that is not its wire')

const isOurAccount = ({ code }: Fault): boolean => code === 'upstream_funds' || code === 'upstream_auth_failed'

const jsonOf = (run: Uint8Array, start: number, end: number): JsonObject | undefined =>
  asObject(parseJson(readEvent(run, start, end).data ?? ''))

/** The rest of a stream without its last event if that is only half there. */
function wholeEvents(rest: Uint8Array): Uint8Array {
  let lastStart = 0
  let lastEnd = 0
  eachEvent(rest, (start, end) => {
    lastStart = start
    lastEnd = end
  })
  return jsonOf(rest, lastStart, lastEnd) === undefined ? rest.subarray(0, lastStart) : rest
}

function behindBlankLine(run: Uint8Array, end: number): number {
  let at = end
  while (at < run.length && (run[at] === NEWLINE || run[at] === RETURN)) at++
  return at
}
