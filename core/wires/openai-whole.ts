import type { Fault } from '../fault.ts'
import { asText, type Json, parseJson } from '../json.ts'
import { JsonScan, type ScanResult } from '../json-scan.ts'
import type { UsageFlavour } from '../provider.ts'
import type { Reading, ReplyReader } from '../wire.ts'
import { toldFault } from './openai-fault.ts'
import { readServiceTier, readUsage } from './openai-usage.ts'

/** Reads a whole JSON reply in passing, of any size: the scan keeps the few values that the meter needs and nothing else. */
export class OpenAiWhole implements ReplyReader {
  readonly #flavour: UsageFlavour
  readonly #scan = new JsonScan(REPLY_KEYS, REPLY_LIMITS)
  #result: ScanResult | undefined
  opened = false
  /** Only the end of the body ends a whole reply. */
  readonly done = false
  openingFault: Fault | undefined

  constructor(flavour: UsageFlavour) {
    this.#flavour = flavour
  }

  push(chunk: Uint8Array): Uint8Array {
    this.opened = true
    this.#scan.push(chunk)
    return chunk
  }

  end(): undefined {
    const result = this.#scan.finish()
    if (result.kind === 'object') this.#result = result
    this.openingFault = this.#errorFault()
    return undefined
  }

  /** A reply that is no JSON object, or is cut, is a broken one, whatever its status said. */
  ending(): 'complete' | 'broken' {
    return this.#result === undefined ? 'broken' : 'complete'
  }

  reading(): Reading {
    const usage = readUsage(this.#value('usage'), this.#flavour)
    return {
      model: asText(this.#value('model')) ?? null,
      serviceTier: readServiceTier({ service_tier: this.#value('service_tier') ?? null }),
      usage: usage ?? null,
      source: usage === undefined ? null : 'vendor',
    }
  }

  /** An error object where the answer should be, with a status that says that all is well. */
  #errorFault(): Fault | undefined {
    const found = this.#result?.values.get('error')
    if (found === undefined || found.text === 'null') return undefined
    return toldFault(this.#value('error'), 'error_in_reply')
  }

  #value(key: string): Json | undefined {
    const text = this.#result?.values.get(key)?.text
    return text === undefined ? undefined : parseJson(text)
  }
}

const REPLY_KEYS = ['model', 'usage', 'service_tier', 'error'] as const
/** A vendor's reply is bounded in bytes elsewhere; here only against nesting that no reply has. */
const REPLY_LIMITS = { depthMax: 1_000, keysMax: 10_000_000 }
