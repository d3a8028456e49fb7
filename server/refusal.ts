import type { WireId } from '../core/chat.ts'
import { Fault } from '../core/fault.ts'
import { asObject, asText, parseJson } from '../core/json.ts'
import type { ProviderKind } from '../core/provider.ts'
import { isOurAccountCode, ourAccountFault } from '../core/upstream-fault.ts'
import { wires } from '../core/wires/index.ts'
import type { Flow } from './flow.ts'

/** A vendor's refusal that is the client's own business: it goes on as it came. */
export interface Refusal {
  readonly kind: 'refusal'
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
  /** The vendor's hints for a retry. */
  readonly hints: readonly (readonly [string, string])[]
}

/**
 * Reads an answer that is no success. What is about *our* account never reaches the client as it is: a bad credential
 * becomes 502 (the client's key is fine), a spend limit 503, both without the vendor's body (reliability 3.6).
 */
export async function readRefusal(flow: Flow, kind: ProviderKind, wire: WireId): Promise<Refusal> {
  const { status, headers } = flow
  if (status < 400)
    throw new Fault('upstream_error', 'The provider answered with a redirect', { reason: `status_${status}` })
  const body = await flow.collect(REFUSAL_BYTES_MAX)
  if (status === 402 || isSpendLimit(body, kind)) {
    throw ourAccountFault('upstream_funds', { reason: 'spend_limit' })
  }
  if (status === 401 || status === 403) throw ourAccountFault('upstream_auth_failed', { reason: `status_${status}` })
  // Some vendors say it with another status, which would be the client's own business.
  const { code } = faultIn(body, { status, wire })
  if (isOurAccountCode(code)) throw ourAccountFault(code, { reason: `status_${status}` })
  const hints = HINTS.flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value] as const] : []
  })
  return { kind: 'refusal', status, contentType: headers['content-type'] ?? 'application/json', body, hints }
}

/** The vendor's refusal as a fault of ours, for a client that does not read the vendor's form. */
export function refusalFault({ status, body, hints }: Refusal, wire: WireId): Fault {
  const fault = faultIn(body, { status, wire })
  const retryAfterSeconds = fault.retryAfterSeconds ?? hintedSeconds(hints)
  if (retryAfterSeconds === undefined) return fault
  const { field, reason, cause } = fault
  return new Fault(fault.code, fault.message, {
    ...(field === undefined ? {} : { field }),
    ...(reason === undefined ? {} : { reason }),
    cause,
    retryAfterSeconds,
  })
}

function faultIn(body: Uint8Array, { status, wire }: { readonly status: number; readonly wire: WireId }): Fault {
  const text = decoder.decode(body)
  return wires[wire].fault.read(status, parseJson(text) ?? text)
}

/** The finer hint first. One that is no number (a date) is none. */
function hintedSeconds(hints: Refusal['hints']): number | undefined {
  const number = (name: string) => Number(hints.find(([known]) => known === name)?.[1] || Number.NaN)
  const found = [number('retry-after-ms') / 1_000, number('retry-after')].find((seconds) => seconds >= 0)
  return found === undefined ? undefined : Math.min(Math.ceil(found), RETRY_SECONDS_MAX)
}

const RETRY_SECONDS_MAX = 86_400
/** More of an error than anybody reads. */
const REFUSAL_BYTES_MAX = 262_144
const HINTS = ['retry-after', 'retry-after-ms', 'x-should-retry'] as const
const decoder = new TextDecoder()

function isSpendLimit(body: Uint8Array, kind: ProviderKind): boolean {
  const codes = kind.spendLimitCodes
  if (codes === undefined) return false
  const error = asObject(asObject(parseJson(decoder.decode(body)))?.['error'])
  return [asText(error?.['code']), asText(error?.['type'])].some((code) => code !== undefined && codes.includes(code))
}
