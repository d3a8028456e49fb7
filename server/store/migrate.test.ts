import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Log } from '../../core/world.ts'
import { describeOnDatabases } from '../../e2e/kit/postgres.ts'
import { PostgresRefused } from '../world/postgres-refused.ts'
import { openSql, type Sql } from '../world/sql.ts'
import { migrate } from './migrate.ts'

const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

describeOnDatabases('migrate', (postgres) => {
  const now: { url: string; folder: string; sqls: Sql[] } = { url: '', folder: '', sqls: [] }
  const connect = () => {
    const sql = openSql(now.url, { log })
    now.sqls.push(sql)
    return sql
  }
  const file = (name: string, content: string) => writeFile(join(now.folder, name), content)
  const run = (sql: Sql) => migrate(sql, { folder: now.folder })
  const tables = async (sql: Sql) => {
    const { rows } = await sql.ledger.query<{ name: string }>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    )
    return rows.map((row) => row.name).toSorted()
  }

  beforeEach(async () => {
    now.url = await postgres.freshDatabase()
    now.folder = await mkdtemp(join(tmpdir(), 'sekisho-migrations-'))
    await file('0001-one.sql', 'CREATE TABLE one (id bigint);\nCREATE TABLE uno (id bigint);\n')
    await file('0002-two.sql', 'CREATE TABLE two (id bigint)')
  })
  afterEach(async () => {
    await Promise.all(now.sqls.splice(0).map((sql) => sql.close()))
    await rm(now.folder, { recursive: true, force: true })
  })

  test('the files run in order, each once, and later ones when they come', async () => {
    const sql = connect()
    expect(await run(sql)).toEqual({ applied: ['0001-one.sql', '0002-two.sql'] })
    expect(await run(sql)).toEqual({ applied: [] })
    await file('0003-three.sql', 'ALTER TABLE two ADD word text')
    expect(await run(sql)).toEqual({ applied: ['0003-three.sql'] })
    expect(await tables(sql)).toEqual(['one', 'sekisho_migrations', 'two', 'uno'])
  })

  test('our own migrations run from empty, and again without effect', async () => {
    const sql = connect()
    const { applied } = await migrate(sql)
    expect(applied).toEqual(applied.toSorted())
    expect(await migrate(sql)).toEqual({ applied: [] })
  })

  test('of several processes that start at once, one migrates and the others wait', async () => {
    const results = await Promise.all([connect(), connect(), connect()].map(run))
    expect(results.flatMap((result) => result.applied).toSorted()).toEqual(['0001-one.sql', '0002-two.sql'])
  })

  test('a file that fails leaves nothing of itself; those before it stay', async () => {
    const sql = connect()
    await file('0002-two.sql', 'CREATE TABLE two (id bigint); SELECT no_such_function();')
    await expect(run(sql)).rejects.toThrow('0002-two.sql failed')
    expect(await tables(sql)).toEqual(['one', 'sekisho_migrations', 'uno'])
    await file('0002-two.sql', 'CREATE TABLE two (id bigint)')
    expect(await run(sql)).toEqual({ applied: ['0002-two.sql'] })
  })

  test.each<[string, () => Promise<unknown>, string]>([
    ['was changed', () => file('0001-one.sql', 'CREATE TABLE one (id text)'), 'another 0001-one.sql'],
    ['is missing', () => rm(join(now.folder, '0001-one.sql')), 'which this program does not have'],
    ['is of a newer program', () => rm(join(now.folder, '0002-two.sql')), 'newer than this program'],
  ])('an applied migration that %s is an error', async (_, change, words) => {
    const sql = connect()
    await run(sql)
    await change()
    const refused = run(sql)
    await expect(refused).rejects.toBeInstanceOf(PostgresRefused)
    await expect(refused).rejects.toThrow(words)
  })

  test('a new file before one that has run is an error', async () => {
    const sql = connect()
    await rm(join(now.folder, '0001-one.sql'))
    await run(sql)
    await file('0001-one.sql', 'CREATE TABLE one (id bigint)')
    await expect(run(sql)).rejects.toThrow('comes before one that has already run')
  })

  test('other line ends are the same migration', async () => {
    const sql = connect()
    await run(sql)
    await file('0001-one.sql', 'CREATE TABLE one (id bigint);\r\nCREATE TABLE uno (id bigint);\r\n')
    expect(await run(sql)).toEqual({ applied: [] })
  })

  test.each([
    ['2-two.sql', 'SELECT 1', 'not called NNNN-name.sql'],
    ['0002-zwei.sql', 'SELECT 1', 'Two migrations'],
    ['0003-three.sql', 'CREATE TABLE three (id bigint);\nCOMMIT;', 'begins or ends a transaction'],
  ])('a file that cannot be right (%s) is refused before anything runs', async (name, content, words) => {
    const sql = connect()
    await file(name, content)
    await expect(run(sql)).rejects.toThrow(words)
    expect(await tables(sql)).toEqual([])
  })

  test('the wait for another process that migrates has an end, and can be cancelled', async () => {
    const sql = connect()
    const other = new pg.Client({ connectionString: now.url })
    await other.connect()
    try {
      await other.query('SELECT pg_advisory_lock(7354746)')
      await expect(migrate(sql, { folder: now.folder, lockMsMax: 100 })).rejects.toThrow('for too long')
      const cancelled = new AbortController()
      const waiting = migrate(sql, { folder: now.folder, signal: cancelled.signal })
      cancelled.abort(new Error('enough'))
      await expect(waiting).rejects.toThrow()
      expect(await tables(sql)).toEqual([])
    } finally {
      await other.end()
    }
  })
})
