import { EVERYTHING } from '../../core/rights.ts'
import { DEFAULT_OWNER, type Owner } from '../../core/owner.ts'
import fc from 'fast-check'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { describeOnDatabases, type TestPostgres } from '../../e2e/kit/postgres.ts'
import type { AttemptRecord } from '../../core/attempt.ts'
import { NO_USAGE } from '../../core/usage.ts'
import { intentOf, recordOf, testLog } from '../world/attempts-test-kit.ts'
import { EVERY_ORGANISATION, openSql, type Sql } from '../world/sql.ts'
import { migrate } from './migrate.ts'
import { type UsageRecordsQuery, usageRecords } from './usage.sql.ts'
import { type UsageGrouping, type UsageTotalsQuery, usageTotals } from './usage-totals.sql.ts'
import { ensureUsageDays, insertUsage } from './usage-insert.sql.ts'

describeOnDatabases('usage', (postgres) => {
  test('a record comes back as it was inserted, with what is unknown still unknown', async () => {
    const sql = await migrated(postgres)
    const usage = {
      ...NO_USAGE,
      input: 1,
      cacheRead: 2,
      cacheWrite5m: 3,
      cacheWrite1h: 4,
      cacheWriteOther: 5,
      inputAudio: 6,
    }
    const known = recordOf(intentOf({ at: at(21, 3) }), {
      usage: { ...usage, inputImage: 7, output: 8, reasoning: 9, outputAudio: 10, outputImage: 11, searches: 12 },
    })
    const unknown = recordOf(intentOf({ at: at(21, 2), stream: false, operation: 'embeddings', priceVersion: null }), {
      status: 'failed',
      reason: 'upstream_timeout',
      httpStatus: null,
      modelAnswered: null,
      usage: null,
      usageSource: null,
      serviceTier: null,
      wire: null,
      vendorWire: null,
      losses: null,
      replyId: null,
      costNano: null,
      pricing: 'unknown',
      firstByteUs: null,
    })
    expect(await insert(sql, [known, unknown])).toBe(2)
    const { records, next } = await listed(sql)
    expect(records).toEqual([known, unknown])
    expect(next).toBeNull()
  })

  test('a row takes at most 400 bytes', async () => {
    const sql = await migrated(postgres)
    const model = 'claude-sonnet-4-5-20250929'
    const intent = intentOf({
      keyId: 'k'.repeat(12),
      owner: { organisationId: 'o'.repeat(12), teamId: 't'.repeat(12), projectId: 'p'.repeat(12), userId: null },
      provider: 'anthropic',
      modelAsked: 'claude-sonnet',
      modelSent: model,
      priceVersion: `anthropic/${model}@2025-09-29#1f2e3d4c`,
    })
    const record = recordOf(intent, { modelAnswered: model, wire: 'anthropic', vendorWire: 'anthropic' })
    await insert(sql, [record])
    const { rows } = await sql.ledger.query('SELECT pg_column_size(usage) AS bytes FROM usage')
    expect(rows[0].bytes).toBeLessThanOrEqual(400)
    // Nothing is lost by it.
    const { records } = await listed(sql)
    expect(records).toEqual([record])
  })

  test('inserting again gives no new row and adds nothing to the sums, alone or mixed with new ones', async () => {
    const sql = await migrated(postgres)
    const [first, second] = [recordOf(intentOf()), recordOf(intentOf())]
    expect(await insert(sql, [first, first])).toBe(1)
    // The one that came first stays, whatever the second says.
    expect(await insert(sql, [{ ...first, status: 'interrupted', costNano: 9 }, second])).toBe(1)
    const { totals } = await totalsBy(sql, 'key')
    expect(totals).toMatchObject([{ attempts: 2, complete: 2, interrupted: 0, cost_nano: 2 * 1_234 }])
  })

  test('an end that stands twice in a batch is booked on its budget once, as the first says', async () => {
    const sql = await migrated(postgres)
    await sql.control.query(
      `INSERT INTO budgets (id, organisation_id, scope, subject_id, amount_nano, period, mode, thresholds, unpriced, created_at)
       VALUES ('b', $1, 'organisation', $1, 1000000, 'total', 'enforce', '{}', 'block', now())`,
      [DEFAULT_OWNER.organisationId],
    )
    const booked = (nano: number) => ({ bookings: [{ budgetId: 'b', stepMs: at(21, 0), nano }] })
    const [intent, other] = [intentOf(), intentOf()]
    const batch = [recordOf(intent, booked(1_000)), recordOf(other, booked(50)), recordOf(intent, booked(7_000))]
    expect(await insert(sql, batch)).toBe(2)
    const { rows } = await sql.ledger.query('SELECT spent_nano::integer AS spent FROM budget_spend')
    expect(rows).toEqual([{ spent: 1_050 }])
  })

  test('totals add up exactly by key, model, provider and day of the window', async () => {
    const sql = await migrated(postgres)
    await insert(sql, [
      recordOf(intentOf({ keyId: 'a', at: at(20, 23) }), { costNano: 100 }),
      recordOf(intentOf({ keyId: 'a', at: at(21, 0) }), { costNano: 200 }),
      recordOf(intentOf({ keyId: 'b', at: at(21, 1), modelSent: 'demo-large' }), { costNano: 5_000 }),
      recordOf(intentOf({ keyId: 'b', at: at(21, 1), attempt: 2, provider: 'other' }), {
        costNano: null,
        status: 'partial',
      }),
      recordOf(intentOf({ keyId: 'b', at: at(22, 1) }), { usage: null, costNano: null, status: 'canceled' }),
    ])
    const groups = async (by: UsageGrouping) =>
      (await totalsBy(sql, by)).totals.map(({ group, requests, attempts, cost_nano }) => [
        group,
        requests,
        attempts,
        cost_nano,
      ])
    expect(await groups('key')).toEqual([
      ['b', 1, 2, 5_000],
      ['a', 2, 2, 300],
    ])
    expect(await groups('model')).toEqual([
      ['demo-large', 1, 1, 5_000],
      ['demo-small', 2, 3, 300],
    ])
    expect(await groups('provider')).toEqual([
      ['demo', 3, 3, 5_300],
      ['other', 0, 1, 0],
    ])
    expect(await groups('day')).toEqual([
      ['2025-11-21', 2, 3, 5_200],
      ['2025-11-20', 1, 1, 100],
    ])
    const { totals } = await totalsBy(sql, 'day', { fromDay: '2025-11-21', toDay: '2025-11-22' })
    expect(totals).toMatchObject([
      { group: '2025-11-22', canceled: 1, unknown_usage: 1, unpriced: 1, input_tokens: 0, output_tokens: 0 },
      {
        group: '2025-11-21',
        partial: 1,
        unpriced: 1,
        input_tokens: 3 * 38,
        cache_read_tokens: 3 * 8,
        output_tokens: 3 * 17,
        reasoning_tokens: 15,
      },
    ])
  })

  test('whatever was used, the sums without the model and those without the key add up to the same', async () => {
    const sql = await migrated(postgres)
    const some = (name: string) => fc.constantFrom(`${name} 1`, `${name} 2`)
    const place = fc.option(some('place'))
    const record = fc.record({
      keyId: some('key'),
      provider: some('provider'),
      modelSent: some('model'),
      day: fc.integer({ min: 20, max: 21 }),
      attempt: fc.integer({ min: 1, max: 2 }),
      owner: fc.record({ organisationId: some('organisation'), teamId: place, projectId: place, userId: place }),
      status: fc.constantFrom('complete', 'partial', 'canceled', 'failed', 'interrupted'),
      costNano: fc.option(fc.nat()),
      searches: fc.nat(3),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 30 }), async (drawn) => {
        const records = drawn.map(({ day, status, costNano, searches, ...intent }) =>
          recordOf(intentOf({ ...intent, at: at(day, 3) }), {
            status,
            costNano,
            usage: { ...NO_USAGE, input: 1, searches },
          }),
        )
        await insert(sql, records)
        await insert(sql, records)
        for (const sums of [SUMS_OF_KEYS, SUMS_OF_MODELS]) {
          const { rows } = await sql.ledger.query(sums)
          expect(rows).toEqual([])
        }
      }),
      { numRuns: 8 },
    )
  })

  test('totals by project, team, user and organisation are of what is within reach', async () => {
    const sql = await migrated(postgres)
    await insert(sql, [
      recordOf(intentOf({ owner: ownedBy({ teamId: 't', projectId: 'p', userId: 'u' }) }), { costNano: 1 }),
      recordOf(intentOf({ owner: ownedBy({ teamId: 't', userId: 'v' }) }), { costNano: 20 }),
      recordOf(intentOf({ owner: ownedBy({ userId: 'u' }) }), { costNano: 300 }),
      recordOf(intentOf({ owner: { ...DEFAULT_OWNER, organisationId: 'other0000000' } }), { costNano: 4_000 }),
    ])
    const costs = async (by: UsageGrouping, query: Partial<UsageTotalsQuery> = {}) =>
      (await totalsBy(sql, by, query)).totals.map(({ group, cost_nano }) => [group, cost_nano])
    expect(await costs('project')).toEqual([
      ['', 4_320],
      ['p', 1],
    ])
    expect(await costs('user')).toEqual([
      ['', 4_000],
      ['u', 301],
      ['v', 20],
    ])
    expect(await costs('organisation')).toEqual([
      ['other0000000', 4_000],
      [DEFAULT_OWNER.organisationId, 321],
    ])
    const organisation = DEFAULT_OWNER.organisationId
    const reach = { kind: 'part', teams: ['t'], projects: [], userId: 'u' } as const
    expect(await costs('team', { organisation, reach: { ...reach, userId: null } })).toEqual([['t', 21]])
    expect(await costs('team', { organisation, reach: { ...reach, teams: [] } })).toEqual([
      ['', 300],
      ['t', 1],
    ])
    expect(await costs('team', { organisation, reach: { ...reach, teams: [], userId: null } })).toEqual([])
    // What is of the team and of the person counts once, by whatever it is asked.
    for (const by of ['key', 'model', 'provider', 'day', 'project', 'team', 'user', 'organisation'] as const) {
      const { totals } = await totalsBy(sql, by, { organisation, reach })
      expect([by, totals.reduce((sum, { cost_nano }) => sum + cost_nano, 0)]).toEqual([by, 321])
    }
  })

  test('totals are cut at the limit and say so', async () => {
    const sql = await migrated(postgres)
    await insert(
      sql,
      ['a', 'b', 'c'].map((keyId) => recordOf(intentOf({ keyId }))),
    )
    expect(await totalsBy(sql, 'key', { limit: 2 })).toMatchObject({
      totals: [{ group: 'a' }, { group: 'b' }],
      more: true,
    })
  })

  test("a vendor's absurd figures neither overflow nor stop the sums of a day", async () => {
    const sql = await migrated(postgres)
    const huge = Number.MAX_SAFE_INTEGER
    const usage = { ...NO_USAGE, input: huge, inputAudio: huge, inputImage: huge, output: huge, outputImage: huge }
    await insert(
      sql,
      Array.from({ length: 1_200 }, () => recordOf(intentOf(), { usage, costNano: huge })),
    )
    const { totals } = await totalsBy(sql, 'key')
    expect(totals[0]?.attempts).toBe(1_200)
    expect(totals[0]?.cost_nano).toBeCloseTo(1_200 * huge, -6)
  })

  test('pages run through every record once, newest first, also where many share a moment', async () => {
    const sql = await migrated(postgres)
    const all = Array.from({ length: 57 }, (_, index) => recordOf(intentOf({ at: at(20 + (index % 3), index % 4) })))
    await insert(sql, all)
    const seen: AttemptRecord[] = []
    let cursor: string | undefined
    do {
      const page = await listed(sql, { cursor })
      expect(page.records.length).toBeLessThanOrEqual(10)
      seen.push(...page.records)
      cursor = page.next ?? undefined
      // What arrives while somebody turns the pages does not move them.
      await insert(sql, [recordOf(intentOf({ at: at(23, 1) }))])
    } while (cursor !== undefined)
    expect(seen.map(({ at: moment }) => moment)).toEqual(seen.map(({ at: moment }) => moment).toSorted((a, b) => b - a))
    expect(seen.map(({ id }) => id).toSorted()).toEqual(all.map(({ id }) => id).toSorted())
  })

  test('a list can be narrowed to a key, provider, model or status, together or alone', async () => {
    const sql = await migrated(postgres)
    const records = [
      recordOf(intentOf({ keyId: 'a', at: at(21, 5), owner: ownedBy({ projectId: 'p' }) })),
      recordOf(intentOf({ keyId: 'a', at: at(21, 4), provider: 'other' }), { status: 'failed' }),
      recordOf(intentOf({ keyId: 'b', at: at(21, 3), modelSent: 'demo-large', modelAsked: 'big' }), {
        status: 'failed',
      }),
    ]
    await insert(sql, records)
    const found = async (query: Partial<UsageRecordsQuery>) =>
      (await listed(sql, query)).records.map(({ id }) => records.findIndex((record) => record.id === id))
    expect(await found({ keyId: 'a' })).toEqual([0, 1])
    expect(await found({ provider: 'other' })).toEqual([1])
    expect(await found({ model: 'demo-large' })).toEqual([2])
    expect(await found({ modelAsked: 'big' })).toEqual([2])
    expect(await found({ status: 'failed' })).toEqual([1, 2])
    expect(await found({ status: 'complete' })).toEqual([0])
    expect(await found({ status: 'incomplete' })).toEqual([1, 2])
    expect(await found({ status: 'failed', keyId: 'b' })).toEqual([2])
    expect(await found({ projectId: 'p' })).toEqual([0])
    expect(await found({ organisation: DEFAULT_OWNER.organisationId })).toEqual([0, 1, 2])
    expect(await found({ organisation: 'another00000' })).toEqual([])
    expect(await found({ from: at(21, 4), to: at(21, 5) })).toEqual([1])
    expect(await found({ keyId: "nobody' or true --" })).toEqual([])
  })

  test('a list never gives more than 500, whatever is asked', async () => {
    const sql = await migrated(postgres)
    await insert(
      sql,
      Array.from({ length: 510 }, () => recordOf(intentOf())),
    )
    expect((await listed(sql, { limit: 100_000 })).records).toHaveLength(500)
  })

  test('a search whose time is over gives what it found and how far it looked, and goes on there', async () => {
    const sql = await migrated(postgres)
    const all = Array.from({ length: 48 }, (_, hour) =>
      recordOf(intentOf({ at: at(20 + Math.floor(hour / 24), hour % 24) })),
    )
    const older = [recordOf(intentOf({ at: at(19, 23) })), recordOf(intentOf({ at: at(12, 3) }))]
    await insert(sql, [...all, ...older])
    const holder = sql.client({ statementMsMax: 10_000 })
    await holder.connect()
    onTestFinished(() => holder.end())
    await holder.query('BEGIN; LOCK TABLE usage_20251119')
    const query = { limit: 100, searchMsMax: 800, pieceMsMax: 60 }
    const first = await listed(sql, query)
    expect(first.searchedTo).toBeGreaterThanOrEqual(Date.UTC(2025, 10, 20))
    const looked = all.filter(({ at: moment }) => moment >= (first.searchedTo ?? 0))
    expect(looked.length).toBeGreaterThan(0)
    expect(idsOf(first.records)).toEqual(idsOf(looked))
    await holder.query('ROLLBACK')
    const second = await listed(sql, { ...query, cursor: first.next ?? '', searchMsMax: 10_000, pieceMsMax: 5_000 })
    expect(second).toMatchObject({ next: null, searchedTo: null })
    expect(idsOf([...first.records, ...second.records])).toEqual(idsOf([...all, ...older]))
  })

  test('a search without any time looks at nothing, says so, and is no error', async () => {
    const sql = await migrated(postgres)
    await insert(sql, [recordOf(intentOf())])
    const nothing = await listed(sql, { searchMsMax: 0 })
    expect(nothing).toMatchObject({ records: [], searchedTo: at(30, 0) })
    expect((await listed(sql, { cursor: nothing.next ?? '' })).records).toHaveLength(1)
  })

  test('a cursor of somebody else is refused with the field', async () => {
    const sql = await migrated(postgres)
    for (const cursor of ['', 'x', Buffer.from('1.2').toString('base64url')]) {
      await expect(listed(sql, { cursor })).rejects.toMatchObject({
        code: 'bad_request',
        field: 'cursor',
      })
    }
  })

  test('the partition of a day is made once by ten who ask at once, and holds exactly its UTC day', async () => {
    const sql = await migrated(postgres)
    const others = await Promise.all(
      Array.from({ length: 10 }, () => ensureUsageDays(sql.ledger, ['2025-03-30', '2025-03-31'])),
    )
    expect(others).toHaveLength(10)
    await sql.ledger.query("SET timezone = 'Asia/Tokyo'")
    const { rows } = await sql.ledger.query<{ name: string; bounds: string }>(
      "SELECT child.relname AS name, pg_get_expr(child.relpartbound, child.oid) AS bounds FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid WHERE inhparent = 'usage'::regclass ORDER BY 1",
    )
    expect(rows.map(({ name }) => name)).toEqual(['usage_20250330', 'usage_20250331'])
    const edges = [Date.UTC(2025, 2, 30), Date.UTC(2025, 2, 31) - 1, Date.UTC(2025, 2, 31), Date.UTC(2025, 3, 1) - 1]
    await insertUsage(
      sql.ledger,
      edges.map((moment) => recordOf(intentOf({ at: moment }))),
    )
    const counts = await sql.ledger.query(
      'SELECT tableoid::regclass::text AS name, count(*)::integer AS rows FROM usage GROUP BY 1 ORDER BY 1',
    )
    expect(counts.rows).toEqual([
      { name: 'usage_20250330', rows: 2 },
      { name: 'usage_20250331', rows: 2 },
    ])
  })

  test('a role that owns nothing can have a partition made, and nothing else of the kind', async () => {
    const { sql, url } = await database(postgres)
    const name = /\/(\w+)\?/.exec(url)?.[1] ?? ''
    const admin = new pg.Client({ connectionString: postgres.adminUrl.replace('/template1?', `/${name}?`) })
    await admin.connect()
    onTestFinished(() => admin.end())
    await admin.query(`CREATE ROLE nobody_${postgres.major}; SET ROLE nobody_${postgres.major}`)
    await admin.query("SELECT usage_partition_ensure('2025-01-01')")
    await expect(admin.query('CREATE TABLE usage_other (LIKE usage)')).rejects.toMatchObject({ code: '42501' })
    await insertUsage(sql.ledger, [recordOf(intentOf({ at: Date.UTC(2025, 0, 1) }))])
  })
})

const idsOf = (records: readonly AttemptRecord[]): readonly string[] => records.map(({ id }) => id).toSorted()

const ownedBy = (owner: Partial<Owner>): Owner => ({ ...DEFAULT_OWNER, ...owner })

/** The rows of a smaller table of sums that are not what the largest one adds up to, and the other way round. */
const unlike = (table: string, key: string): string => {
  const sums =
    'requests attempts complete partial canceled failed interrupted unpriced unknown_usage input_tokens searches cost_nano'.split(
      ' ',
    )
  const added = `SELECT ${key}, ${sums.map((sum) => `sum(${sum})`).join()} FROM usage_daily GROUP BY ${key}`
  const kept = `SELECT ${key}, ${sums.join()} FROM ${table}`
  return `(${added} EXCEPT ${kept}) UNION ALL (${kept} EXCEPT ${added})`
}
const SUMS_OF_KEYS = unlike('usage_daily_keys', 'day, organisation_id, key_id, team_id, project_id, user_id')
const SUMS_OF_MODELS = unlike('usage_daily_models', 'day, organisation_id, provider, model, team_id, project_id')

const migrated = async (postgres: TestPostgres): Promise<Sql> => (await database(postgres)).sql

/** An empty database with our schema. */
async function database(postgres: TestPostgres): Promise<{ readonly sql: Sql; readonly url: string }> {
  const url = await postgres.freshDatabase()
  const sql = openSql(url, { log: testLog() })
  onTestFinished(() => sql.close())
  await migrate(sql)
  return { sql, url }
}

async function insert(sql: Sql, records: readonly AttemptRecord[]): Promise<number> {
  const days = new Set(records.map(({ at: moment }) => new Date(moment).toISOString().slice(0, 10)))
  await ensureUsageDays(sql.ledger, [...days])
  return await insertUsage(sql.ledger, records)
}

const totalsBy = (sql: Sql, by: UsageGrouping, query: Partial<UsageTotalsQuery> = {}) =>
  sql.within(EVERY_ORGANISATION, (transaction) =>
    usageTotals(transaction, {
      by,
      fromDay: '2025-11-20',
      toDay: '2025-11-21',
      limit: 10,
      organisation: null,
      reach: EVERYTHING,
      ...query,
    }),
  )

const listed = (sql: Sql, query: Partial<UsageRecordsQuery> = {}) =>
  sql.within(EVERY_ORGANISATION, (transaction) =>
    usageRecords(transaction, {
      from: at(1, 0),
      to: at(30, 0),
      limit: 10,
      organisation: null,
      reach: EVERYTHING,
      ...query,
    }),
  )

/** A moment of November 2025, in UTC. */
const at = (day: number, hour: number): number => Date.UTC(2025, 10, day, hour, 30)
