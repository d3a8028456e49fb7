import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { findPostmaster, type Postmaster } from '../server/world/postgres-postmaster.ts'
import { openConnection, type RawResponse } from './kit/client.ts'
import { type Gateway, startGateway } from './kit/gateway.ts'
import { withPostgres } from './kit/postgres.ts'
import { errorIn, readStream, type Relay, type RelayOptions, requestIdOf, startRelay } from './kit/relay.ts'
import { readUsageRows } from './kit/usage-rows.ts'
import { hang, type Raw, stream, whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const postgres = withPostgres()
const disposers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const dispose of disposers.splice(0).toReversed()) await dispose()
})

async function start(options: RelayOptions): Promise<Relay> {
  const relay = await startRelay(options)
  disposers.push(relay.dispose)
  await relay.gateway.anyModelKey()
  return relay
}

/** Three events and an end, each when the test says so. */
const driven = stream({ events: [1, 1, 1], pace: { kind: 'driven' } })
const DRIVEN_STEPS = 4

/** More in one piece than the buffers of two sockets take, with the end right behind it. */
const LARGE_EVENT_BYTES = 7_500_000
const oneLargeEvent: Raw = {
  kind: 'raw',
  text: [
    'HTTP/1.1 200 OK\r',
    'content-type: text/event-stream\r',
    '\r',
    `data: {"model":"m","choices":[{"index":0,"delta":{"content":"${'a'.repeat(LARGE_EVENT_BYTES)}"},"finish_reason":null}]}`,
    '',
    'data: [DONE]\n\n',
  ].join('\n'),
  then: 'half-close',
}

/** A stream that has begun, with its first event at the client. */
async function begun({ chat, vendor }: Relay): Promise<{ response: RawResponse; finish: () => void }> {
  const number = vendor.seen.length
  const answer = chat({ stream: true, behaviour: driven })
  vendor.next(number)
  return { response: await answer, finish: () => vendor.next(number, DRIVEN_STEPS - 1) }
}

const postmasterOf = ({ dataDir }: Gateway): Promise<Postmaster | undefined> =>
  findPostmaster(join(dataDir, 'postgres'))
const livez = async ({ url }: Gateway): Promise<number> => {
  const connection = await openConnection(url)
  connection.write('GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  return (await connection.response()).status
}
const saysDraining = (gateway: Gateway) =>
  waitUntil('/readyz to say that it drains', async () => {
    const { status, body } = await gateway.readyz()
    return status === 503 && JSON.stringify(body).includes('"status":"draining"')
  })
const refuses = ({ chat }: Relay) =>
  waitUntil('new requests to be refused', async () => {
    const answer = await chat({ model: 'unknown' })
    if (answer.status === 503) return answer
    await answer.bytes()
    return undefined
  })

test('SIGTERM: not ready at once, still serving for a while, then no new requests; what runs finishes and is in the ledger, and PostgreSQL is stopped', async () => {
  const relay = await start({ config: () => ({ drain: { readinessMs: 3_000 } }) })
  const { gateway, chat } = relay
  const running = await begun(relay)
  const idle = await openConnection(gateway.url)
  gateway.signal('SIGTERM')
  await saysDraining(gateway)
  const late = await chat({ behaviour: whole() })
  expect([late.status, await livez(gateway)]).toEqual([200, 200])
  await late.bytes()

  const refused = await refuses(relay)
  expect(refused.header('connection')).toBe('close')
  expect(Number(refused.header('retry-after'))).toBeGreaterThan(0)
  expect(await errorIn(refused)).toMatchObject({ code: 'draining' })
  const body = JSON.stringify({ model: 'fault/m', messages: [] })
  const key = await gateway.anyModelKey()
  idle.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  const onOpenConnection = await idle.response()
  expect([onOpenConnection.status, onOpenConnection.header('connection')]).toEqual([503, 'close'])
  expect([(await gateway.readyz()).status, await livez(gateway)]).toEqual([503, 200])

  expect(gateway.logs()).not.toContain('did not stop cleanly')
  running.finish()
  expect(await readStream(running.response)).toMatchObject({
    content: ' tok tok tok',
    finished: true,
    ending: 'complete',
  })
  expect(await gateway.ended()).toEqual({ code: 0, signal: null })
  expect(await postmasterOf(gateway)).toBeUndefined()
  expect(gateway.logs()).not.toContain('did not stop cleanly')
  await gateway.restart()
  const rows = await gateway.records()
  expect(rows.map(({ status }) => status)).toEqual(['complete', 'complete'])
  expect(rows.map(({ requestId }) => requestId)).toContain(requestIdOf(running.response))
})

test('a connection on which nothing happens does not hold up the end', async () => {
  const { gateway } = await start({ databaseUrl: await postgres.freshDatabase() })
  const idle = await openConnection(gateway.url)
  idle.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n')
  await (await idle.response()).bytes()
  const half = await openConnection(gateway.url)
  half.write('GET /livez HTTP/1.1\r\nho')
  expect(await gateway.stop()).toEqual({ code: 0, signal: null })
  idle.close()
  half.close()
})

test('a client that has not taken its last bytes yet gets them before the connection is closed', async () => {
  const { gateway, vendor, chat } = await start({ databaseUrl: await postgres.freshDatabase() })
  vendor.enqueue(oneLargeEvent)
  const response = await chat({ stream: true })
  expect((await gateway.waitForRecords(1))[0]?.status).toBe('complete')
  gateway.signal('SIGTERM')
  await saysDraining(gateway)
  const read = await readStream(response)
  expect({ ...read, content: read.content.length }).toMatchObject({
    content: LARGE_EVENT_BYTES,
    finished: true,
    ending: 'complete',
  })
  expect(await gateway.ended()).toEqual({ code: 0, signal: null })
})

test('at the deadline what still runs is cut: an error in the stream and an abnormal end, 503 where nothing was sent; all of it is in the ledger before the process ends', async () => {
  const databaseUrl = await postgres.freshDatabase()
  const relay = await start({ databaseUrl, config: () => ({ drain: { deadlineMs: 1_000 } }) })
  const { gateway, vendor, chat } = relay
  const { response } = await begun(relay)
  const silent = chat({ behaviour: hang() })
  await vendor.waitFor(({ behaviour }) => behaviour.kind === 'hang')
  const uploading = await openConnection(gateway.url)
  uploading.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${await gateway.anyModelKey()}\r\ncontent-length: 9\r\n\r\n{`,
  )
  await waitUntil('three open requests', async () => (await gateway.metrics()).value('sekisho_requests_open') === 3)
  gateway.signal('SIGTERM')
  expect(await readStream(response)).toMatchObject({
    content: ' tok',
    error: { code: 'draining' },
    finished: false,
    ending: 'closed',
  })
  const refused = await silent
  expect(refused.status).toBe(503)
  expect(await errorIn(refused)).toMatchObject({ code: 'draining' })
  expect(await gateway.ended()).toEqual({ code: 0, signal: null })
  uploading.close()
  const rows = await readUsageRows({ connectionString: databaseUrl })
  expect(rows).toEqual([
    expect.objectContaining({ requestId: requestIdOf(response), status: 'partial', reason: 'draining' }),
    expect.objectContaining({ requestId: requestIdOf(refused), status: 'failed', reason: 'draining' }),
  ])
  expect(rows[0]?.usage).toMatchObject({ output: 1 })
  expect(vendor.seen.map(({ state }) => state)).toEqual(['left', 'left'])
})

test('a later SIGTERM shortens a long deadline to five seconds', async () => {
  const relay = await start({ databaseUrl: await postgres.freshDatabase() })
  const { gateway } = relay
  const { response } = await begun(relay)
  gateway.signal('SIGTERM')
  await saysDraining(gateway)
  // One that follows at once is the same wish, come by two ways.
  const again = setInterval(() => gateway.signal('SIGTERM'), 200)
  disposers.push(async () => clearInterval(again))
  expect(await readStream(response)).toMatchObject({ error: { code: 'draining' }, finished: false, ending: 'closed' })
  expect(await gateway.ended()).toEqual({ code: 0, signal: null })
})

test('Ctrl-C, which reaches every process of the terminal, drains too, and PostgreSQL is there until the end', async () => {
  // A group of its own, as a shell makes one for what it starts.
  const command = ['setsid', process.execPath, join(import.meta.dirname, '../bin/sekisho.mjs')] as const
  const relay = await start({ command })
  const { gateway } = relay
  const running = await begun(relay)
  const before = await postmasterOf(gateway)
  process.kill(-gateway.pid, 'SIGINT')
  await saysDraining(gateway)
  await refuses(relay)
  expect(before).toBeDefined()
  expect((await postmasterOf(gateway))?.pid).toBe(before?.pid)
  expect(await gateway.records()).toEqual([])
  running.finish()
  expect(await readStream(running.response)).toMatchObject({ finished: true, ending: 'complete' })
  expect(await gateway.ended()).toEqual({ code: 0, signal: null })
  expect(await postmasterOf(gateway)).toBeUndefined()
  await gateway.restart()
  expect((await gateway.records()).map(({ status }) => status)).toEqual(['complete'])
})

const MOMENTS = [
  ['its lock is taken', 'gateway.lock'],
  ['its database is being made', 'postgres'],
  ['its database comes up', 'postgres/postmaster.pid'],
  ['its journal is opened', 'journal'],
] as const

test.each(MOMENTS)(
  'SIGTERM during the first start, when %s: it ends cleanly, and the next start is like a first one',
  async (_, path) => {
    const gateway = await startGateway({ until: 'started' })
    disposers.push(() => gateway.dispose())
    await waitUntil(
      path,
      () =>
        existsSync(join(gateway.dataDir, path)) ||
        gateway.ended({ timeoutMs: 1 }).then(
          () => true,
          () => false,
        ),
    )
    gateway.signal('SIGTERM')
    expect(await gateway.ended()).toEqual({ code: 0, signal: null })
    expect(gateway.logs()).not.toContain('Error')
    expect(await postmasterOf(gateway)).toBeUndefined()
    expect(await readdir(gateway.dataDir)).not.toContain('gateway.lock')
    await gateway.restart({ until: 'ready' })
    const answer = await gateway.ask('/v1/chat/completions', {
      body: { model: 'demo/demo-chat', messages: [{ role: 'user', content: 'Hi' }] },
    })
    expect(answer.status).toBe(200)
  },
)

test('usage that the database was not there to take stays in the journal over a stop, and arrives once at the next start', async () => {
  const { gateway, chat } = await start({ databaseUrl: await postgres.freshDatabase() })
  await (await chat()).bytes()
  await gateway.waitForRecords(1)
  await postgres.stop()
  const answers = await Promise.all(Array.from({ length: 5 }, () => chat()))
  for (const answer of answers)
    expect([answer.status, await answer.json()]).toMatchObject([200, { object: 'chat.completion' }])
  try {
    expect(await gateway.stop()).toEqual({ code: 0, signal: null })
  } finally {
    await postgres.start()
  }
  expect(await gateway.records()).toHaveLength(1)
  await gateway.restart()
  const rows = await gateway.waitForRecords(6)
  expect(rows.map(({ status }) => status)).toEqual(Array(6).fill('complete'))
  expect(new Set(rows.map(({ requestId }) => requestId))).toEqual(
    new Set([rows[0]?.requestId, ...answers.map(requestIdOf)]),
  )
})
