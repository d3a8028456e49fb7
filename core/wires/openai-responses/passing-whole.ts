import type { Fault } from '../../fault.ts'
import { asObject, asText, type JsonObject, parseJson } from '../../json.ts'
import { JsonScan } from '../../json-scan.ts'
import type { UsageFlavour } from '../../provider.ts'
import type { Reading, ReplyReader } from '../../reply-reader.ts'
import { readTold } from '../openai-chat/fault-read.ts'
import { readServiceTier } from '../openai-chat/usage.ts'
import { errorOf } from './reply-read.ts'
import { readResponseUsage } from './usage.ts'

export interface ResponsesWholeOptions {
  readonly flavour: UsageFlavour
  /** The vendor's codes for an account of ours without money. */
  readonly spendLimitCodes: readonly string[]
}

/**
 * Reads a whole response in passing, of any size. One that came in a single piece is simply parsed; a larger one is scanned while it
 * passes, which keeps what the meter needs and nothing else.
 */
export class ResponsesWhole implements ReplyReader {
  readonly #options: ResponsesWholeOptions
  /** The only piece so far. */
  #first: Uint8Array | undefined
  #scan: JsonScan | undefined
  #response: JsonObject | undefined
  opened = false
  /** Only the end of the body ends a whole reply. */
  readonly done = false
  openingFault: Fault | undefined
  /** Nothing of it has gone out before it was read. */
  readonly brokenBy = undefined

  constructor(options: ResponsesWholeOptions) {
    this.#options = options
  }

  push(chunk: Uint8Array): Uint8Array {
    if (!this.opened) this.#first = chunk
    else this.#scanned().push(chunk)
    this.opened = true
    return chunk
  }

  end(): undefined {
    this.#response = this.#scan === undefined ? asObject(parseJson(decoder.decode(this.#first))) : valuesOf(this.#scan)
    this.#first = undefined
    const failure = this.#response === undefined ? undefined : errorOf(this.#response)
    if (failure === undefined) return
    const { spendLimitCodes } = this.#options
    this.openingFault = readTold(failure, { reason: 'error_in_reply', spendLimitCodes })
  }

  /** A response that is no JSON object, or is cut, is a broken one, whatever its status said. */
  ending(): 'complete' | 'broken' {
    return this.#response === undefined ? 'broken' : 'complete'
  }

  reading(): Reading {
    const response = this.#response ?? {}
    const usage = readResponseUsage(response, this.#options.flavour)
    return {
      model: asText(response['model']) || null,
      serviceTier: readServiceTier(response),
      usage: usage ?? null,
      source: usage === undefined ? null : 'vendor',
      replyId: asText(response['id']) || null,
    }
  }

  /** From the second piece on it is scanned, the first one after all. */
  #scanned(): JsonScan {
    if (this.#scan !== undefined) return this.#scan
    const scan = new JsonScan(KEYS, LIMITS)
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
const KEYS = ['id', 'model', 'status', 'usage', 'tool_usage', 'service_tier', 'error'] as const
/** A vendor's reply is bounded in bytes elsewhere; here only against nesting that no reply has. */
const LIMITS = { depthMax: 1_000, keysMax: 10_000_000, lookalikes: 'ignored' } as const
