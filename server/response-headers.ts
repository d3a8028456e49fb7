import type { Loss } from '../core/loss.ts'
import type { Account } from './account.ts'
import type { Answered } from './exchange.ts'
import { lossHeader } from './loss-header.ts'

/**
 * What every answer of the data plane carries beside its content, as names and values in turn (the form that costs Node
 * least). Of the vendor's headers only the listed ones go on: the others may tell about other tenants.
 */
export function responseHeaders(answered: Answered, account: Account, contentType: string): string[] {
  const { run } = answered
  const gatewayUs = run.gatewayUs
  const vendorUs = Math.max(0, (run.firstByteUs ?? 0) - gatewayUs)
  const headers = [
    'content-type',
    contentType,
    ...FIXED_HEADERS,
    'x-request-id',
    account.requestId,
    'x-sekisho-request-id',
    account.requestId,
    'x-sekisho-target',
    headerText(run.attempt.target.id),
    'x-sekisho-attempts',
    String(account.attempts),
    'server-timing',
    `gateway;dur=${milliseconds(gatewayUs)}, vendor;dur=${milliseconds(vendorUs)}`,
  ]
  const { degraded } = account
  if (degraded !== null) headers.push('x-sekisho-degraded', degraded)
  if (account.waitMs > 0) headers.push('x-sekisho-wait-ms', String(Math.ceil(account.waitMs)))
  if (answered.lossMode === 'warn') pushLosses(headers, answered)
  if (account.wire === 'anthropic') headers.push('request-id', account.requestId)
  headers.push(...account.limitHeaders())
  for (const name of PASSED) {
    const value = run.flow.headers[name]
    if (typeof value === 'string') headers.push(name, value)
  }
  return headers
}

/** Those of the request, and of a reply that has already been written. */
function pushLosses(headers: string[], { losses, run }: Answered): void {
  const ofReply = run.reader?.losses?.() ?? NONE
  if (losses.length + ofReply.length > 0) headers.push('x-sekisho-lossy', lossHeader([...losses, ...ofReply]))
}

const NONE: readonly Loss[] = []

/** Microseconds as milliseconds. Whole numbers only: to write a fraction is the dearest thing about a header. */
const milliseconds = (us: number): string => `${Math.trunc(us / 1_000)}.${THREE_DIGITS[us % 1_000]}`
const THREE_DIGITS = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(3, '0'))

/** Model names may be in any script; a header may not. What it cannot carry is percent-encoded. */
const headerText = (text: string): string =>
  UNSAFE.test(text) ? text.replaceAll(UNSAFE_RUNS, (run) => encodeURIComponent(run.toWellFormed())) : text

const UNSAFE = /[^\x20-\x7e]/
const UNSAFE_RUNS = /[^\x20-\x7e]+/g

/** On every answer of the data plane: it is never a page, a script, or something to keep. */
export const FIXED_HEADERS = ['x-content-type-options', 'nosniff', 'cache-control', 'no-store, no-transform'] as const

const PASSED = ['openai-processing-ms', 'openai-version', 'openai-model'] as const
