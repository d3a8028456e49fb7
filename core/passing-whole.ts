import { joined } from './body.ts'
import type { Fault } from './fault.ts'
import { asObject, asText, type Json, type JsonObject, parseJson } from './json.ts'
import { JsonScan } from './json-scan.ts'
import type { PassingStreamOptions } from './passing-stream.ts'
import type { Reading, ReplyReader } from './reply-reader.ts'
import type { Usage } from './usage.ts'

/** The same as far as a whole reply needs it. */
export type PassingWholeOptions = Pick<PassingStreamOptions, 'flavour' | 'spendLimitCodes'>

/** How a wire's whole reply is read in passing. */
export interface WholeReply {
  /** The top-level fields that are read, in the spelling of the wire. */
  readonly keys: readonly string[]
  readonly read: (reply: JsonObject) => WholeReading
  /** The vendor's own error where the answer should be, with a status that says that all is well. */
  readonly fault: (reply: JsonObject) => Fault | undefined
  /** Up to how many bytes pieces are held to be parsed, for what stands deeper than a key. Absent: one piece, whatever its size. */
  readonly parsedBytesMax?: number
}

/** What a whole reply says, `usage` only where it says something that can be billed. */
interface WholeReading extends Pick<Reading, 'serviceTier' | 'replyId'> {
  readonly model: Json | undefined
  readonly usage: Usage | undefined
}

/**
 * Reads a whole JSON reply in passing, of any size. One that came in a single piece is simply parsed; a larger one is scanned while it
 * passes, which keeps the few values that the meter needs and nothing else.
 */
export class PassingWhole implements ReplyReader {
  readonly #kind: WholeReply
  /** What has come, as long as it is little. */
  #held: Uint8Array[] = []
  #bytes = 0
  #scan: JsonScan | undefined
  #reply: JsonObject | undefined
  opened = false
  /** Only the end of the body ends a whole reply. */
  readonly done = false
  openingFault: Fault | undefined
  /** Nothing of it has gone out before it was read. */
  readonly brokenBy = undefined

  constructor(kind: WholeReply) {
    this.#kind = kind
  }

  push(chunk: Uint8Array): Uint8Array {
    this.#bytes += chunk.length
    if (!this.opened || this.#bytes <= (this.#kind.parsedBytesMax ?? 0)) this.#held.push(chunk)
    else this.#scanned().push(chunk)
    this.opened = true
    return chunk
  }

  end(): undefined {
    this.#reply =
      this.#scan === undefined ? asObject(parseJson(decoder.decode(joined(this.#held)))) : valuesOf(this.#scan)
    this.#held = []
    this.openingFault = this.#reply === undefined ? undefined : this.#kind.fault(this.#reply)
  }

  /** A reply that is no JSON object, or is cut, is a broken one, whatever its status said. */
  ending(): 'complete' | 'broken' {
    return this.#reply === undefined ? 'broken' : 'complete'
  }

  reading(): Reading {
    const { model, usage, ...rest } = this.#kind.read(this.#reply ?? {})
    const source = usage === undefined ? null : 'vendor'
    return { ...rest, model: asText(model) || null, usage: usage ?? null, source }
  }

  /** From now on it is scanned, what was held after all. */
  #scanned(): JsonScan {
    if (this.#scan !== undefined) return this.#scan
    this.#scan = new JsonScan(this.#kind.keys, LIMITS)
    for (const chunk of this.#held) this.#scan.push(chunk)
    this.#held = []
    return this.#scan
  }
}

/** The wanted values that a finished scan has found, or `undefined` when it was no object. */
function valuesOf(scan: JsonScan): JsonObject | undefined {
  const result = scan.finish()
  if (result.kind !== 'object') return undefined
  return Object.fromEntries([...result.values].map(([key, { text }]) => [key, parseJson(text ?? 'null') ?? null]))
}

const decoder = new TextDecoder()
/** A vendor's reply is bounded in bytes elsewhere; here only against nesting that no reply has. */
const LIMITS = { depthMax: 1_000, keysMax: 10_000_000, lookalikes: 'ignored' } as const
