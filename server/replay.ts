import type { Account } from './account.ts'
import type { Asked } from './exchange.ts'
import { FIXED_HEADERS } from './response-headers.ts'
import type { KeptAnswer } from './world/idempotency.ts'

/** Answers with what the first request under an idempotency key was answered, byte for byte: no vendor is asked, nothing is recorded or charged. */
export function replay({ response, fields }: Asked, answer: KeptAnswer, account: Account): void {
  const { status, contentType, body } = answer
  account.stream = fields.stream
  const headers = ['content-type', contentType, 'content-length', String(body.length), ...FIXED_HEADERS]
  headers.push('x-request-id', account.requestId, 'x-sekisho-request-id', account.requestId)
  if (account.wire === 'anthropic') headers.push('request-id', account.requestId)
  headers.push('idempotency-replayed', 'true')
  response.writeHead(status, headers)
  response.end(body)
  account.close(status)
}
