import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dollars } from '../core/money.ts'
import { type Load, startLoad } from './kit/chat-load.ts'
import { embeddedDatabase } from './kit/embedded-database.ts'
import { type FaultVendorProcess, startFaultVendorProcess } from './kit/fault-vendor-process.ts'
import { type Gateway, startGateway } from './kit/gateway.ts'
import { withPostgres } from './kit/postgres.ts'
import { type SeededRandom, seededRandom } from './kit/seeded-random.ts'
import { readUsageRows } from './kit/usage-rows.ts'
import { type Mismatch, mismatches } from './kit/vendor-comparison.ts'
import type { Seen } from './kit/vendor-truth.ts'
import { waitUntil } from './kit/wait.ts'

const SEED = Number(process.env['SEKISHO_KILL_SEED'] ?? Date.now() % 1_000_000)
const STREAMS = 40
const WHOLES = 40
/** A token of input is 1,000 nano-dollars, one of output 2,000. */
const DOLLARS_PER_MILLION = { input: 1, output: 2 }
const RATES = { input: 1_000, output: 2_000 }

describe(`kill -9 under load (SEKISHO_KILL_SEED=${SEED})`, () => {
  const postgres = withPostgres()
  const databases = [
    ['an outside PostgreSQL', 10, () => postgres.freshDatabase()],
    ['the embedded PostgreSQL', 10, async () => undefined],
  ] as const

  test.each(databases)(
    'on %s, after each of %i kills the ledger has exactly one record for each attempt that the vendor saw',
    async (title, kills, database) => {
      const random = seededRandom(SEED + title.length)
      const { gateway, vendor, connection } = await start({ databaseUrl: await database(), intent: true })
      let compared = 0
      for (let kill = 1; kill <= kills; kill++) {
        const moment = await killUnderLoad({ gateway, vendor, random })
        await startAgain(gateway, random)
        const left = await waitForNone(async () => findMismatches({ ...moment, from: compared, gateway, vendor }))
        expect(left, `kill ${kill}, ${moment.afterMs} ms after the load stood`).toEqual([])
        compared = (await vendor.seen()).length
      }
      await gateway.stop()
      // What a stop delivers at the end, and what a start reads again, adds nothing.
      await gateway.restart()
      const rows = await gateway.records()
      expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
      expect(new Set(rows.map(({ requestId }) => requestId)).size).toBe(rows.length)
      expect(rows.filter(({ status }) => status === 'interrupted').length).toBeGreaterThan(kills * 25)
      const ledger = connection ?? (await embeddedDatabase(gateway.dataDir))
      expect(await differencesOfSums(ledger)).toEqual([])
      const cost = rows.reduce((sum, { costNano }) => sum + (costNano ?? Number.NaN), 0)
      expect(await spentOfBudgets(ledger)).toBe(cost)
      expect(await budgetOf(gateway)).toEqual({ spent: dollars(cost), reserved: '0' })
    },
    100_000,
  )

  test('without intents in the journal the same comparison finds attempts that have no record', async () => {
    const random = seededRandom(SEED)
    const { gateway, vendor, connection } = await start({ databaseUrl: await postgres.freshDatabase(), intent: false })
    const moment = await killUnderLoad({ gateway, vendor, random })
    await gateway.restart()
    // Whatever can still be delivered is delivered before it ends.
    expect(await gateway.stop()).toEqual({ code: 0, signal: null })
    const rows = await readUsageRows(connection ?? {})
    const found = mismatches({ ...moment, rows, seen: await vendor.seen(), rates: RATES })
    expect(found.filter(({ kind }) => kind === 'missing').length).toBeGreaterThanOrEqual(50)
    expect(found.filter(({ kind }) => kind !== 'missing')).toEqual([])
  }, 60_000)
})

async function start({ databaseUrl, intent }: { databaseUrl: string | undefined; intent: boolean }) {
  const vendor = await startFaultVendorProcess()
  onTestFinished(() => vendor.close())
  const gateway = await startGateway({
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    config: {
      providers: { fault: { kind: 'vllm', baseUrl: vendor.url, models: ['m'], inFlightMax: 200 } },
      prices: [{ model: 'fault/m', rates: DOLLARS_PER_MILLION }],
      journal: { intent, reserveBytes: 1_048_576 },
    },
  })
  onTestFinished(() => gateway.dispose())
  await gateway.anyModelKey()
  // One that pays for everything and never runs out.
  await gateway.admin('POST', '/budgets', { scope: 'organisation', dollars: 1_000_000, period: 'total' })
  return { gateway, vendor, connection: databaseUrl === undefined ? undefined : { connectionString: databaseUrl } }
}

interface Scene {
  readonly gateway: Gateway
  readonly vendor: FaultVendorProcess
  readonly random: SeededRandom
}

/** Kills the gateway at a random moment at which at least 50 requests are open at the vendor, half of them streams. */
async function killUnderLoad({ gateway, vendor, random }: Scene) {
  const key = await gateway.anyModelKey()
  const load = startLoad({ url: gateway.url, key, model: 'fault/m', streams: STREAMS, wholes: WHOLES, random })
  await waitUntil('requests at the vendor', async () => (await vendor.connections()) >= STREAMS + WHOLES)
  const afterMs = random.between(0, 3_500)
  await momentAfter(load, afterMs)
  load.stop()
  const killedAt = Date.now()
  const killed = gateway.kill()
  await Promise.all([killed, load.ended])
  const seen = await vendor.waitFor((all) => all.every(({ state }) => state !== 'open'))
  expectOpen(seen, killedAt)
  return { sent: load.sent, killedAt, afterMs }
}

/** Waits for a moment of the load, not for the clock alone: when the machine stands still, so does the load. */
const momentAfter = async (load: Load, afterMs: number): Promise<void> => {
  const from = Date.now()
  await waitUntil(
    'the moment',
    () => Date.now() - from >= afterMs && load.sent.filter(({ over }) => !over).length >= 50,
  )
}

function expectOpen(seen: readonly Seen[], at: number): void {
  const open = seen.filter(({ arrivedAt, endedAt }) => arrivedAt <= at && (endedAt ?? at) >= at)
  expect(open.length, 'requests that are open at the vendor').toBeGreaterThanOrEqual(50)
  const streams = open.filter(({ behaviour }) => behaviour.kind === 'stream')
  expect(streams.length, 'streams that are open at the vendor').toBeGreaterThanOrEqual(25)
}

/** Now and then the start that recovers is killed too, at any point of it. */
async function startAgain(gateway: Gateway, random: SeededRandom): Promise<void> {
  if (random.next() < 0.3) {
    await gateway.restart({ until: 'started' })
    const from = Date.now()
    const afterMs = random.between(0, 1_000)
    await waitUntil('a moment of the start', () => Date.now() - from >= afterMs)
    await gateway.kill()
  }
  await gateway.restart()
}

interface Question {
  readonly gateway: Gateway
  readonly vendor: FaultVendorProcess
  readonly sent: Load['sent']
  readonly killedAt: number
  /** How many of the vendor's requests belong to earlier kills. */
  readonly from: number
}

async function findMismatches({ gateway, vendor, from, ...moment }: Question): Promise<readonly Mismatch[]> {
  const seen = await vendor.seen()
  const earlier = new Set(seen.slice(0, from).map(({ id }) => id))
  const rows = (await gateway.records()).filter(({ requestId }) => !earlier.has(requestId))
  return mismatches({ ...moment, rows, seen: seen.slice(from), rates: RATES })
}

/** The empty list as soon as it is empty; else what is left when the time for recovery and delivery is over. */
async function waitForNone(find: () => Promise<readonly Mismatch[]>): Promise<readonly Mismatch[]> {
  let last: readonly Mismatch[] = []
  await waitUntil(
    'the ledger to agree with the vendor',
    async () => {
      last = await find()
      return last.length === 0
    },
    { timeoutMs: 15_000 },
  ).catch(() => {})
  return last
}

/** Days whose kept sums are not the sums of their rows. */
async function differencesOfSums(connection: pg.ClientConfig): Promise<readonly unknown[]> {
  const client = new pg.Client({ ...connection, query_timeout: 10_000 })
  await client.connect()
  try {
    return (await client.query(SUMS_THAT_DIFFER)).rows
  } finally {
    await client.end()
  }
}

/** What budgets paid, by the database. */
async function spentOfBudgets(connection: pg.ClientConfig): Promise<number> {
  const client = new pg.Client({ ...connection, query_timeout: 10_000 })
  await client.connect()
  try {
    const { rows } = await client.query<{ sum: string }>('SELECT sum(spent_nano) AS sum FROM budget_spend')
    return Number(rows[0]?.sum)
  } finally {
    await client.end()
  }
}

/** What the one budget has paid and keeps, by the gateway that runs. */
async function budgetOf(gateway: Gateway): Promise<unknown> {
  const answer = await gateway.ask('/v1/key', { method: 'GET' })
  const { budgets } = (await answer.json()) as {
    readonly budgets: readonly { readonly spent_dollars: string; readonly reserved_dollars: string }[]
  }
  return { spent: budgets[0]?.spent_dollars, reserved: budgets[0]?.reserved_dollars }
}

/** A rare kind is null where there is none. */
const orNone = (column: string): string => `coalesce(${column}, 0)`

const SUMS_THAT_DIFFER = `
  WITH sums AS (
    SELECT (at AT TIME ZONE 'UTC')::date AS day, key_id, provider, model_sent AS model,
      count(*) FILTER (WHERE attempt = 1) AS requests, count(*) AS attempts,
      count(*) FILTER (WHERE status = 'complete') AS complete, count(*) FILTER (WHERE status = 'partial') AS partial,
      count(*) FILTER (WHERE status = 'canceled') AS canceled, count(*) FILTER (WHERE status = 'failed') AS failed,
      count(*) FILTER (WHERE status = 'interrupted') AS interrupted,
      count(*) FILTER (WHERE cost_nano IS NULL) AS unpriced, count(*) FILTER (WHERE input_tokens IS NULL) AS unknown_usage,
      sum(input_tokens + cache_read_tokens + ${orNone('cache_write_5m_tokens')} + ${orNone('cache_write_1h_tokens')}
        + ${orNone('cache_write_other_tokens')} + ${orNone('input_audio_tokens')} + ${orNone('input_image_tokens')}) AS input_tokens,
      sum(cache_read_tokens) AS cache_read_tokens,
      sum(${orNone('cache_write_5m_tokens')} + ${orNone('cache_write_1h_tokens')} + ${orNone('cache_write_other_tokens')})
        AS cache_write_tokens,
      sum(output_tokens + reasoning_tokens + ${orNone('output_audio_tokens')} + ${orNone('output_image_tokens')}) AS output_tokens,
      sum(reasoning_tokens) AS reasoning_tokens, sum(${orNone('searches')}) AS searches, sum(cost_nano) AS cost_nano
    FROM usage GROUP BY 1, 2, 3, 4
  ), kept AS (
    SELECT day, key_id, provider, model, requests, attempts, complete, partial, canceled, failed, interrupted, unpriced,
      unknown_usage, input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, searches, cost_nano
    FROM usage_daily
  )
  (SELECT 'rows' AS source, * FROM sums EXCEPT SELECT 'rows', * FROM kept)
  UNION ALL
  (SELECT 'kept', * FROM kept EXCEPT SELECT 'kept', * FROM sums)`
