import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Log } from '../core/world.ts'
import { type HealthPart, type Phase, readinessOf } from './health-parts.ts'
import type { Exposition } from './world/metrics.ts'

export interface OpsOptions {
  readonly version: string
  readonly phase: () => Phase
  readonly parts: readonly HealthPart[]
  /** Every figure now, as `openMetrics` writes it. */
  readonly expose: () => Promise<Exposition>
  readonly log: Log
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/**
 * What orchestrators, load balancers and scrapers ask, by exact path, for GET and HEAD. Nobody authenticates here, so every answer comes
 * from memory and says nothing that a stranger may not know.
 */
export const opsRoutes = (options: OpsOptions): ReadonlyMap<string, Handler> =>
  new Map([
    ['/livez', (_request, response) => answer(response, 200, LIVE)],
    ['/readyz', (_request, response) => sendReadiness(response, options)],
    ['/metrics', (_request, response) => sendMetrics(response, options)],
  ])

/** That it answers is the answer: a process that drains, or misses its database, must not be killed for it. */
const LIVE: Exposition = { contentType: 'text/plain; charset=utf-8', text: 'ok\n' }

function sendReadiness(response: ServerResponse, { version, phase, parts }: OpsOptions): void {
  const readiness = readinessOf(phase(), parts)
  const taken = readiness.status === 'ready' || readiness.status === 'degraded'
  answer(response, taken ? 200 : 503, {
    contentType: 'application/json',
    text: `${JSON.stringify({ ...readiness, version })}\n`,
  })
}

function sendMetrics(response: ServerResponse, { expose, log }: OpsOptions): void {
  expose().then(
    (exposition) => answer(response, 200, exposition),
    (error: unknown) => {
      log.error({ cause: error instanceof Error ? error.message : 'unknown' }, 'the metrics could not be written')
      answer(response, 500, { contentType: LIVE.contentType, text: 'the metrics could not be written\n' })
    },
  )
}

/** Never kept by a cache on the way: an old answer about health is a wrong one. */
function answer(response: ServerResponse, status: number, { contentType, text }: Exposition): void {
  const body = Buffer.from(text)
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}
