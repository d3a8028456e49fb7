import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findPostmaster } from '../server/world/postgres-postmaster.ts'
import { ask, send } from './kit/client.ts'
import { closedPort } from './kit/fault-vendor.ts'
import { type Gateway, startGateway } from './kit/gateway.ts'
import { withPostgres } from './kit/postgres.ts'
import { errorIn, readStream, type Relay, startRelay, withRelay } from './kit/relay.ts'
import type { UsageRow } from './kit/usage-rows.ts'
import { stream, whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const postgres = withPostgres()
const DATABASE_AWAY = { part: 'database', since: expect.any(String), why: expect.stringContaining('PostgreSQL') }

describe('PostgreSQL is stopped while requests run', () => {
  const relay = withRelay(postgres)

  test('inference goes on with the keys that were known, dead ones stay dead, and it is visible everywhere', async () => {
    const live = await relay.gateway.createKey({ name: 'lives on' })
    const revoked = await relay.gateway.createKey({ name: 'revoked before' })
    await relay.gateway.admin('POST', `/keys/${revoked.id}/revoke`, {})
    await waitUntil('the revocation to hold', async () => (await statusOf(relay, revoked.key)) === 401)
    const running = await relay.chat({
      stream: true,
      behaviour: stream({ events: Array<number>(60).fill(1), pace: { kind: 'every', ms: 20 } }),
    })

    await postgres.stop()
    const away = await waitUntil('/readyz to say degraded', async () => {
      const { status, body } = await relay.gateway.readyz()
      return isDegraded(body) && { status, body }
    })
    expect(away).toEqual({
      status: 200,
      body: { status: 'degraded', degraded: [DATABASE_AWAY], version: expect.any(String) },
    })
    expect((await relay.gateway.metrics()).value('sekisho_database_up')).toBe(0)
    expect(relay.gateway.logs()).toMatch(/the database cannot be reached/)
    const told = await waitUntil('an answer to say it too', async () => {
      const response = await relay.chat()
      await response.text()
      return response.header('x-sekisho-degraded')
    })
    expect(told).toBe('database')

    expect(await readStream(running)).toMatchObject({ finished: true, ending: 'complete' })
    for (let asked = 0; asked < 20; asked++) expect(await statusOf(relay, live.key)).toBe(200)
    expect(await readStream(await relay.chat({ key: live.key, stream: true }))).toMatchObject({ finished: true })
    expect(await statusOf(relay, revoked.key)).toBe(401)
    expect(await statusOf(relay, 'sek_nobody')).toBe(401)
    const startedAt = performance.now()
    expect((await adminCall(relay.gateway, '/keys')).status).toBeGreaterThanOrEqual(500)
    expect(performance.now() - startedAt, 'an action does not hang').toBeLessThan(10_000)
    expect((await relay.gateway.metrics()).value('sekisho_journal_undelivered_bytes')).toBeGreaterThan(0)

    await postgres.start()
    await waitUntil('/readyz to say ready', async () => !isDegraded((await relay.gateway.readyz()).body))
    await relay.whenIdle()
    expect((await relay.gateway.metrics()).value('sekisho_database_up')).toBe(1)
    await exactlyOnce(relay)
    expect((await adminCall(relay.gateway, '/keys')).status).toBe(200)
  })

  test('gone and back again and again under load: every record arrives exactly once, and so do the sums', async () => {
    const state = { over: false, asked: 0 }
    const clients = Array.from({ length: 4 }, async () => {
      while (!state.over) {
        state.asked++
        const streamed = state.asked % 2 === 0
        const response = await relay.chat({
          stream: streamed,
          behaviour: streamed ? stream() : whole({ usage: { prompt: state.asked } }),
        })
        expect(response.status).toBe(200)
        await response.bytes()
        expect(response.ending).toBe('complete')
      }
    })
    for (let times = 0; times < 3; times++) {
      const before = state.asked
      await waitUntil('requests with the database', () => state.asked > before + 50)
      await postgres.stop()
      const without = state.asked
      await waitUntil('requests without the database', () => state.asked > without + 50)
      await postgres.start()
    }
    state.over = true
    await Promise.all(clients)
    await relay.whenIdle({ timeoutMs: 20_000 })
    await exactlyOnce(relay)
  })
})

test('a gateway that dies while the database is away brings the records at its next start, once', async () => {
  const relay = await startRelay({ databaseUrl: await postgres.freshDatabase() })
  try {
    const key = await relay.gateway.anyModelKey()
    await postgres.stop()
    for (let asked = 0; asked < 10; asked++) expect(await statusOf(relay, key)).toBe(200)
    await relay.gateway.kill()
    await postgres.start()
    await relay.gateway.restart()
    await relay.whenIdle()
    await exactlyOnce(relay)
  } finally {
    await relay.dispose()
  }
})

test('the PostgreSQL that the gateway brings along is killed: it is started again, requests go on, and every record arrives', async () => {
  const relay = await startRelay({})
  try {
    const key = await relay.gateway.anyModelKey()
    expect(await statusOf(relay, key)).toBe(200)
    const killed = await postmasterOf(relay.gateway)
    process.kill(killed, 'SIGKILL')
    await waitUntil('/readyz to say degraded', async () => isDegraded((await relay.gateway.readyz()).body))
    for (let asked = 0; asked < 10; asked++) expect(await statusOf(relay, key)).toBe(200)
    await waitUntil('/readyz to say ready', async () => !isDegraded((await relay.gateway.readyz()).body), {
      timeoutMs: 20_000,
    })
    expect(await postmasterOf(relay.gateway)).not.toBe(killed)
    expect(relay.gateway.logs()).toMatch(/PostgreSQL ended by itself; starting it again/)
    await relay.whenIdle()
    await exactlyOnce(relay)
  } finally {
    await relay.dispose()
  }
})

test('an outside PostgreSQL that is away at the start is waited for: alive, not ready, requests are told to come again; then it serves', async () => {
  const databaseUrl = await postgres.freshDatabase()
  await postgres.stop()
  const port = await closedPort()
  const url = `http://127.0.0.1:${port}`
  const gateway = await startGateway({ databaseUrl, until: 'started', args: ['--port', String(port)] })
  try {
    const readyz = await waitUntil('the port to be open', () => get(`${url}/readyz`).catch(() => undefined))
    expect(readyz).toMatchObject({ status: 503, text: expect.stringContaining('"not_ready"') })
    expect(await get(`${url}/livez`)).toMatchObject({ status: 200 })
    const answer = await ask(url, '/v1/chat/completions', { key: 'sek_nobody', body: {} })
    expect(answer.status).toBe(503)
    expect(Number(answer.header('retry-after'))).toBeGreaterThan(0)
    expect(await errorIn(answer)).toMatchObject({ code: 'not_ready' })
    await waitUntil('the log to say it', () => gateway.logs().includes('the database cannot be reached'))

    await postgres.start()
    await waitUntil('/readyz to say ready', async () => (await get(`${url}/readyz`)).status === 200)
    const key = await waitUntil('the key', () => /\bsek_\w+/.exec(gateway.logs())?.[0])
    const served = await ask(url, '/v1/chat/completions', {
      key,
      body: { model: 'demo/demo-chat', messages: [{ role: 'user', content: 'Hello' }] },
    })
    expect(served.status).toBe(200)
    await served.bytes()
  } finally {
    await gateway.dispose()
  }
})

const isDegraded = (body: unknown): boolean => Object(body).status === 'degraded'

async function statusOf(relay: Pick<Relay, 'chat'>, key: string): Promise<number> {
  const response = await relay.chat({ key })
  await response.bytes()
  return response.status
}

async function adminCall(gateway: Gateway, path: string): Promise<{ readonly status: number }> {
  const answer = await send(`${gateway.url}/api${path}`, {
    headers: [['authorization', `Bearer ${await gateway.serviceToken()}`]],
  })
  await answer.bytes()
  return answer
}

async function get(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await send(url)
  return { status: answer.status, text: await answer.text() }
}

async function postmasterOf({ dataDir }: Gateway): Promise<number> {
  const found = await findPostmaster(join(dataDir, 'postgres'))
  if (found === undefined) throw new Error('there is no postmaster')
  return found.pid
}

/** Every request that the vendor saw has one complete record with the usage that the vendor told, and the sums are the sums of the records. */
async function exactlyOnce({ gateway, vendor }: Relay): Promise<void> {
  const records = new Map<string, UsageRow>()
  const rows = await gateway.records()
  for (const row of rows) records.set(row.requestId, row)
  expect(rows.length, 'no record twice').toBe(records.size)
  expect(rows.length, 'no record too many').toBe(vendor.seen.length)
  const wrong = vendor.seen.filter(({ id, usageSent }) => {
    const record = records.get(id)
    return (
      record?.status !== 'complete' ||
      record.usage?.input !== usageSent?.prompt ||
      record.usage?.output !== usageSent?.completion
    )
  })
  expect(wrong).toEqual([])
  const { items } = (await gateway.admin('GET', '/usage/totals?by=provider')) as { items: readonly Totals[] }
  const sum = (read: (row: UsageRow) => number): number => rows.reduce((total, row) => total + read(row), 0)
  expect(items).toMatchObject([
    {
      group: 'fault',
      attempts: rows.length,
      inputTokens: sum(({ usage }) => usage?.input ?? 0),
      outputTokens: sum(({ usage }) => usage?.output ?? 0),
      costNano: sum(({ costNano }) => costNano ?? 0),
      unpriced: 0,
    },
  ])
}

interface Totals {
  readonly group: string
  readonly attempts: number
}
