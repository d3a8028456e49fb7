import type { Log } from '../core/world.ts'
import { migrate } from './store/migrate.ts'
import type { Teardown } from './teardown.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './world/postgres-embedded.ts'
import { openSql, type Sql } from './world/sql.ts'

export interface DatabasePlace {
  readonly dataDir: string
  /** An outside PostgreSQL, or `undefined` for the embedded one. */
  readonly url: string | undefined
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
  { dataDir, url, log, signal }: DatabasePlace,
  teardown: Teardown,
): Promise<Database> {
  const postgres = url === undefined ? await startEmbeddedPostgres({ dataDir, log, signal }) : undefined
  if (postgres !== undefined) teardown.add(() => postgres.stop())
  const sql = openSql(postgres?.connection ?? url ?? '', { log })
  teardown.add(() => sql.close())
  await sql.whenUp({ timeoutMs: postgres === undefined ? FOR_EVER_MS : EMBEDDED_WAIT_MS, signal })
  const { applied } = await migrate(sql, { signal })
  if (applied.length > 0) log.info({ migrations: applied.join(', ') }, 'the database schema was brought up to date')
  return { sql, postgres }
}

const EMBEDDED_WAIT_MS = 60_000
/** The longest that a timer takes: more than three weeks. */
const FOR_EVER_MS = 2_147_483_647
