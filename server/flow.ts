import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { Fault, faultOf } from '../core/fault.ts'
import type { ReplyReader } from '../core/reply-reader.ts'
import type { Clock } from '../core/world.ts'

/** Where bytes go. `data` returns false to ask for a pause until it calls `resume` on the flow. Exactly one of `end` and `fail` comes last. */
export interface Sink {
  data(raw: Uint8Array): boolean
  end(): void
  fail(fault: Fault): void
}

/**
 * One vendor's answer while it comes: undici's handler itself, so nothing stands between the socket and the client. The
 * head is awaited, and so is the opening of the reply; from `into` on everything is a plain call (hot-path rules 1 and 2).
 */
export class Flow implements Dispatcher.DispatchHandler {
  status = 0
  headers: IncomingHttpHeaders = {}
  /** Whether the request may have reached the vendor: from then on only the retry table decides about another try. */
  sent = false
  /** Monotonic milliseconds of the last byte that the vendor sent; the sweep looks at it. */
  lastByteAt: number
  firstByteAt: number | undefined
  readonly #clock: Clock
  #controller: Dispatcher.DispatchController | undefined
  #reader: ReplyReader | undefined
  #sink: Sink | undefined
  /** What came before anybody asked for it: nearly always one chunk that shared a packet with the head. */
  #held: Uint8Array[] = []
  #heldBytes = 0
  /** Chunks of the present turn of the event loop. */
  #batch: Buffer[] = []
  #ended = false
  #fault: Fault | undefined
  /** Settles whoever waits for the head or the opening; at most one waits at a time. */
  #waiting: { readonly resolve: () => void; readonly reject: (fault: Fault) => void } | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.lastByteAt = clock.monotonic()
  }

  /** Whether the vendor has ended its answer, well or not. */
  get ended(): boolean {
    return this.#ended
  }

  /** Resolves when status and headers are there. Called once, after dispatch. */
  head(): Promise<void> {
    return this.status === 0 ? this.#wait() : Promise.resolve()
  }

  /** Lets `reader` read what passes. Resolves when the reply has opened (or ended); `undefined` when it has already. Called once, after `head`. */
  open(reader: ReplyReader): Promise<void> | undefined {
    this.#reader = reader
    const early = this.#held
    this.#held = []
    this.#heldBytes = 0
    for (const chunk of early) this.#pass(chunk)
    if (this.#ended) this.#finish(reader)
    if (this.#fault !== undefined) return Promise.reject(this.#fault)
    return reader.opened || this.#ended ? undefined : this.#wait()
  }

  /** The whole body of a small answer, such as an error: at most `bytesMax` of it, the rest is cut off. */
  collect(bytesMax: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = []
      let bytes = 0
      const done = () => resolve(Buffer.concat(chunks, Math.min(bytes, bytesMax)))
      this.into({
        data: (raw) => {
          chunks.push(raw)
          bytes += raw.length
          if (bytes >= bytesMax) {
            done()
            this.abort(new Fault('upstream_error', 'The provider sent too long an error'))
          }
          return true
        },
        end: done,
        fail: reject,
      })
    })
  }

  /** From here on bytes are pushed into `sink`, those that were held first. */
  into(sink: Sink): void {
    this.#sink = sink
    const held = this.#held
    this.#held = []
    const [first, ...more] = held
    // In one piece: the reader has read all of it, so whoever asks it about a first piece hears of the last one.
    if (first !== undefined) this.#push(sink, more.length === 0 ? first : Buffer.concat(held))
    this.#controller?.resume()
    if (this.#fault !== undefined) sink.fail(this.#fault)
    else if (this.#ended) sink.end()
  }

  /** The sink takes bytes again. */
  resume(): void {
    this.#controller?.resume()
  }

  /** Ends the vendor's answer at once; whoever waits gets `fault`. */
  abort(fault: Fault): void {
    if (this.#ended) return
    this.#fail(fault)
    this.#controller?.abort(fault)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#fault === undefined) this.sent = true
    else controller.abort(this.#fault)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.lastByteAt = this.#clock.monotonic()
    if (status < 200) return
    this.firstByteAt = this.lastByteAt
    this.status = status
    this.headers = headers
    this.#release()
  }

  /** A vendor's read may bring hundreds of events, each in a chunk of its own: they are passed on together at the end of the turn. */
  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#batch.length === 0) queueMicrotask(this.#flush)
    this.#batch.push(chunk)
  }

  onResponseEnd(): void {
    if (this.#ended) return
    this.#flush()
    if (this.#ended) return
    this.#ended = true
    if (this.#reader !== undefined) this.#finish(this.#reader)
    this.#release()
    if (this.#fault === undefined) this.#sink?.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#flush()
    this.#fail(error instanceof Fault ? error : brokenConnection(error, this.sent))
  }

  readonly #flush = (): void => {
    const [first] = this.#batch
    if (first === undefined) return
    const bytes = this.#batch.length === 1 ? first : Buffer.concat(this.#batch)
    this.#batch = []
    if (this.#ended) return
    this.lastByteAt = this.#clock.monotonic()
    if (this.#reader === undefined) this.#deliver(bytes)
    else this.#pass(bytes)
    if (this.#sink === undefined && this.#heldBytes > HELD_BYTES_MAX) this.#controller?.pause()
  }

  #pass(chunk: Uint8Array): void {
    const reader = this.#reader
    if (reader === undefined || this.#fault !== undefined) return
    try {
      const out = reader.push(chunk)
      if (out !== undefined) this.#deliver(out)
      if (reader.brokenBy !== undefined) return this.abort(reader.brokenBy)
      if (reader.opened) this.#release()
    } catch (error) {
      this.abort(faultOf(error))
    }
  }

  #finish(reader: ReplyReader): void {
    const rest = reader.end()
    if (rest !== undefined) this.#deliver(rest)
  }

  #deliver(bytes: Uint8Array): void {
    if (this.#sink !== undefined) {
      this.#push(this.#sink, bytes)
      return
    }
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
  }

  #push(sink: Sink, bytes: Uint8Array): void {
    if (!sink.data(bytes)) this.#controller?.pause()
  }

  #fail(fault: Fault): void {
    if (this.#ended) return
    this.#ended = true
    this.#fault = fault
    this.#waiting?.reject(fault)
    this.#waiting = undefined
    this.#sink?.fail(fault)
  }

  #wait(): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  #release(): void {
    this.#waiting?.resolve()
    this.#waiting = undefined
  }
}

/** More than this is not held for a client that nobody has answered yet: the vendor waits. */
const HELD_BYTES_MAX = 65_536

function brokenConnection(error: Error, sent: boolean): Fault {
  const code = 'code' in error ? String(error.code) : error.name
  if (!sent) {
    const detail = { reason: code, cause: error, retryAfterSeconds: RETRY_AFTER_SECONDS }
    return new Fault('upstream_unavailable', 'The provider could not be reached', detail)
  }
  return new Fault('upstream_error', 'The connection to the provider broke', { reason: code, cause: error })
}

const RETRY_AFTER_SECONDS = 5
