import { expect, onTestFinished, test, vi } from 'vitest'
import { describeOnDatabases, type TestPostgres } from '../../e2e/kit/postgres.ts'
import { migrate } from '../store/migrate.ts'
import { ensureServerRole, SERVER_ROLE } from '../store/server-role.ts'
import { ensureUsageDays, insertUsage } from '../store/usage-insert.sql.ts'
import { intentOf, recordOf, testLog } from './attempts-test-kit.ts'
import { startRetention } from './retention.ts'
import { openSql, type Sql } from './sql.ts'

describeOnDatabases('retention of usage', (postgres) => {
  test('drops the days before those that are kept, whole, and leaves their sums', async () => {
    const sql = await ledgerOf(postgres, ['2025-10-20', '2025-10-21', '2025-10-22', '2025-11-21'])
    await dropped(sql, ['2025-10-20', '2025-10-21'])
    expect(await daysOf(sql)).toEqual(['20251022', '20251121'])
    const { rows } = await sql.control.query(
      'SELECT count(*)::integer AS records, sum(attempts)::integer AS sums FROM usage_daily',
    )
    expect(rows).toEqual([{ records: 4, sums: 4 }])
  })

  test('keeps everything when nothing is said', async () => {
    const sql = await ledgerOf(postgres, ['2020-01-01'])
    const asked = vi.fn<() => undefined>(() => undefined)
    const retention = startRetention({ pool: sql.control, keepDays: asked, clock, log: testLog(), everyMs: 1 })
    await vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(2))
    await retention.close()
    expect(await daysOf(sql)).toEqual(['20200101'])
  })

  test('while the ledger is in use it gives way: who writes goes on, and the day is dropped afterwards', async () => {
    const sql = await ledgerOf(postgres, ['2025-10-21', '2025-11-21'])
    const holder = sql.client({ statementMsMax: 10_000 })
    await holder.connect()
    onTestFinished(() => holder.end())
    await holder.query('BEGIN; LOCK TABLE usage IN ROW EXCLUSIVE MODE')
    const log = testLog()
    const options = { pool: sql.control, keepDays: () => 30, clock, log, pauseMs: 1, triesMax: 1_000 }
    const retention = startRetention(options)
    onTestFinished(() => retention.close())
    // Each of these would hang until the holder lets go, if a waiting drop did not give up.
    for (let at = 0; at < 10; at++) expect(await insertUsage(sql.ledger, [recordOf(intentOf())])).toBe(1)
    expect(await daysOf(sql)).toEqual(['20251021', '20251121'])
    await holder.query('ROLLBACK')
    await vi.waitFor(() => expect(log.lines).toMatchObject([{ fields: { day: '2025-10-21' } }]), WAIT)
    expect(await daysOf(sql)).toEqual(['20251121'])
  })

  test('several gateways at once drop each day once, and none of them fails', async () => {
    const days = Array.from({ length: 8 }, (_, at) => `2025-10-0${at + 1}`)
    const sql = await ledgerOf(postgres, days)
    await dropped(sql, days, 4)
    expect(await daysOf(sql)).toEqual([])
  })

  test('the role that serves cannot have a day of the last week dropped, whatever it asks', async () => {
    const sql = await ledgerOf(postgres, [])
    await sql.control.query(
      "SELECT usage_partition_ensure((now() AT TIME ZONE 'UTC')::date - ago) FROM generate_series(0, 9) AS ago",
    )
    const { rows } = await sql.control.query(
      "SELECT usage_partition_expire('2999-01-01') IS NULL AS none FROM generate_series(1, 12)",
    )
    expect(rows.filter(({ none }) => none === false)).toHaveLength(2)
    expect(await daysOf(sql)).toHaveLength(8)
  })
})

/** A database that is served as in production, with one record on each of these days. */
async function ledgerOf(postgres: TestPostgres, days: readonly string[]): Promise<Sql> {
  const url = await postgres.freshDatabase()
  const owner = openSql(url, { log: testLog() })
  await ensureServerRole(owner, { toSwitch: true })
  await migrate(owner)
  await owner.close()
  const sql = openSql(url, { log: testLog(), role: SERVER_ROLE })
  onTestFinished(() => sql.close())
  await ensureUsageDays(sql.ledger, days)
  await insertUsage(
    sql.ledger,
    days.map((day) => recordOf(intentOf({ at: Date.parse(day) }))),
  )
  return sql
}

const daysOf = async (sql: Sql): Promise<readonly string[]> => {
  const { rows } = await sql.control.query<{ day: string }>(
    "SELECT substr(inhrelid::regclass::text, 7) AS day FROM pg_inherits WHERE inhparent = 'usage'::regclass ORDER BY 1",
  )
  return rows.map(({ day }) => day)
}

/** Lets so many gateways, which keep thirty days, drop exactly these. */
async function dropped(sql: Sql, days: readonly string[], gateways = 1): Promise<void> {
  const log = testLog()
  const running = Array.from({ length: gateways }, () =>
    startRetention({ pool: sql.control, keepDays: () => 30, clock, log, everyMs: 5, pauseMs: 1 }),
  )
  await vi.waitFor(() => expect(log.lines.length).toBeGreaterThanOrEqual(days.length), WAIT)
  await Promise.all(running.map((retention) => retention.close()))
  expect(log.lines.every(({ level }) => level === 'info')).toBe(true)
  expect(log.lines.map(({ fields }) => String(fields['day'])).toSorted()).toEqual(days)
}

const clock = { now: () => Date.UTC(2025, 10, 21, 12) }
const WAIT = { timeout: 10_000 }
