import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AttemptRecord } from '../../core/attempt.ts'
import { DEFAULT_OWNER } from '../../core/owner.ts'
import { administrator, startPlane, type TestPlane } from '../../e2e/kit/plane.ts'
import { withPostgres } from '../../e2e/kit/postgres.ts'
import { makeUsageRows } from '../../scripts/make-usage-rows.ts'
import { ensureUsageDays, insertUsage } from '../store/usage-insert.sql.ts'
import { intentOf, recordOf } from '../world/attempts-test-kit.ts'

const postgres = withPostgres()
const started: { plane?: TestPlane; token?: string } = {}

beforeAll(async () => {
  const url = await postgres.freshDatabase()
  const plane = await startPlane(url)
  Object.assign(started, { plane, token: await administrator(plane) })
  await ensureUsageDays(plane.sql.ledger, ['2025-11-20', '2025-11-21'])
  await insertUsage(plane.sql.ledger, RECORDS)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await makeUsageRows(client, { rows: 200_000, days: 2, lastDay: '2025-06-02' })
  await client.end()
}, 180_000)
afterAll(() => started.plane?.close())

const exported = async (query: string): Promise<Response> => {
  const { plane, token } = started
  if (plane === undefined || token === undefined) throw new Error('not started')
  return fetch(`${plane.url}/api/usage/export?${query}`, { headers: { authorization: `Bearer ${token}` } })
}
const linesOf = async (query: string): Promise<readonly unknown[]> => {
  const answer = await exported(`from=2025-11-20&to=2025-11-21&${query}`)
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson'])
  return (await answer.text())
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown)
}

test('each attempt is a line, oldest first, and what is unknown is null', async () => {
  expect(await linesOf('')).toMatchObject([
    {
      at: '2025-11-20T10:00:00.000Z',
      key: 'a',
      team: 't',
      project: null,
      inputTokens: 38,
      costNano: 100,
      cost: '0.0000001',
    },
    { at: '2025-11-20T23:30:00.000Z', key: 'a', costNano: 20 },
    { at: '2025-11-21T10:00:00.000Z', key: 'b', inputTokens: null, costNano: null, cost: null, status: 'failed' },
  ])
})

test('sums are by any sides together, in the order that was asked for', async () => {
  expect(await linesOf('by=day&by=key')).toMatchObject([
    { day: '2025-11-20', key: 'a', attempts: 2, costNano: 120 },
    { day: '2025-11-21', key: 'b', attempts: 1, failed: 1, unpriced: 1, costNano: 0 },
  ])
  const [first] = await linesOf('by=team&by=model&by=user')
  expect(Object.keys(first as object).slice(0, 3)).toEqual(['team', 'model', 'user'])
  for (const by of SIDES) {
    const lines = (await linesOf(by.map((side) => `by=${side}`).join('&'))) as { attempts: number; costNano: number }[]
    expect([by, lines.reduce((sum, line) => sum + line.attempts, 0)]).toEqual([by, 3])
    expect([by, lines.reduce((sum, line) => sum + line.costNano, 0)]).toEqual([by, 120])
  }
})

test('days are those of the time zone, in the sums and in the window', async () => {
  expect(await linesOf('by=day&timeZone=Asia/Tokyo')).toMatchObject([
    { day: '2025-11-20', attempts: 1, costNano: 100 },
    { day: '2025-11-21', attempts: 2, costNano: 20 },
  ])
  const only = await exported('from=2025-11-20&to=2025-11-20&timeZone=Asia/Tokyo')
  expect((await only.text()).match(/\n/g)).toHaveLength(1)
  // Sums that are kept and sums of the attempts are the same.
  for (const by of SIDES.filter((sides) => !sides.includes('day'))) {
    const sides = by.map((side) => `by=${side}`).join('&')
    expect(await linesOf(`${sides}&timeZone=Etc/UTC`)).toEqual(await linesOf(sides))
  }
})

test('a table has its names on the first line, and no cell that a spreadsheet would run', async () => {
  const answer = await exported('from=2025-11-20&to=2025-11-21&format=csv&by=model')
  expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8')
  const [head, ...lines] = (await answer.text()).split('\r\n')
  expect(head).toMatch(/^model,requests,attempts,.*,costNano,cost,unpriced,unknownUsage$/)
  expect(lines).toEqual([expect.stringMatching(/^'=cmd\(\),1,1,/), expect.stringMatching(/^demo-small,2,2,/), ''])
  const records = await exported('from=2025-11-20&to=2025-11-21&format=csv')
  const table = (await records.text()).split('\r\n').map((line) => line.split(',').length)
  expect(new Set(table.slice(0, -1)).size).toBe(1)
  expect((await (await exported('from=2024-01-01&to=2024-01-02&format=csv&by=day')).text()).split('\r\n')).toHaveLength(
    2,
  )
})

test.each([
  ['by=nothing', 'by[0]'],
  ['timeZone=Mars/Olympus', 'timeZone'],
  ['timeZone=+25:99', 'timeZone'],
  ['from=2025-11-21&to=2025-11-20', 'from'],
  ['format=xml', 'format'],
])('%s is refused with the field %s', async (query, field) => {
  const answer = await exported(query)
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: { field } }])
})

test('two hundred thousand attempts go through without being held', async () => {
  const answer = await exported('from=2025-06-01&to=2025-06-02')
  let [bytes, lines, mostHeld] = [0, 0, 0]
  const before = held()
  for await (const piece of answer.body ?? []) {
    // A look takes a while, and the client reads nothing meanwhile: what comes is not made ahead of it either.
    if (Math.floor((bytes + piece.length) / LOOK_BYTES) > Math.floor(bytes / LOOK_BYTES))
      mostHeld = Math.max(mostHeld, held() - before)
    bytes += piece.length
    for (const byte of piece) if (byte === 10) lines += 1
  }
  expect(lines).toBe(200_000)
  // Server and client are both in this process.
  expect(bytes).toBeGreaterThan(150_000_000)
  expect(mostHeld).toBeLessThan(30_000_000)
}, 120_000)

test('a client that leaves ends its export, and others go on', async () => {
  for (let at = 0; at < 6; at++) {
    const answer = await exported('from=2025-06-01&to=2025-06-02')
    const reader = answer.body?.getReader()
    await reader?.read()
    await reader?.cancel()
  }
  expect(await linesOf('by=day')).toHaveLength(2)
})

const LOOK_BYTES = 15_000_000

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes that something still needs. */
function held(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const SIDES: readonly (readonly string[])[] = [
  ['key'],
  ['user', 'team'],
  ['project', 'organisation'],
  ['provider', 'model', 'team'],
  ['key', 'model'],
  ['day', 'model'],
]

const owner = { ...DEFAULT_OWNER, teamId: 't', userId: 'u' }
const RECORDS: readonly AttemptRecord[] = [
  recordOf(intentOf({ at: Date.UTC(2025, 10, 20, 10), keyId: 'a', owner }), { costNano: 100 }),
  recordOf(intentOf({ at: Date.UTC(2025, 10, 20, 23, 30), keyId: 'a', owner }), { costNano: 20 }),
  recordOf(intentOf({ at: Date.UTC(2025, 10, 21, 10), keyId: 'b', modelSent: '=cmd()' }), {
    costNano: null,
    usage: null,
    usageSource: null,
    status: 'failed',
  }),
]
