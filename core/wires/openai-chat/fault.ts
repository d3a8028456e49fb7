import { Fault } from '../../fault.ts'
import { asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { ourAccountFault, type Told, toldText } from '../../upstream-fault.ts'

/** A fault as OpenAI's clients expect it: the official SDKs raise their own typed errors from status and `code`. */
export const faultBody = (fault: Fault): string => JSON.stringify(faultJson(fault))

/** The same, before it is text. */
export const faultJson = (fault: Fault): JsonObject => ({
  error: {
    message: fault.message,
    type: fault.type,
    param: fault.field ?? null,
    code: CODES[fault.code] ?? fault.code,
  },
})

/** A fault inside a stream that has begun. Nothing follows it: no `[DONE]`, and the connection ends abnormally. */
export const faultEvent = (fault: Fault): string => `data: ${faultBody(fault)}\n\n`

/**
 * The vendor's own error in a reply whose status said that all is well. Its message goes to the client, cut at a length
 * that nobody misses, except where it is about *our* account: that is `upstream_auth_failed` or `upstream_funds`, as for a
 * status that says so (reliability 3.6).
 */
export function toldFault(error: Json | undefined, { reason, spendLimitCodes }: Told): Fault {
  const fields = asObject(error)
  const codes = [fields?.['code'], fields?.['type']].map(codeText)
  const isOneOf = (wanted: readonly string[]) => codes.some((code) => code !== undefined && wanted.includes(code))
  if (isOneOf(spendLimitCodes) || isOneOf(FUNDS_CODES)) return ourAccountFault('upstream_funds', { reason })
  if (isOneOf(CREDENTIAL_CODES)) return ourAccountFault('upstream_auth_failed', { reason })
  const message = asText(error) ?? asText(fields?.['message'])
  return new Fault('upstream_error', toldText(message), { reason })
}

/** Where the field has a word of its own for one of our codes. */
const CODES: { readonly [code: string]: string } = {
  unauthorized: 'invalid_api_key',
  upstream_funds: 'upstream_unavailable',
  bad_request: 'invalid_request',
  rate_limited: 'rate_limit_exceeded',
  context_too_long: 'context_length_exceeded',
  content_filtered: 'content_filter',
}

/** The status that the error would have had (OpenRouter writes it as a number), or OpenAI's words for it. */
const FUNDS_CODES = ['402']
const CREDENTIAL_CODES = ['401', '403', 'invalid_api_key', 'authentication_error']
const codeText = (code: Json | undefined): string | undefined =>
  typeof code === 'number' ? String(code) : asText(code)
