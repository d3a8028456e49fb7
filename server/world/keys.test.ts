import { DEFAULT_OWNER } from '../../core/owner.ts'
import { afterEach, expect, test } from 'vitest'
import type { Log } from '../../core/world.ts'
import { describeOnDatabases } from '../../e2e/kit/postgres.ts'
import { waitUntil } from '../../e2e/kit/wait.ts'
import { insertKey, revokeKey, rotateSecret } from '../store/keys.sql.ts'
import { migrate } from '../store/migrate.ts'
import { openKeyRing } from './keys.ts'
import { openSql, type Sql } from './sql.ts'

describeOnDatabases('the key ring', (postgres) => {
  const closing: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })
  const openDatabase = async (url?: string) => {
    const sql = openSql(url ?? (await postgres.freshDatabase()), { log })
    closing.push(() => sql.close())
    await sql.whenUp({ timeoutMs: 10_000 })
    await migrate(sql)
    return sql
  }
  const openRing = async (sql: Pick<Sql, 'control' | 'listen'>, pollMs = 2_000) => {
    const ring = await openKeyRing(sql, { clock, log, pollMs })
    closing.push(() => ring.close())
    return ring
  }

  test('hears of a new, a rotated and a revoked key without being asked, and keeps the identity of what did not change', async () => {
    const url = await postgres.freshDatabase()
    const here = await openDatabase(url)
    const elsewhere = await openDatabase(url)
    // A poll that never comes: only notifications are left.
    const ring = await openRing(here, 3_600_000)
    await insertKey(await elsewhere.queries(), key('one'))
    await insertKey(await elsewhere.queries(), key('two'))
    const one = await waitUntil('the first key', () => ring.find('hash of one'))
    const two = await waitUntil('the second key', () => ring.find('hash of two'))
    expect(one).toEqual({
      id: 'one',
      name: 'key one',
      models: ['demo/*'],
      expiresAt: null,
      revokedAt: null,
      lossy: null,
      owner: DEFAULT_OWNER,
      ownerMayUse: true,
      deniedModels: [],
      operations: null,
      routes: null,
      ipRanges: null,
    })
    expect(Object.isFrozen(one)).toBe(true)

    const earlierEndAt = new Date(Date.now() + 3_600_000)
    await rotateSecret(await elsewhere.queries(), { id: 'one', hash: 'new hash of one', now: new Date(), earlierEndAt })
    await waitUntil('the rotation', () => ring.find('new hash of one'))
    expect(ring.find('hash of one')?.expiresAt).toBe(earlierEndAt.getTime())

    await revokeKey(await elsewhere.queries(), { id: 'one', now: new Date() })
    await waitUntil('the revocation', () => ring.find('new hash of one')?.revokedAt)
    expect(ring.find('hash of one')?.revokedAt).not.toBeNull()
    expect(ring.find('hash of two')).toBe(two)
    expect(ring.size()).toBe(3)
  })

  test('finds changes by looking when no notification arrives, also those that commit later than they began', async () => {
    const sql = await openDatabase()
    const ring = await openRing({ control: sql.control, listen: () => ({ stop: () => undefined }) }, 20)
    const slow = await (await sql.queries()).startTransaction().execute()
    await insertKey(slow, key('slow'))
    await insertKey(await sql.queries(), key('quick'))
    await waitUntil('the quick key', () => ring.find('hash of quick'))
    expect(ring.find('hash of slow')).toBeUndefined()
    await ring.refresh()
    await slow.commit().execute()
    await waitUntil('the slow key', () => ring.find('hash of slow'))
  })

  test('a refresh sees what was committed before it was asked for, even while another look is running', async () => {
    const sql = await openDatabase()
    const ring = await openRing(sql)
    for (let at = 0; at < 20; at++) {
      const running = ring.refresh()
      await insertKey(await sql.queries(), key(`key${at}`))
      await Promise.all([running, ring.refresh()])
      expect(ring.find(`hash of key${at}`)).toBeDefined()
    }
  })

  test('answers from memory while the database is away, says how old it is, and catches up when it is back', async () => {
    const sql = await openDatabase()
    await insertKey(await sql.queries(), key('one'))
    const ring = await openRing(sql, 50)
    const before = ring.find('hash of one')
    expect(before).toBeDefined()
    await postgres.stop()
    try {
      const later = ring.ageMs() + 300
      await waitUntil('the age to grow', () => ring.ageMs() > later)
      await expect(ring.refresh()).rejects.toThrow()
      expect(ring.find('hash of one')).toBe(before)
    } finally {
      await postgres.start()
    }
    await waitUntil('a fresh look', () => ring.ageMs() < 200)
    await revokeKey(await sql.queries(), { id: 'one', now: new Date() })
    await waitUntil('the revocation', () => ring.find('hash of one')?.revokedAt)
  })

  test('ten thousand keys are there after one look, and a key that ended long ago is not', async () => {
    const sql = await openDatabase()
    await insertMany(sql, 10_000)
    await insertKey(await sql.queries(), { ...key('old'), expires_at: new Date(Date.now() - 31 * 86_400_000) })
    await insertKey(await sql.queries(), { ...key('expired'), expires_at: new Date(Date.now() - 1_000) })
    const ring = await openRing(sql)
    expect(ring.size()).toBe(10_001)
    expect(ring.find('hash 9999')?.id).toBe('id 9999')
    expect(ring.find('hash of expired')?.expiresAt).toBeLessThan(Date.now())
    expect(ring.find('hash of old')).toBeUndefined()
  })
})

const key = (id: string) => ({
  id,
  name: `key ${id}`,
  hash: `hash of ${id}`,
  models: ['demo/*'],
  created_at: new Date(),
  created_by: null,
  expires_at: null,
  lossy: null,
  owner: DEFAULT_OWNER,
})

async function insertMany(sql: Sql, count: number): Promise<void> {
  await sql.control.query(
    "insert into keys (id, name, organisation_id, created_at) select 'id ' || n, 'key', 'default00000', now() from generate_series(1, $1::int) as n",
    [count],
  )
  await sql.control.query(
    "insert into key_secrets (hash, key_id, created_at) select 'hash ' || n, 'id ' || n, now() from generate_series(1, $1::int) as n",
    [count],
  )
}

const clock = { now: () => Date.now(), monotonic: () => performance.now() }
const silent = () => undefined
const log: Log = { debug: silent, info: silent, warn: silent, error: silent }
