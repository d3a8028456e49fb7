import { Fault, type FaultCode } from '../../fault.ts'
import { given } from '../../given.ts'
import { asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { isOurAccountCode, MESSAGE_LETTERS_MAX, ourAccountFault, RELAYED_CODES, UNTOLD } from '../../upstream-fault.ts'
import type { WrittenFault } from '../../wire.ts'

/**
 * A vendor's error by its status and body (`{"error":{code, message, status, details}}`, or a list of one). What is about our own account
 * is told without a word of it; the rest of a 4xx keeps its message. Never throws.
 */
export function readFault(status: number, body: Json): Fault {
  const error = errorOf(body)
  const details = detailsOf(error)
  const retryAfterSeconds = retryOf(details)
  const code = codeOf(status, { error, details })
  const field = fieldOf(details)
  const detail = {
    ...given({ retryAfterSeconds, field }),
  }
  if (isOurAccountCode(code)) return ourAccountFault(code, { ...detail, reason: `upstream_${status}` })
  const message = asText(error['message'])?.slice(0, MESSAGE_LETTERS_MAX)
  // Limits of a shared account are named by its project.
  const isTold = message !== undefined && message !== '' && !(code === 'rate_limited' && /project/i.test(message))
  return new Fault(code, isTold ? message : (USUAL.get(code) ?? UNTOLD), detail)
}

/** An error that came in a reply whose status said that all is well. `spendLimitCodes`: the vendor's words for an account of ours without money. */
export function toldFault(json: Json, { spendLimitCodes }: { readonly spendLimitCodes: readonly string[] }): Fault {
  const error = asObject(json) ?? { message: json }
  const words = [error['code'], error['status'], error['type'], ...detailsOf(error).map(({ reason }) => reason)]
  const isFunds = words.some((word) =>
    spendLimitCodes.includes(typeof word === 'number' ? String(word) : (asText(word) ?? '')),
  )
  return readFault(isFunds ? 402 : statusOf(error), { error })
}

/** Our own error, or another vendor's, as clients of this wire expect it. */
export function writeFault(fault: Fault, requestId: string): WrittenFault {
  return { status: fault.status, body: { error: errorBody(fault, requestId) } }
}

const GOOGLE = 'type.googleapis.com/google.rpc.'
/** Says of an error that a gateway of this kind has made it, or passed it on. */
const DOMAIN = 'sekisho'

const USUAL = new Map<FaultCode, string>([
  ['rate_limited', 'The provider takes no more requests for now'],
  ['overloaded', 'The provider is overloaded'],
])

/** Google's own word for each of our codes (google.rpc.Code). */
const WORDS: { readonly [code in FaultCode]: string } = {
  bad_request: 'INVALID_ARGUMENT',
  ambiguous_credentials: 'INVALID_ARGUMENT',
  unauthorized: 'UNAUTHENTICATED',
  model_not_allowed: 'PERMISSION_DENIED',
  forbidden: 'PERMISSION_DENIED',
  model_not_found: 'NOT_FOUND',
  not_found: 'NOT_FOUND',
  method_not_allowed: 'INVALID_ARGUMENT',
  context_too_long: 'INVALID_ARGUMENT',
  content_filtered: 'INVALID_ARGUMENT',
  request_timeout: 'DEADLINE_EXCEEDED',
  conflict: 'ABORTED',
  idempotency_in_progress: 'ABORTED',
  idempotency_not_replayable: 'FAILED_PRECONDITION',
  body_too_large: 'INVALID_ARGUMENT',
  unsupported_media_type: 'INVALID_ARGUMENT',
  unprocessable: 'INVALID_ARGUMENT',
  idempotency_mismatch: 'INVALID_ARGUMENT',
  rate_limited: 'RESOURCE_EXHAUSTED',
  limit_too_small: 'RESOURCE_EXHAUSTED',
  budget_exceeded: 'FAILED_PRECONDITION',
  client_gone: 'CANCELLED',
  internal: 'INTERNAL',
  upstream_auth_failed: 'INTERNAL',
  upstream_error: 'INTERNAL',
  upstream_funds: 'UNAVAILABLE',
  upstream_unavailable: 'UNAVAILABLE',
  overloaded: 'UNAVAILABLE',
  draining: 'UNAVAILABLE',
  not_ready: 'UNAVAILABLE',
  setup_required: 'UNAVAILABLE',
  storage_exhausted: 'UNAVAILABLE',
  upstream_timeout: 'DEADLINE_EXCEEDED',
}

const STATUSES = new Map([
  ['INVALID_ARGUMENT', 400],
  ['FAILED_PRECONDITION', 400],
  ['OUT_OF_RANGE', 400],
  ['UNAUTHENTICATED', 401],
  ['PERMISSION_DENIED', 403],
  ['NOT_FOUND', 404],
  ['ABORTED', 409],
  ['RESOURCE_EXHAUSTED', 429],
  ['CANCELLED', 499],
  ['UNAVAILABLE', 503],
  ['DEADLINE_EXCEEDED', 504],
])

function errorBody(fault: Fault, requestId: string): JsonObject {
  const { code, field, retryAfterSeconds } = fault
  const details: JsonObject[] = [
    { '@type': `${GOOGLE}ErrorInfo`, reason: code.toUpperCase(), domain: DOMAIN, metadata: { requestId } },
  ]
  if (field !== undefined) {
    details.push({ '@type': `${GOOGLE}BadRequest`, fieldViolations: [{ field, description: fault.message }] })
  }
  if (retryAfterSeconds !== undefined)
    details.push({ '@type': `${GOOGLE}RetryInfo`, retryDelay: `${retryAfterSeconds}s` })
  return { code: fault.status, message: fault.message, status: WORDS[code], details }
}

function errorOf(body: Json): JsonObject {
  const whole = asObject(asList(body)?.[0] ?? body)
  return asObject(whole?.['error']) ?? (typeof whole?.['error'] === 'string' ? { message: whole['error'] } : {})
}

const DETAILS_MAX = 32
const detailsOf = (error: JsonObject): readonly JsonObject[] =>
  (asList(error['details']) ?? [])
    .slice(0, DETAILS_MAX)
    .map(asObject)
    .filter((detail) => detail !== undefined)

function statusOf(error: JsonObject): number {
  const { code } = error
  if (typeof code === 'number' && code >= 400 && code < 600) return code
  return STATUSES.get(asText(error['status']) ?? '') ?? 500
}

interface Told {
  readonly error: JsonObject
  readonly details: readonly JsonObject[]
}

function codeOf(status: number, told: Told): FaultCode {
  if (status === 401 || status === 403) return isUnpaid(told) ? 'upstream_funds' : 'upstream_auth_failed'
  return ownCode(told.details) ?? codeByStatus(status, told)
}

/** An error of a gateway like this one says its code. */
function ownCode(details: readonly JsonObject[]): FaultCode | undefined {
  const reason = asText(details.find(({ domain }) => domain === DOMAIN)?.['reason'])?.toLowerCase()
  return RELAYED_CODES.find((code) => code === reason)
}

function codeByStatus(status: number, told: Told): FaultCode {
  switch (status) {
    case 400:
      return badRequestCode(told)
    case 402:
      return 'upstream_funds'
    case 404:
      return /\bmodels?\b/i.test(asText(told.error['message']) ?? 'model') ? 'model_not_found' : 'not_found'
    case 408:
    case 504:
      return 'upstream_timeout'
    case 409:
      return 'conflict'
    case 413:
      return 'body_too_large'
    case 422:
      return 'unprocessable'
    case 429:
      return isUnpaid(told) || isSpentForToday(told.details) ? 'upstream_funds' : 'rate_limited'
    case 503:
    case 529:
      return 'overloaded'
    default:
      return status < 500 ? 'bad_request' : 'upstream_error'
  }
}

function badRequestCode(told: Told): FaultCode {
  const message = asText(told.error['message']) ?? ''
  if (told.details.some(({ reason }) => reason === 'API_KEY_INVALID') || /API key (?:not valid|expired)/i.test(message))
    return 'upstream_auth_failed'
  if (isUnpaid(told)) return 'upstream_funds'
  if (/exceeds? the (?:maximum|max) number of (?:input )?tokens|input token count/i.test(message))
    return 'context_too_long'
  return 'bad_request'
}

/** The account must be paid for first. The vendor's usual words for a limit also speak of billing, so those alone say nothing. */
function isUnpaid({ error, details }: Told): boolean {
  const message = asText(error['message']) ?? ''
  return (
    details.some(({ reason }) => reason === 'BILLING_DISABLED' || reason === 'BILLING_NOT_ENABLED') ||
    /(?:credits?|balance) (?:is|are|has been|have been) (?:depleted|exhausted|used up)|enable billing|spend(?:ing)? (?:cap|limit)/i.test(
      message,
    )
  )
}

/** A limit of the day does not pass soon, whatever the hint says (reliability 3.6). */
function isSpentForToday(details: readonly JsonObject[]): boolean {
  const violations = details.flatMap(({ violations }) => asList(violations) ?? [])
  return (
    violations.length > 0 &&
    violations.every((violation) => /PerDay/.test(asText(asObject(violation)?.['quotaId']) ?? ''))
  )
}

/** `RetryInfo.retryDelay` is a text of seconds: `34.4s`. */
function retryOf(details: readonly JsonObject[]): number | undefined {
  for (const { retryDelay } of details) {
    const seconds = /^(\d{1,9})(\.\d{1,9})?s$/.exec(asText(retryDelay) ?? '')?.[0]
    if (seconds !== undefined) return Math.ceil(Number.parseFloat(seconds))
  }
  return undefined
}

function fieldOf(details: readonly JsonObject[]): string | undefined {
  const [violation] = details.flatMap(({ fieldViolations }) => asList(fieldViolations) ?? [])
  return asText(asObject(violation)?.['field']) || undefined
}
