import { joined } from '../../body.ts'
import type { Fault } from '../../fault.ts'
import { asList, asObject, asText, type JsonObject, parseJson } from '../../json.ts'
import { JsonScan } from '../../json-scan.ts'
import type { Reading, ReplyReader } from '../../reply-reader.ts'
import { toldFault } from './fault.ts'
import { readSearches, readServiceTier, readUsage } from './usage.ts'

export interface GeminiWholeOptions {
  /** The vendor's codes for an account of ours without money. */
  readonly spendLimitCodes: readonly string[]
}

/**
 * Reads a whole reply in passing, of any size. A usual one is simply parsed at its end; a larger one (pictures) is scanned while it passes, which
 * keeps the few values that the meter needs, and does not see how often the vendor has searched.
 */
export class GeminiWhole implements ReplyReader {
  readonly #options: GeminiWholeOptions
  /** What has come, as long as it is little. */
  #chunks: Uint8Array[] = []
  #bytes = 0
  #scan: JsonScan | undefined
  #reply: JsonObject | undefined
  opened = false
  /** Only the end of the body ends a whole reply. */
  readonly done = false
  openingFault: Fault | undefined
  /** Nothing of it has gone out before it was read. */
  readonly brokenBy = undefined

  constructor(options: GeminiWholeOptions) {
    this.#options = options
  }

  push(chunk: Uint8Array): Uint8Array {
    this.opened = true
    this.#bytes += chunk.length
    if (this.#bytes <= PARSED_BYTES_MAX) this.#chunks.push(chunk)
    else this.#scanned().push(chunk)
    return chunk
  }

  end(): undefined {
    this.#reply =
      this.#scan === undefined ? asObject(parseJson(decoder.decode(joined(this.#chunks)))) : valuesOf(this.#scan)
    this.#chunks = []
    const error = this.#reply?.['error']
    // An error object where the answer should be, with a status that says that all is well.
    if (error !== undefined && error !== null) this.openingFault = toldFault(error, this.#options)
    return undefined
  }

  /** A reply that is no JSON object, or is cut, is a broken one, whatever its status said. */
  ending(): 'complete' | 'broken' {
    return this.#reply === undefined ? 'broken' : 'complete'
  }

  reading(): Reading {
    const reply = this.#reply ?? {}
    let searches = 0
    for (const candidate of asList(reply['candidates']) ?? []) searches += readSearches(asObject(candidate) ?? {})
    const usage = readUsage(reply['usageMetadata'], searches)
    return {
      model: asText(reply['modelVersion']) || null,
      serviceTier: readServiceTier(reply['usageMetadata']),
      usage: usage ?? null,
      source: usage === undefined ? null : 'vendor',
    }
  }

  #scanned(): JsonScan {
    if (this.#scan !== undefined) return this.#scan
    const scan = new JsonScan(REPLY_KEYS, REPLY_LIMITS)
    for (const chunk of this.#chunks) scan.push(chunk)
    this.#chunks = []
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
/** Parsing so much takes about a millisecond. */
const PARSED_BYTES_MAX = 262_144
const REPLY_KEYS = ['modelVersion', 'usageMetadata', 'error'] as const
/** A vendor's reply is bounded in bytes elsewhere; here only against nesting that no reply has. */
const REPLY_LIMITS = { depthMax: 1_000, keysMax: 10_000_000, lookalikes: 'ignored' } as const
