import { joined } from './body.ts'
import type { FindBytes } from './bytes.ts'
import type { Fault } from './fault.ts'
import type { Span } from './json-scan.ts'
import type { UsageFlavour } from './provider.ts'
import type { Reading, ReplyReader } from './reply-reader.ts'
import { behindBlankLine, EventCutter, eachEvent, objectIn, readEvent, wholeEvents } from './sse.ts'
import { isOurAccount, tooLarge } from './upstream-fault.ts'
import { NO_USAGE, type Usage } from './usage.ts'

/** What a reader of passing bytes must know of the vendor. */
export interface PassingStreamOptions {
  readonly flavour: UsageFlavour
  /** Whether a finished stream of this vendor ends with `[DONE]`. */
  readonly endsWithDone: boolean
  /** The usage chunk at the end is there because we asked: the client never sees it. */
  readonly hideUsage: boolean
  /** Our estimate of the prompt in tokens, for a stream that ends before its usage came. */
  readonly inputEstimate: number
  readonly eventBytesMax: number
  /** The vendor's codes for an account of ours without money. */
  readonly spendLimitCodes: readonly string[]
  /** The runtime's own search: a run of events is searched with every chunk. */
  readonly find: FindBytes
}

/**
 * Reads a stream in passing, whatever its wire: only whole events go on, pieces are counted by their size, and behind a vendor's error
 * nothing follows. What an event means is the wire's.
 */
export abstract class PassingStream implements ReplyReader {
  readonly #cutter: EventCutter
  readonly #inputEstimate: number
  /** Content commits; before it another target may be tried, because an overloaded vendor says so behind its first events too. */
  opened = false
  openingFault: Fault | undefined
  brokenBy: Fault | undefined
  done = false
  protected failed = false
  /** The whole events that are being read. */
  protected run: Uint8Array = NOTHING
  /** Up to where the present run goes on to the client. */
  protected goesTo = 0
  #bytes = 0
  /** Tokens by our own count, and the size of the smallest piece: what one weighs with nothing in it. */
  #counted = 0
  #envelopeBytes = Number.POSITIVE_INFINITY

  constructor({ eventBytesMax, inputEstimate }: Pick<PassingStreamOptions, 'eventBytesMax' | 'inputEstimate'>) {
    this.#cutter = new EventCutter(eventBytesMax)
    this.#inputEstimate = inputEstimate
  }

  push(chunk: Uint8Array): Uint8Array | undefined {
    const run = this.#cutter.push(chunk)
    if (run !== undefined) return this.read(run)
    if (this.#cutter.overflown) throw tooLarge('an event')
    return undefined
  }

  /** Of what the vendor left only whole events go on, and never without a blank line before our error frame. */
  end(): Uint8Array | undefined {
    const rest = this.#cutter.rest()
    const out = rest === undefined ? undefined : this.read(wholeEvents(rest, (run, event) => this.isWhole(run, event)))
    return out === undefined || this.ending() === 'complete' ? out : joined([out, this.blankLine()])
  }

  ending(): 'complete' | 'broken' | 'told' {
    if (this.failed) return this.brokenBy === undefined ? 'told' : 'broken'
    return this.isComplete() ? 'complete' : 'broken'
  }

  abstract reading(): Reading

  /** Whether the stream has ended as its wire says. */
  protected abstract isComplete(): boolean

  /** One event. A field, so that no closure is made for every chunk. */
  protected abstract readonly event: (start: number, end: number) => void

  /** Reads whole events; returns those that go on. */
  protected read(run: Uint8Array): Uint8Array | undefined {
    // What a vendor sends behind its own error, even the end, would make a broken stream look finished.
    if (this.failed || run.length === 0) return undefined
    this.run = run
    this.goesTo = run.length
    this.#bytes += run.length
    eachEvent(run, this.event)
    this.run = NOTHING
    // More than that is not held for a reply that has not opened.
    this.opened ||= this.#bytes > HELD_BYTES_MAX
    return this.goesTo === 0 ? undefined : run.subarray(0, this.goesTo)
  }

  /** Whether the last event of a stream, which no blank line ends, is all there. */
  protected isWhole(run: Uint8Array, event: Span): boolean {
    return readEvent(run, event.start, event.end).data === '[DONE]' || objectIn(run, event) !== undefined
  }

  /** What is missing behind a last event that no blank line ends. */
  protected blankLine(): Uint8Array {
    return BLANK_LINE
  }

  protected count(bytes: number): void {
    if (bytes < this.#envelopeBytes) this.#envelopeBytes = bytes
    this.#counted += Math.max(1, (bytes - this.#envelopeBytes) >> 2)
  }

  /** What was used by our own count, as long as the vendor has not said it. */
  protected counted(): Usage {
    return { ...NO_USAGE, input: this.#inputEstimate, output: this.#counted }
  }

  /** The vendor's error is the end. The client gets it too, unless another answer may still be found, or it is about our account. */
  protected fail(fault: Fault, { start, end }: Span): void {
    if (!this.opened) this.openingFault = fault
    else if (isOurAccount(fault)) this.brokenBy = fault
    const isTold = this.opened && this.brokenBy === undefined
    this.opened = true
    this.stopAt(isTold ? behindBlankLine(this.run, end) : start)
  }

  /** Nothing behind goes on. */
  protected stopAt(at: number): void {
    this.failed = true
    this.goesTo = at
  }
}

const NOTHING = new Uint8Array(0)
const BLANK_LINE = new TextEncoder().encode('\n\n')
const HELD_BYTES_MAX = 32_768
