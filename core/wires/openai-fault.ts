import { Fault } from '../fault.ts'
import { asObject, asText, type Json } from '../json.ts'

/** A fault as OpenAI's clients expect it: the official SDKs raise their own typed errors from status and `code`. */
export function faultBody(fault: Fault): string {
  return JSON.stringify({
    error: {
      message: fault.message,
      type: fault.type,
      param: fault.field ?? null,
      code: CODES[fault.code] ?? fault.code,
    },
  })
}

/** A fault inside a stream that has begun. Nothing follows it: no `[DONE]`, and the connection ends abnormally. */
export const faultEvent = (fault: Fault): string => `data: ${faultBody(fault)}\n\n`

/** The vendor's own error in a reply whose status said that all is well. Its message goes to the client, cut at a length that nobody misses. */
export function toldFault(error: Json | undefined, reason: string): Fault {
  const message = asText(asObject(error)?.['message'])
  const text =
    message === undefined
      ? 'The provider reported an error'
      : `The provider reported an error: ${message.slice(0, 500)}`
  return new Fault('upstream_error', text, { reason })
}

/** Where the field has a word of its own for one of our codes. */
const CODES: { readonly [code: string]: string } = {
  unauthorized: 'invalid_api_key',
  upstream_funds: 'upstream_unavailable',
  bad_request: 'invalid_request',
}
