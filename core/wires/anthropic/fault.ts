import { Fault, type FaultCode } from '../../fault.ts'
import { asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { MESSAGE_LETTERS_MAX, OUR_ACCOUNT, RELAYED_CODES, type Told, toldText, UNTOLD } from '../../upstream-fault.ts'
import type { WrittenFault } from '../../wire.ts'

/** A vendor's error body with its status, or the text that came instead of one. What it says about our own account goes to nobody. */
export function readFault(status: number, body: Json): Fault {
  const error = asObject(asObject(body)?.['error'])
  const text = asText(error?.['message']) ?? asText(body)
  const detail = {
    type: asText(error?.['type']),
    errorCode: asText(asObject(error?.['details'])?.['error_code']),
    text,
  }
  return faultFor(codeOf(status, detail), { text, errorCode: detail.errorCode })
}

/** The vendor's own error inside a reply whose status said that all is well. */
export function readToldFault(error: Json | undefined, { reason, spendLimitCodes }: Told): Fault {
  const fields = asObject(error)
  const type = asText(fields?.['type'])
  const errorCode = asText(asObject(fields?.['details'])?.['error_code'])
  const text = asText(fields?.['message']) ?? asText(error)
  const isFunds = [type, errorCode].some((word) => word !== undefined && spendLimitCodes.includes(word))
  const code = isFunds ? 'upstream_funds' : codeOf(STATUSES.get(type ?? '') ?? 500, { type, errorCode, text })
  // The request was taken: what a vendor says now is not about it, unless it is a gateway of ours that could not tell before.
  const told = code === 'bad_request' && errorCode !== code ? 'upstream_error' : code
  return faultFor(told, { text, errorCode }, reason)
}

/** The vendor began another answer where one was going on: nobody can join the two (wire-formats 1.8, trap 46). */
export const spliced = (): Fault =>
  new Fault('upstream_error', 'The provider began another answer', { reason: 'spliced' })

/** A fault for a client. Our code stands where the vendor has its own (`details.error_code`), so that a program can tell who made it. */
export function writeFault(fault: Fault, requestId: string): WrittenFault {
  return { status: fault.code === 'overloaded' ? OVERLOADED : fault.status, body: faultBody(fault, requestId) }
}

const faultBody = (fault: Fault, requestId: string): JsonObject => ({
  type: 'error',
  error: { type: typeOf(fault), message: messageOf(fault), details: { error_code: fault.code } },
  request_id: requestId,
})

/** Nothing follows it in a stream. */
export const faultEvent = (fault: Fault, requestId: string): string =>
  `event: error\ndata: ${JSON.stringify(faultBody(fault, requestId))}\n\n`

const OVERLOADED = 529

interface Detail {
  readonly type: string | undefined
  readonly errorCode: string | undefined
  readonly text: string | undefined
}

/** What an error is. The vendor's words for one of its own codes are in its page on errors and in wire-formats 1.2.3 and 1.9. */
function codeOf(status: number, { type, errorCode, text = '' }: Detail): FaultCode {
  if (isAboutFunds({ status, type, errorCode, text })) return 'upstream_funds'
  if (status === 401 || status === 403) return 'upstream_auth_failed'
  const kept = RELAYED_CODES.find((code) => code === errorCode)
  if (kept !== undefined) return kept
  if (type === 'overloaded_error') return 'overloaded'
  if (status === 404) return text.startsWith('model') ? 'model_not_found' : 'not_found'
  if (status === 400 && TOO_LONG.test(text)) return 'context_too_long'
  if (status === 400 && FILTERED.test(text)) return 'content_filtered'
  return CODES[status] ?? (status >= 400 && status < 500 ? 'bad_request' : 'upstream_error')
}

const isAboutFunds = ({ status, type, errorCode, text }: { readonly status: number } & Detail): boolean =>
  status === 402 ||
  type === 'billing_error' ||
  (errorCode !== undefined && FUNDS_CODES.includes(errorCode)) ||
  (status === 400 && /credit balance is too low/i.test(text ?? ''))

const FUNDS_CODES = ['contract_spend_limit_reached', 'enforced_spend_limit_reached', 'upstream_funds']
const TOO_LONG = /prompt is too long|exceeds? (the )?context (limit|window)/i
const FILTERED = /content filtering policy/i

const CODES: { readonly [status: number]: FaultCode } = {
  408: 'request_timeout',
  409: 'conflict',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  422: 'unprocessable',
  429: 'rate_limited',
  503: 'upstream_unavailable',
  504: 'upstream_timeout',
  529: 'overloaded',
}

/** The status that an error in a stream would have had. */
const STATUSES: ReadonlyMap<string, number> = new Map([
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['invalid_request_error', 400],
  ['timeout_error', 504],
  ['overloaded_error', 529],
])

/**
 * The vendor's text only where it is about the client's own request: others name our organization, its limits and its money. What a
 * gateway of ours has written is fit for everybody.
 */
function faultFor(code: FaultCode, { text, errorCode }: Omit<Detail, 'type'>, reason?: string): Fault {
  const detail = reason === undefined ? {} : { reason }
  const fixed = code === errorCode ? undefined : MESSAGES[code]
  const isPage = text === undefined || text.trim() === '' || text.trimStart().startsWith('<')
  if (fixed !== undefined || isPage) return new Fault(code, fixed ?? MESSAGES[code] ?? UNTOLD, detail)
  const isTheirs = code === 'upstream_error' && errorCode !== code
  return new Fault(code, isTheirs ? toldText(text) : text.slice(0, MESSAGE_LETTERS_MAX), detail)
}

const MESSAGES: { readonly [code in FaultCode]?: string } = {
  ...OUR_ACCOUNT,
  rate_limited: "The provider's rate limit is reached",
  overloaded: 'The provider is overloaded',
  upstream_unavailable: 'The provider is not available now',
  upstream_timeout: 'The provider did not answer in time',
}

function typeOf(fault: Fault): string {
  return TYPES[fault.code] ?? (fault.status < 500 ? 'invalid_request_error' : 'api_error')
}

const TYPES: { readonly [code in FaultCode]?: string } = {
  unauthorized: 'authentication_error',
  forbidden: 'permission_error',
  model_not_allowed: 'permission_error',
  model_not_found: 'not_found_error',
  not_found: 'not_found_error',
  body_too_large: 'request_too_large',
  rate_limited: 'rate_limit_error',
  limit_too_small: 'rate_limit_error',
  budget_exceeded: 'billing_error',
  request_timeout: 'timeout_error',
  upstream_timeout: 'timeout_error',
  overloaded: 'overloaded_error',
}

/** Clients of this wire make a conversation shorter when they read the vendor's own words (wire-formats 1.8, trap 51). */
function messageOf({ code, message }: Fault): string {
  if (code === 'context_too_long' && !OWN_WORDS.test(message)) return `prompt is too long: ${message}`
  return message
}

/** How the vendor itself says it: another vendor's sentence may mean the same and still not be found. */
const OWN_WORDS = /prompt is too long|exceed context limit/i
