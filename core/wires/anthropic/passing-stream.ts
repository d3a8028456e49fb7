import { startsWith } from '../../bytes.ts'
import { asObject, asText, type JsonObject, parseJson } from '../../json.ts'
import { PassingStream, type PassingStreamOptions } from '../../passing-stream.ts'
import type { Reading } from '../../reply-reader.ts'
import { nameAt, objectIn, readEvent } from '../../sse.ts'
import { notThisWire } from '../../upstream-fault.ts'
import { outputTokens, type Usage } from '../../usage.ts'
import { readToldFault, spliced } from './fault.ts'
import { laterUsage, readServiceTier, readUsage } from './usage.ts'

type Options = Omit<PassingStreamOptions, 'flavour' | 'endsWithDone' | 'hideUsage'>

/**
 * Reads a stream of this wire in passing. Nearly all of its events are pieces of content, known by their name and counted by their size; only
 * the three that frame a message, errors, and what has no name are decoded.
 */
export class AnthropicStream extends PassingStream {
  readonly #options: Options
  #model: string | null = null
  #id: string | undefined
  #usage: JsonObject = {}
  /** Whether the vendor has said why the answer ended: its usage is the last one. */
  #stopped = false

  constructor(options: Options) {
    super(options)
    this.#options = options
  }

  reading(): Reading {
    const usage = readUsage(this.#usage)
    const serviceTier = readServiceTier(this.#usage)
    if (usage === undefined) return { model: this.#model, serviceTier, usage: this.counted(), source: 'counted' }
    const isLast = this.done || this.#stopped
    return {
      model: this.#model,
      serviceTier,
      usage: isLast ? usage : this.#running(usage),
      source: isLast ? 'vendor' : 'running',
    }
  }

  /** Until its end the vendor tells the output of the first event only: what we have counted since then is nearer. */
  #running(usage: Usage): Usage {
    return { ...usage, output: Math.max(usage.output, usage.output + this.counted().output - outputTokens(usage)) }
  }

  protected isComplete(): boolean {
    return this.done
  }

  /** By the first letters of its name. */
  protected readonly event = (start: number, end: number): void => {
    if (this.failed || this.done) return
    const { run } = this
    const name = nameAt(run, start)
    if (name < 0) return this.#unnamed(start, end)
    if (run[name] === LETTER_C && startsWith(run, name, CONTENT_BLOCK))
      this.#content(name + CONTENT_BLOCK.length, start, end)
    else if (run[name] === LETTER_M || run[name] === LETTER_E) this.#frame(start, end)
  }

  /** `at`: behind the part of the name that all three events of a block begin with. */
  #content(at: number, start: number, end: number): void {
    this.opened = true
    if (this.run[at] === LETTER_D) this.count(end - start)
    else if (this.run[at + 2] === LETTER_A) this.#blockStart(start, end)
  }

  /** The vendor may let another model go on (its server-side fallback): what follows is paid at that one's price. */
  #blockStart(start: number, end: number): void {
    const at = this.#options.find(this.run, FALLBACK, start)
    if (at < 0 || at >= end) return
    const block = asObject(objectIn(this.run, { start, end })?.['content_block'])
    if (block?.['type'] === 'fallback') this.#model = asText(asObject(block['to'])?.['model']) || this.#model
  }

  /** An event of a vendor that gives no names, or something that is no event of this wire. */
  #unnamed(start: number, end: number): void {
    const { data } = readEvent(this.run, start, end)
    if (data === undefined || data.trim() === '' || data === DONE) return
    const json = asObject(parseJson(data))
    const type = asText(json?.['type']) ?? ''
    if (json === undefined && !this.opened) return this.fail(notThisWire('no_event'), { start, end })
    if (type.startsWith(BLOCK_TYPES)) {
      this.opened = true
      if (type === DELTA_TYPE) this.count(end - start)
    } else this.#frame(start, end)
  }

  #frame(start: number, end: number): void {
    const json = objectIn(this.run, { start, end })
    switch (asText(json?.['type']) ?? '') {
      case 'message_start':
        return this.#start(asObject(json?.['message']) ?? {}, start)
      case 'message_delta':
        this.opened = true
        this.#usage = laterUsage(this.#usage, asObject(json?.['usage']) ?? {})
        this.#stopped ||= asText(asObject(json?.['delta'])?.['stop_reason']) !== undefined
        return
      case 'message_stop':
        this.opened = true
        this.done = true
        return
      case 'error': {
        const { spendLimitCodes } = this.#options
        return this.fail(readToldFault(json?.['error'], { reason: 'error_in_stream', spendLimitCodes }), { start, end })
      }
      default:
    }
  }

  /** Another message behind content cannot be joined with it: the SDK refuses the event, and two signed thoughts in one answer are a 400 later. */
  #start(message: JsonObject, start: number): void {
    const id = asText(message['id']) ?? ''
    const isAnother = this.#id !== undefined && this.#id !== id
    if (isAnother && this.opened) {
      this.brokenBy = spliced()
      return this.stopAt(start)
    }
    this.#id = id
    this.#model = asText(message['model']) || this.#model
    this.#usage = laterUsage(this.#usage, asObject(message['usage']) ?? {})
  }
}

const encoder = new TextEncoder()
const CONTENT_BLOCK = encoder.encode('content_block_')
const FALLBACK = encoder.encode('"fallback"')
const BLOCK_TYPES = 'content_block_'
const DELTA_TYPE = 'content_block_delta'
const DONE = '[DONE]'
const LETTER_A = 0x61
const LETTER_C = 0x63
const LETTER_D = 0x64
const LETTER_E = 0x65
const LETTER_M = 0x6d
