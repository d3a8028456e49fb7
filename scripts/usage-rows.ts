/**
 * `npm run usage-rows -- --rows 10000000 --url postgres://...`: fills a ledger with made-up rows, to measure on or to look at. The role of
 * the URL owns the tables; a database without our schema gets it. `--days` says over how many days up to yesterday (60).
 */
import { parseArgs } from 'node:util'
import pg from 'pg'
import { migrate } from '../server/store/migrate.ts'
import { ensureServerRole } from '../server/store/server-role.ts'
import { openSql } from '../server/world/sql.ts'
import { makeUsageRows } from './make-usage-rows.ts'

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    days: { type: 'string', default: '60' },
    url: { type: 'string' },
  },
})
const [rows, days] = [Number(values.rows), Number(values.days)]
if (values.url === undefined || !(rows > 0) || !(days > 0)) {
  console.error('npm run usage-rows -- --url postgres://owner@host/database [--rows 1000000] [--days 60]')
  process.exit(1)
}

const quiet = () => undefined
const sql = openSql(values.url, { log: { debug: quiet, info: quiet, warn: quiet, error: quiet } })
await sql.whenUp({ timeoutMs: 10_000 })
await ensureServerRole(sql, { toSwitch: true })
await migrate(sql)
await sql.close()

const client = new pg.Client({ connectionString: values.url })
await client.connect()
const begunAt = performance.now()
const seconds = () => (performance.now() - begunAt) / 1_000
const lastDay = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
const progress = (made: number) => console.log(`${made} rows, ${seconds().toFixed(1)} s`)
await makeUsageRows(client, { rows, days, lastDay, progress })
await client.end()
console.log(`${(seconds() / (rows / 1_000_000)).toFixed(1)} s per million; the daily sums are those of the rows`)
