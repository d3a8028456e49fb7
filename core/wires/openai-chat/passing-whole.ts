import type { Fault } from '../../fault.ts'
import { asObject, asText, type JsonObject, parseJson } from '../../json.ts'
import { JsonScan } from '../../json-scan.ts'
import type { UsageFlavour } from '../../provider.ts'
import type { Reading, ReplyReader } from '../../reply-reader.ts'
import { toldFault } from './fault.ts'
import { readServiceTier, readUsage } from './usage.ts'

export interface OpenAiWholeOptions {
  readonly flavour: UsageFlavour
  /** The vendor's codes for an account of ours without money. */
  readonly spendLimitCodes: readonly string[]
}

/**
 * Reads a whole JSON reply in passing, of any size. One that came in a single piece is simply parsed; a larger one is scanned
 * while it passes, which keeps the few values that the meter needs and nothing else.
 */
export class OpenAiWhole implements ReplyReader {
  readonly #options: OpenAiWholeOptions
  /** The only piece so far. */
  #first: Uint8Array | undefined
  #scan: JsonScan | undefined
  #reply: JsonObject | undefined
  opened = false
  /** Only the end of the body ends a whole reply. */
  readonly done = false
  openingFault: Fault | undefined
  /** Nothing of it has gone out before it was read. */
  readonly brokenBy = undefined

  constructor(options: OpenAiWholeOptions) {
    this.#options = options
  }

  push(chunk: Uint8Array): Uint8Array {
    if (!this.opened) this.#first = chunk
    else this.#scanned().push(chunk)
    this.opened = true
    return chunk
  }

  end(): undefined {
    this.#reply = this.#scan === undefined ? asObject(parseJson(decoder.decode(this.#first))) : valuesOf(this.#scan)
    this.#first = undefined
    const error = this.#reply?.['error']
    // An error object where the answer should be, with a status that says that all is well.
    if (error !== undefined && error !== null) {
      const { spendLimitCodes } = this.#options
      this.openingFault = toldFault(error, { reason: 'error_in_reply', spendLimitCodes })
    }
    return undefined
  }

  /** A reply that is no JSON object, or is cut, is a broken one, whatever its status said. */
  ending(): 'complete' | 'broken' {
    return this.#reply === undefined ? 'broken' : 'complete'
  }

  reading(): Reading {
    const reply = this.#reply ?? {}
    const usage = readUsage(reply['usage'], this.#options.flavour)
    return {
      model: asText(reply['model']) || null,
      serviceTier: readServiceTier(reply),
      usage: usage ?? null,
      source: usage === undefined ? null : 'vendor',
    }
  }

  /** From the second piece on it is scanned, the first one after all. */
  #scanned(): JsonScan {
    if (this.#scan !== undefined) return this.#scan
    const scan = new JsonScan(REPLY_KEYS, REPLY_LIMITS)
    if (this.#first !== undefined) scan.push(this.#first)
    this.#first = undefined
    this.#scan = scan
    return scan
  }
}

/** The wanted values that a finished scan has found, or `undefined` when it was no object. */
function valuesOf(scan: JsonScan): JsonObject | undefined {
  const result = scan.finish()
  if (result.kind !== 'object') return undefined
  return Object.fromEntries([...result.values].map(([key, { text }]) => [key, parseJson(text ?? 'null') ?? null]))
}

const decoder = new TextDecoder()
const REPLY_KEYS = ['model', 'usage', 'service_tier', 'error'] as const
/** A vendor's reply is bounded in bytes elsewhere; here only against nesting that no reply has. */
const REPLY_LIMITS = { depthMax: 1_000, keysMax: 10_000_000, lookalikes: 'ignored' } as const
