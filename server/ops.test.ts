import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'
import type { Log, LogFields } from '../core/world.ts'
import type { Degradation, HealthPart, Phase } from './health-parts.ts'
import { type OpsOptions, opsRoutes } from './ops.ts'
import { openMetrics } from './world/metrics.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const SINCE = Date.UTC(2026, 0, 2, 3, 4, 5)

interface Answer {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly cache: string | undefined
  readonly length: string | undefined
  readonly body: string
}

/** The routes behind a real socket; `state` is what the process says of itself, and may be changed. */
async function open(options: Partial<OpsOptions> = {}) {
  const state: { phase: Phase; away: Degradation[] } = { phase: 'serving', away: [] }
  const logged: { fields: LogFields; message: string }[] = []
  const note = (fields: LogFields, message: string) => void logged.push({ fields, message })
  const log: Log = { debug: note, info: note, warn: note, error: note }
  const parts: HealthPart[] = [0, 1].map((at) => () => {
    const reason = state.away[at]
    return reason === undefined ? undefined : { reason, since: SINCE }
  })
  const metrics = openMetrics({ gauges: [] })
  const routes = opsRoutes({
    version: '1.2.3',
    phase: () => state.phase,
    parts,
    expose: metrics.expose,
    log,
    ...options,
  })
  const server = createServer((incoming, response) => routes.get(incoming.url ?? '')?.(incoming, response))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address with a port.
  const { port } = server.address() as AddressInfo
  const ask = async (path: string, method = 'GET'): Promise<Answer> => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, agent: false }).end()
    const [response] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage]
    const { headers, statusCode } = response
    return {
      status: statusCode,
      type: headers['content-type'],
      cache: headers['cache-control'],
      length: headers['content-length'],
      body: await text(response),
    }
  }
  return { state, logged, metrics, ask }
}

describe('/livez', () => {
  test('200 as long as the process answers, whether it starts, serves, misses something or drains', async () => {
    const { state, ask } = await open()
    state.away = ['database_away', 'journal_full']
    for (const phase of ['starting', 'serving', 'draining'] as const) {
      state.phase = phase
      expect(await ask('/livez')).toMatchObject({ status: 200, body: 'ok\n', cache: 'no-store' })
    }
  })
})

describe('/readyz', () => {
  test('200 and `ready` while nothing is away', async () => {
    const { ask } = await open()
    const { status, type, body } = await ask('/readyz')
    expect({ status, type }).toEqual({ status: 200, type: 'application/json' })
    expect(JSON.parse(body)).toEqual({ status: 'ready', degraded: [], version: '1.2.3' })
  })

  test('200 and `degraded` with part, time and reason while something is away, and `ready` when it is back', async () => {
    const { state, ask } = await open()
    state.away = ['database_away', 'config_rejected']
    const { status, body } = await ask('/readyz')
    expect(status).toBe(200)
    expect(JSON.parse(body)).toEqual({
      status: 'degraded',
      degraded: [
        {
          part: 'database',
          since: '2026-01-02T03:04:05.000Z',
          why: expect.stringContaining('PostgreSQL cannot be reached') as unknown,
        },
        { part: 'config', since: '2026-01-02T03:04:05.000Z', why: expect.stringContaining('rejected') as unknown },
      ],
      version: '1.2.3',
    })
    state.away = []
    expect(JSON.parse((await ask('/readyz')).body)).toMatchObject({ status: 'ready' })
  })

  test('503 while it starts and while it drains, and what is away is still said', async () => {
    const { state, ask } = await open()
    state.away = ['journal_full']
    state.phase = 'starting'
    const starting = await ask('/readyz')
    state.phase = 'draining'
    const draining = await ask('/readyz')
    expect([starting.status, draining.status]).toEqual([503, 503])
    expect(JSON.parse(starting.body)).toMatchObject({ status: 'not_ready', degraded: [{ part: 'journal' }] })
    expect(JSON.parse(draining.body)).toMatchObject({ status: 'draining', degraded: [{ part: 'journal' }] })
  })
})

describe('/metrics', () => {
  test('200 with the text format and its content type', async () => {
    const { metrics, ask } = await open()
    metrics.refused('draining')
    const { status, type, body } = await ask('/metrics')
    expect({ status, type }).toEqual({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' })
    expect(body).toContain('\nsekisho_refused_total{code="draining"} 1\n')
  })

  test('500 without detail when it cannot be written; the reason is logged', async () => {
    const { logged, ask } = await open({ expose: () => Promise.reject(new Error('inner detail')) })
    const { status, body } = await ask('/metrics')
    expect(status).toBe(500)
    expect(body).not.toContain('inner detail')
    expect(logged).toEqual([{ fields: { cause: 'inner detail' }, message: 'the metrics could not be written' }])
  })

  test('a scraper that hangs up while it waits does no harm', async () => {
    let hangUp = (): void => undefined
    const gone = new Promise<void>((resolve) => {
      hangUp = resolve
    })
    const { ask } = await open({ expose: () => gone.then(() => ({ contentType: 'text/plain', text: 'late' })) })
    const server = servers.at(-1)
    const broken = ask('/metrics').catch((error: unknown) => error)
    if (server !== undefined) await once(server, 'request')
    server?.closeAllConnections()
    expect(await broken).toBeInstanceOf(Error)
    hangUp()
    expect(await ask('/livez')).toMatchObject({ status: 200 })
  })
})

test.each(['/livez', '/readyz', '/metrics'])('HEAD %s says what GET says, without the body', async (path) => {
  const { ask } = await open()
  const [get, head] = [await ask(path), await ask(path, 'HEAD')]
  expect(head).toMatchObject({ status: get.status, type: get.type, body: '' })
  expect(Number(head.length)).toBeGreaterThan(0)
})
