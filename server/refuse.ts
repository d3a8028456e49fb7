import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Fault } from '../core/fault.ts'
import { answerAndLinger } from './linger.ts'
import { FIXED_HEADERS } from './response-headers.ts'
import type { WireId } from '../core/chat.ts'
import { wires } from '../core/wires/index.ts'

/** To whom a fault is told: the id to ask about, and the form that the client reads. */
export interface Refused {
  readonly requestId: string
  readonly wire: WireId
  /** How much of its limits is left, as headers; absent where none is known yet. */
  readonly limitHeaders?: () => readonly string[]
}

/**
 * Answers with a fault in the client's own error form. Where the request's body was not read to its end, the connection
 * is closed behind the answer, so that the rest can never be taken for the next request.
 */
export function refuse(response: ServerResponse, fault: Fault, client: Refused): void {
  const { requestId, wire } = client
  if (response.headersSent || response.destroyed) {
    response.socket?.destroy()
    return
  }
  const form = wires[wire].fault.write(fault, requestId)
  const body = JSON.stringify(form.body)
  const retryAfter = fault.retryAfterSeconds
  const headers = [
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
    ...FIXED_HEADERS,
  ]
  headers.push('x-request-id', requestId, 'x-sekisho-request-id', requestId, 'x-should-retry', String(fault.retry))
  if (wire === 'anthropic') headers.push('request-id', requestId)
  if (retryAfter !== undefined) headers.push('retry-after', String(retryAfter))
  headers.push(...(client.limitHeaders?.() ?? []))
  const unread = !response.req.complete
  if (unread) headers.push('connection', 'close')
  // The reason phrase is given because a head that could not be written may have left another one behind.
  response.writeHead(form.status, STATUS_CODES[form.status] ?? 'Error', headers)
  if (unread) answerAndLinger(response, body)
  else response.end(body)
}
