import { Fault, type FaultCode } from '../../fault.ts'
import { given } from '../../given.ts'
import { asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import {
  isOurAccount,
  isOurAccountCode,
  MESSAGE_LETTERS_MAX,
  ourAccountFault,
  type Told,
} from '../../upstream-fault.ts'
import { toldFault } from './fault.ts'

/**
 * A vendor's error body with its status. Its own words go on to the client, except where they are about *our* account (wire-formats 1.9,
 * reliability 3.6). Takes what nodes have instead of OpenAI's form: a flat body, FastAPI's `detail`, plain text.
 */
export function readFault(status: number, body: Json): Fault {
  const error = errorOf(body)
  const message = messageOf(error, body)
  const code = codeOf(error, status, message)
  if (isOurAccountCode(code)) return ourAccountFault(code)
  const field = asText(error['param'])
  const retryAfterSeconds = message === undefined ? undefined : secondsIn(message)
  return new Fault(code, toldMessage(code, message) ?? 'The provider refused the request without a reason', {
    ...given({ field, retryAfterSeconds }),
  })
}

/** The vendor's error in a reply or stream whose status called it good, with its kind as far as its words tell one. */
export function readTold(error: Json, told: Told): Fault {
  const fault = toldFault(error, told)
  if (isOurAccount(fault)) return fault
  const fields = asObject(error) ?? {}
  const code = codeByWord(fields) ?? TOLD_CODES.get(wordOf(fields['type'])) ?? codeByStatus(statusIn(fields))
  return code === fault.code || isOurAccountCode(code)
    ? fault
    : new Fault(code, toldMessage(code, fault.message) ?? fault.message, { reason: told.reason })
}

/** Limits of a shared account are named by its organization, and are not those of the client (wire-formats 1.9). */
function toldMessage(code: FaultCode, message: string | undefined): string | undefined {
  const isOfAccount = code === 'rate_limited' && /\borganization\b|\borg-/i.test(message ?? '')
  return isOfAccount ? "The provider's rate limit is reached" : message?.slice(0, MESSAGE_LETTERS_MAX)
}

/** The error that stands where an answer should be, if one does; some nodes have it flat. */
export function errorIn(body: JsonObject): Json | undefined {
  const error = body['error']
  if (error !== undefined && error !== null) return error
  return body['object'] === 'error' ? body : undefined
}

const RETRY_SECONDS_MAX = 86_400

function errorOf(body: Json): JsonObject {
  const object = asObject(body) ?? {}
  return asObject(object['error']) ?? object
}

function messageOf(error: JsonObject, body: Json): string | undefined {
  const { message, detail } = error
  const said = asText(message) ?? asText(error['error']) ?? detailIn(detail) ?? detailIn(asObject(message)?.['detail'])
  if (said !== undefined) return said === '' ? undefined : said
  const text = asText(body)?.trim()
  // The page of a proxy is nothing to be read by a client.
  return text === undefined || text === '' || text.startsWith('<') ? undefined : text
}

/** FastAPI's own form: a text, or a list of what is wrong and where. */
function detailIn(detail: Json | undefined): string | undefined {
  const faults = asList(detail)?.map((fault) => asText(asObject(fault)?.['msg']) ?? '')
  return asText(detail) ?? faults?.filter((fault) => fault !== '').join('; ')
}

/** A status about the credential or the money of our account is about it whatever the words are, but for a filter that speaks in its name. */
function codeOf(error: JsonObject, status: number, message: string | undefined): FaultCode {
  const word = codeByWord(error)
  const isOurs = status === 401 || status === 402 || status === 403
  if (isOurs && word !== 'content_filtered' && word !== 'upstream_funds') return codeByStatus(status)
  return word ?? codeByMessage(status, message) ?? codeByStatus(status)
}

/** By the vendor's own words, the more exact one first. */
function codeByWord(error: JsonObject): FaultCode | undefined {
  const words = [asObject(error['innererror'])?.['code'], error['code'], error['type']].map(wordOf)
  return words.map((word) => CODES.get(word)).find((code) => code !== undefined)
}

/** Nodes have no word for a prompt that is too long, but a text. */
const codeByMessage = (status: number, message: string | undefined): FaultCode | undefined =>
  LONG_STATUSES.includes(status) && TOO_LONG.test(message?.slice(0, MESSAGE_LETTERS_MAX) ?? '')
    ? 'context_too_long'
    : undefined

const codeByStatus = (status: number): FaultCode =>
  STATUSES.get(status) ?? (status >= 400 && status < 500 ? 'bad_request' : 'upstream_error')

/** The status that the error would have had. */
const statusIn = ({ code }: JsonObject): number => {
  const status = Number(typeof code === 'string' || typeof code === 'number' ? code : Number.NaN)
  return status >= 400 && status < 600 ? status : 500
}

const wordOf = (value: Json | undefined): string => asText(value)?.toLowerCase() ?? ''

/** `Please try again in 1m12.5s`: OpenAI says so, and the vendors that follow it. */
function secondsIn(message: string): number | undefined {
  const span = /try again in ((?:\d+(?:\.\d+)?(?:ms|s|m|h))+)/i.exec(message.slice(0, MESSAGE_LETTERS_MAX))?.[1]
  if (span === undefined) return undefined
  let seconds = 0
  for (const [, count, unit] of span.toLowerCase().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    seconds += Number(count) * (UNITS.get(unit ?? '') ?? 0)
  }
  return Math.min(Math.ceil(seconds), RETRY_SECONDS_MAX)
}
const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 0.001],
  ['s', 1],
  ['m', 60],
  ['h', 3_600],
])

const CODES: ReadonlyMap<string, FaultCode> = new Map([
  ['insufficient_quota', 'upstream_funds'],
  ['billing_hard_limit_reached', 'upstream_funds'],
  ['billing_not_active', 'upstream_funds'],
  ['rate_limit_exceeded', 'rate_limited'],
  ['rate_limit_error', 'rate_limited'],
  ['rate_limited', 'rate_limited'],
  ['context_length_exceeded', 'context_too_long'],
  ['exceed_context_size_error', 'context_too_long'],
  ['content_filter', 'content_filtered'],
  ['content_policy_violation', 'content_filtered'],
  ['responsibleaipolicyviolation', 'content_filtered'],
  ['model_not_found', 'model_not_found'],
  ['deploymentnotfound', 'model_not_found'],
  ['overloaded', 'overloaded'],
  ['overloaded_error', 'overloaded'],
  ['engine_overloaded', 'overloaded'],
])

/** Words that say less than a status does. */
const TOLD_CODES: ReadonlyMap<string, FaultCode> = new Map([['invalid_request_error', 'bad_request']])

const STATUSES: ReadonlyMap<number, FaultCode> = new Map([
  [401, 'upstream_auth_failed'],
  [402, 'upstream_funds'],
  [403, 'upstream_auth_failed'],
  [404, 'not_found'],
  [408, 'upstream_timeout'],
  [409, 'conflict'],
  [413, 'body_too_large'],
  [415, 'unsupported_media_type'],
  [422, 'unprocessable'],
  [429, 'rate_limited'],
  [503, 'overloaded'],
  [504, 'upstream_timeout'],
  [529, 'overloaded'],
])
const LONG_STATUSES = [400, 413, 422]
const TOO_LONG = /context[ _](?:length|window|size)|prompt is too long|too many (?:input )?tokens/i
