import type { OutgoingHttpHeaders } from 'node:http'
import type { Fault } from '../../core/fault.ts'

/** On every answer of the control plane, whatever it is: never a page, a frame, a script or something to keep. */
export const securityHeaders: { readonly [name: string]: string } = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/** A fault as the control plane says it. The private half stays here. */
export function faultAnswer(
  fault: Fault,
  requestId: string,
): { readonly status: number; readonly headers: OutgoingHttpHeaders; readonly body: string } {
  const { code, message, field, retryAfterSeconds } = fault
  return {
    status: fault.status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-sekisho-request-id': requestId,
      ...(fault.status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body: JSON.stringify({ error: { code, message, ...(field === undefined ? {} : { field }), requestId } }),
  }
}
