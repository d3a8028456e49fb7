import { DEFAULT_OWNER } from '../../core/owner.ts'
import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { NO_USAGE } from '../../core/usage.ts'
import { ensureUsageDays, insertUsage } from '../../server/store/usage-insert.sql.ts'
import { withPostgres } from './postgres.ts'
import { readUsageRows, type UsageRow } from './usage-rows.ts'

const postgres = withPostgres()

const record: UsageRow = {
  id: '01890000-0000-7000-8000-000000000001',
  requestId: 'r1',
  attempt: 1,
  at: Date.UTC(2026, 0, 2, 3),
  keyId: 'k',
  owner: DEFAULT_OWNER,
  operation: 'chat',
  stream: true,
  modelAsked: 'a',
  provider: 'p',
  modelSent: 'm',
  priceVersion: 'v',
  inputEstimate: 4,
  budgets: [],
  bookings: [],
  status: 'complete',
  reason: null,
  httpStatus: 200,
  modelAnswered: 'm',
  usage: { ...NO_USAGE, input: 11, cacheRead: 5, output: 7, reasoning: 2 },
  usageSource: 'vendor',
  serviceTier: 'default',
  wire: null,
  vendorWire: null,
  losses: null,
  replyId: null,
  costNano: 2 ** 40,
  pricing: 'known',
  queueUs: 1,
  gatewayUs: 2,
  firstByteUs: 3,
  totalUs: 4,
}
const failed: UsageRow = {
  ...record,
  id: '01890000-0000-7000-8000-000000000002',
  at: record.at + 1,
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
  priceVersion: null,
  costNano: null,
  pricing: 'unknown',
  firstByteUs: null,
}

test('rows are read as they were written, oldest first', async () => {
  const connectionString = await postgres.freshDatabase()
  const pool = new pg.Pool({ connectionString })
  const migrations = new URL('../../server/store/migrations/', import.meta.url)
  for (const name of (await readdir(migrations)).sort())
    if (name.endsWith('.sql')) await pool.query(await readFile(new URL(name, migrations), 'utf8'))
  expect(await readUsageRows({ connectionString })).toEqual([])
  await ensureUsageDays(pool, ['2026-01-02'])
  await insertUsage(pool, [failed, record])
  await pool.end()
  expect(await readUsageRows({ connectionString })).toEqual([record, failed])
})

test('a database that is not there is an error', async () => {
  await expect(readUsageRows({ connectionString: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toThrow(
    'ECONNREFUSED',
  )
})
