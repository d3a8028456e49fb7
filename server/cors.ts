import type { IncomingMessage } from 'node:http'

/** A browser asks whether it may ask. */
export const isPreflight = (request: IncomingMessage): boolean =>
  request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined

/**
 * The headers that let a browser program of a configured origin read the answer; none for any other origin. No cookie is
 * ever accepted on the data plane, so credentials need no permission of their own.
 */
export function corsHeaders(
  request: IncomingMessage,
  origins: readonly string[],
): readonly (readonly [string, string])[] {
  const { origin } = request.headers
  if (origin === undefined) return []
  const any = origins.includes('*')
  if (!any && !origins.includes(origin)) return []
  const headers: (readonly [string, string])[] = [
    ['access-control-allow-origin', any ? '*' : origin],
    ['vary', 'origin'],
    ['access-control-expose-headers', EXPOSED],
  ]
  if (!isPreflight(request)) return headers
  return [
    ...headers,
    ['access-control-allow-methods', 'GET, POST, DELETE, OPTIONS'],
    ['access-control-allow-headers', request.headers['access-control-request-headers'] ?? ''],
    ['access-control-max-age', '600'],
  ]
}

const EXPOSED =
  'x-request-id, request-id, x-sekisho-request-id, x-sekisho-target, x-sekisho-attempts, x-sekisho-cost, x-sekisho-lossy, x-sekisho-wait-ms, x-sekisho-degraded, server-timing, retry-after, idempotency-replayed'
