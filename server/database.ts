import type { Log } from '../core/world.ts'
import { migrate } from './store/migrate.ts'
import { ensureServerRole, refuseOwner, SERVER_ROLE } from './store/server-role.ts'
import type { Teardown } from './teardown.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './world/postgres-embedded.ts'
import { openSql, type Sql } from './world/sql.ts'
import type { SqlConnection } from './world/sql-connection.ts'

export interface DatabasePlace {
  readonly dataDir: string
  /** An outside PostgreSQL, or `undefined` for the embedded one. */
  readonly url: string | undefined
  /** The role that owns its tables, where the one of `url` is another. */
  readonly ownerUrl: string | undefined
  readonly log: Log
  readonly signal: AbortSignal
}

export interface Database {
  readonly sql: Sql
  /** `undefined` when it is the operator's own. */
  readonly postgres: EmbeddedPostgres | undefined
}

/**
 * The database with its schema as this program needs it: our own as a child, or the operator's, for which we wait as long as it
 * takes, because an orchestrator that restarts us would not bring it back.
 */
export async function openDatabase(
  { dataDir, url, ownerUrl, log, signal }: DatabasePlace,
  teardown: Teardown,
): Promise<Database> {
  const postgres = url === undefined ? await startEmbeddedPostgres({ dataDir, log, signal }) : undefined
  if (postgres !== undefined) teardown.add(() => postgres.stop())
  const wait = { timeoutMs: postgres === undefined ? FOR_EVER_MS : EMBEDDED_WAIT_MS, signal }
  const serving = postgres?.connection ?? url ?? ''
  const owner = postgres?.owner ?? ownerUrl
  await bringUpToDate(owner ?? serving, { log, signal, wait, toSwitch: owner === undefined })
  const sql = openSql(serving, { log, role: owner === undefined ? SERVER_ROLE : undefined })
  teardown.add(() => sql.close())
  await sql.whenUp(wait)
  await refuseOwner(sql)
  return { sql, postgres }
}

interface BringUp {
  readonly log: Log
  readonly signal: AbortSignal
  readonly wait: Parameters<Sql['whenUp']>[0]
  /** Whether the role that owns the tables also logs in to serve, as somebody else then. */
  readonly toSwitch: boolean
}

/** What only the owner of the tables may do, over connections that are closed again before anything is served. */
async function bringUpToDate(where: string | SqlConnection, { log, signal, wait, toSwitch }: BringUp): Promise<void> {
  const sql = openSql(where, { log })
  try {
    await sql.whenUp(wait)
    await ensureServerRole(sql, { toSwitch })
    const { applied } = await migrate(sql, { signal })
    if (applied.length > 0) log.info({ migrations: applied.join(', ') }, 'the database schema was brought up to date')
  } finally {
    await sql.close()
  }
}

const EMBEDDED_WAIT_MS = 60_000
/** The longest that a timer takes: more than three weeks. */
const FOR_EVER_MS = 2_147_483_647
