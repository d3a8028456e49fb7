import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeOnDatabases, type TestPostgres } from '../../e2e/kit/postgres.ts'
import { testLog } from '../world/attempts-test-kit.ts'
import { openSql, type Sql } from '../world/sql.ts'
import { migrate } from './migrate.ts'
import { ensureServerRole, refuseOwner, SERVER_ROLE } from './server-role.ts'

/** Tables that are of no organisation, with the reason. Every other one must show nothing without one. */
const OF_NO_ORGANISATION: { readonly [table: string]: string } = {
  sekisho_migrations: 'the owner alone may read it',
}

describeOnDatabases('the wall between organisations', (postgres: TestPostgres) => {
  const made: { sql?: Sql; url?: string } = {}
  const sql = (): Sql => {
    if (made.sql === undefined) throw new Error('not opened')
    return made.sql
  }
  beforeAll(async () => {
    made.url = await postgres.freshDatabase()
    const owner = openSql(made.url, { log: testLog() })
    await ensureServerRole(owner, { toSwitch: true })
    await migrate(owner)
    await owner.close()
    made.sql = openSql(made.url, { log: testLog(), role: SERVER_ROLE })
    await sql().control.query(SEED)
  })
  afterAll(() => made.sql?.close())

  const tables = async (): Promise<readonly string[]> => {
    const { rows } = await sql().control.query<{ name: string }>(
      "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition",
    )
    return rows.map(({ name }) => name).filter((name) => !Object.hasOwn(OF_NO_ORGANISATION, name))
  }
  const count = async (pool: Pick<pg.Pool, 'query'>, table: string): Promise<number> =>
    (await pool.query<{ count: number }>(`SELECT count(*)::integer AS count FROM ${table}`)).rows[0]?.count ?? -1

  test('without an organisation every table shows nothing, and with all of them everything', async () => {
    for (const table of await tables()) {
      expect([table, await count(sql().tenants, table)]).toEqual([table, 0])
      expect([table, await count(sql().control, table)]).toEqual([table, expect.toSatisfy((rows: number) => rows > 0)])
    }
  })

  test('an organisation sees its own rows only, and can neither change nor add any of another', async () => {
    await sql().within('alpha0000000', async (transaction) => {
      const keys = await transaction.selectFrom('keys').select('id').execute()
      expect(keys).toEqual([{ id: 'key of alpha' }])
      expect(await transaction.selectFrom('key_secrets').select('hash').execute()).toEqual([{ hash: 'hash of alpha' }])
      expect(await transaction.selectFrom('users').select('id').execute()).toEqual([{ id: 'user of alpha' }])
      const changed = await transaction
        .updateTable('keys')
        .set({ revoked_at: new Date() })
        .where('id', '=', 'key of beta')
        .executeTakeFirst()
      expect(Number(changed.numUpdatedRows)).toBe(0)
    })
    const moved = sql().within('alpha0000000', (transaction) =>
      transaction
        .updateTable('keys')
        .set({ organisation_id: 'beta00000000' })
        .where('id', '=', 'key of alpha')
        .execute(),
    )
    await expect(moved).rejects.toMatchObject({ code: '42501' })
    expect(await count(sql().control, 'keys')).toBe(2)
  })

  test('what one transaction sees is forgotten with it', async () => {
    await sql().within('alpha0000000', async () => undefined)
    for (let at = 0; at < 5; at++) expect(await count(sql().tenants, 'keys')).toBe(0)
  })

  test('who serves owns nothing, may not change a table, and cannot change or delete a line of the audit log', async () => {
    await expect(refuseOwner(sql())).resolves.toBeUndefined()
    for (const statement of [
      'ALTER TABLE keys DISABLE ROW LEVEL SECURITY',
      'DROP POLICY tenant ON keys',
      'DELETE FROM keys',
      'DELETE FROM usage',
      "UPDATE audit SET outcome = 'x'",
      'DELETE FROM audit',
      'TRUNCATE audit',
      'CREATE TABLE mine (x int)',
      'SELECT * FROM sekisho_migrations',
    ])
      await expect(sql().control.query(statement), statement).rejects.toMatchObject({ code: '42501' })
  })

  test('every table forces its policy on its owner too', async () => {
    const { rows } = await sql().control.query<{ relname: string }>(
      "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND NOT relforcerowsecurity",
    )
    expect(rows.map(({ relname }) => relname)).toEqual(Object.keys(OF_NO_ORGANISATION))
  })

  test('a role that owns the tables is not served with', async () => {
    const owner = openSql(made.url ?? '', { log: testLog() })
    try {
      await expect(refuseOwner(owner)).rejects.toThrow(/SEKISHO_DATABASE_OWNER_URL/)
    } finally {
      await owner.close()
    }
  })

  test('a role that may neither make nor become the one that serves is told what to run', async () => {
    const admin = new pg.Client({ connectionString: postgres.adminUrl })
    await admin.connect()
    await admin.query('CREATE ROLE modest LOGIN')
    await admin.end()
    const modest = openSql((made.url ?? '').replace('//sekisho@', '//modest@'), { log: testLog() })
    try {
      await expect(ensureServerRole(modest, { toSwitch: true })).rejects.toThrow(
        /CREATE ROLE sekisho_server; GRANT sekisho_server TO/,
      )
    } finally {
      await modest.close()
    }
  })
})

const SEED = `
  INSERT INTO organisations (id, name, created_at) VALUES ('alpha0000000', 'Alpha', now()), ('beta00000000', 'Beta', now());
  INSERT INTO setup_tokens VALUES ('hash', now());
  INSERT INTO users (id, name, created_at) VALUES ('user of alpha', 'Ada', now()), ('user of beta', 'Bob', now());
  INSERT INTO teams (id, organisation_id, name, created_at)
    VALUES ('team of alpha', 'alpha0000000', 'Team', now()), ('team of beta', 'beta00000000', 'Team', now());
  INSERT INTO projects (id, organisation_id, name, created_at)
    VALUES ('project of alpha', 'alpha0000000', 'Project', now()), ('project of beta', 'beta00000000', 'Project', now());
  INSERT INTO service_accounts (id, organisation_id, name, created_at) VALUES ('robot of alpha', 'alpha0000000', 'Robot', now());
  INSERT INTO service_tokens (id, hash, user_id, created_at) VALUES ('token', 'hash', 'user of alpha', now());
  INSERT INTO memberships (id, organisation_id, user_id, role, created_at)
    VALUES ('1', 'alpha0000000', 'user of alpha', 'owner', now()), ('2', 'beta00000000', 'user of beta', 'owner', now());
  INSERT INTO keys (id, organisation_id, name, created_at)
    VALUES ('key of alpha', 'alpha0000000', 'key', now()), ('key of beta', 'beta00000000', 'key', now());
  INSERT INTO key_secrets (hash, key_id, created_at)
    VALUES ('hash of alpha', 'key of alpha', now()), ('hash of beta', 'key of beta', now());
  INSERT INTO plans (id, organisation_id, name, created_at) VALUES ('plan of alpha', 'alpha0000000', 'free', now());
  INSERT INTO limits (id, organisation_id, scope, subject_id, measure, max, per, created_at)
    VALUES ('limit of alpha', 'alpha0000000', 'plan', 'plan of alpha', 'requests', 1, 'day', now());
  INSERT INTO budgets (id, organisation_id, scope, subject_id, amount_nano, period, mode, thresholds, unpriced, created_at)
    VALUES ('budget of alpha', 'alpha0000000', 'key', 'key of alpha', 1, 'total', 'enforce', '{}', 'block', now());
  INSERT INTO budget_spend VALUES ('budget of alpha', now(), 1);
  INSERT INTO given_plans VALUES ('alpha0000000', 'key', 'key of alpha', 'plan of alpha', now());
  INSERT INTO idempotency (key_id, key_hash, organisation_id, fingerprint, request_id, state, created_at, leased_until)
    VALUES ('key of alpha', 'hash', 'alpha0000000', 'print', gen_random_uuid(), 'gone', now(), now());
  INSERT INTO audit (at, organisation_id, action, outcome, request_id, input) VALUES (now(), 'alpha0000000', 'x', 'done', 'r', '{}');
  SELECT usage_partition_ensure('2026-11-21');
  INSERT INTO usage (at, id, organisation_id, input_estimate_tokens, queue_us, gateway_us, total_us, attempt, stream, priced,
    request_id, key_id, operation, provider, model_asked, model_sent, status)
    VALUES ('2026-11-21T10:00:00Z', gen_random_uuid(), 'alpha0000000', 1, 1, 1, 1, 1, false, true, 'r', 'key of alpha', 'chat', 'p', 'm', 'm', 'complete');
  INSERT INTO usage_daily VALUES ('2026-11-21', 'key of alpha', 'p', 'm', 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 'alpha0000000');
  INSERT INTO usage_daily_keys VALUES ('2026-11-21', 'key of alpha', 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 'alpha0000000', '', '', '');
  INSERT INTO usage_daily_models VALUES ('2026-11-21', 'p', 'm', 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 'alpha0000000', '', '');
`
