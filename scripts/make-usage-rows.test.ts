import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { describeOnDatabases } from '../e2e/kit/postgres.ts'
import { ensureServerRole } from '../server/store/server-role.ts'
import { migrate } from '../server/store/migrate.ts'
import { testLog } from '../server/world/attempts-test-kit.ts'
import { openSql } from '../server/world/sql.ts'
import { makeUsageRows } from './make-usage-rows.ts'

describeOnDatabases('made-up usage', (postgres) => {
  test('twenty thousand rows are spread over the days, of many keys and models, and the daily sums are theirs', async () => {
    const url = await postgres.freshDatabase()
    const sql = openSql(url, { log: testLog() })
    onTestFinished(() => sql.close())
    await ensureServerRole(sql, { toSwitch: true })
    await migrate(sql)
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    onTestFinished(() => client.end())
    const told: number[] = []
    const plan = { rows: 20_000, days: 3, lastDay: '2025-11-21', progress: (rows: number) => void told.push(rows) }
    await makeUsageRows(client, plan)
    expect(told).toEqual([6_666, 13_333, 20_000])
    const { rows } = await client.query(`
      SELECT count(*)::integer AS rows, count(DISTINCT organisation_id)::integer AS organisations,
        count(DISTINCT project_id)::integer AS projects, count(DISTINCT key_id) > 3000 AS "manyKeys",
        count(DISTINCT provider)::integer AS providers, count(DISTINCT model_sent)::integer AS models,
        round(100.0 * count(*) FILTER (WHERE status = 'complete') / count(*))::integer AS complete,
        min(at)::date::text AS first, max(at)::date::text AS last, avg(pg_column_size(usage)) <= 400 AS narrow
      FROM usage`)
    expect(rows).toEqual([
      {
        rows: 20_000,
        organisations: 3,
        projects: 20,
        manyKeys: true,
        providers: 12,
        models: 60,
        complete: 97,
        first: '2025-11-19',
        last: '2025-11-21',
        narrow: true,
      },
    ])
    // Once more into the same days, through the partitions that are there.
    await makeUsageRows(client, { ...plan, rows: 300 })
    const sums = await client.query(
      'SELECT (SELECT sum(attempts) FROM usage_daily)::integer AS summed, (SELECT count(*) FROM usage)::integer AS counted',
    )
    expect(sums.rows).toEqual([{ summed: 20_300, counted: 20_300 }])
  })
})
