import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from 'pg'
import { PostgresRefused } from '../world/postgres-refused.ts'
import type { Sql } from '../world/sql.ts'

export interface MigrateOptions {
  /** Holds the files `NNNN-name.sql`; ours unless a test says otherwise. */
  readonly folder?: string
  readonly signal?: AbortSignal | undefined
  /** How long another process may hold the lock (milliseconds). */
  readonly lockMsMax?: number
}

/**
 * Brings the schema to what this program needs: forward only, each file in a transaction of its own together with the line that
 * records it, one process at a time. Afterwards the schema is exactly what the files say, or this throws: PostgresRefused when the
 * database is newer than the program, or was migrated with other files; the database's own error when a statement fails.
 */
export async function migrate(sql: Sql, options: MigrateOptions = {}): Promise<{ applied: string[] }> {
  const files = await readMigrations(options.folder ?? join(import.meta.dirname, 'migrations'))
  const client = sql.client({ statementMsMax })
  try {
    await client.connect()
    await takeAdvisoryLock(client, { msMax: options.lockMsMax ?? lockMsMax, signal: options.signal })
    await client.query(BOOKKEEPING)
    const { rows } = await client.query<Applied>(
      'SELECT number, name, checksum FROM sekisho_migrations ORDER BY number',
    )
    const applied: string[] = []
    for (const file of pending(files, rows)) {
      options.signal?.throwIfAborted()
      await apply(client, file)
      applied.push(file.name)
    }
    return { applied }
  } finally {
    // The lock is the session's, and goes with it.
    await client.end().catch(() => undefined)
  }
}

interface Applied {
  readonly number: number
  readonly name: string
  readonly checksum: string
}

interface Migration extends Applied {
  readonly text: string
}

/** The files in order; a name that does not fit is an error, because it would silently never run. */
async function readMigrations(folder: string): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted()
  const files = await Promise.all(
    names.map(async (name) => readMigration(name, await readFile(join(folder, name), 'utf8'))),
  )
  const twice = files.find((file, index) => file.number === files[index - 1]?.number)
  if (twice !== undefined) throw new PostgresRefused(`Two migrations have the number of ${twice.name}.`)
  return files
}

function readMigration(name: string, raw: string): Migration {
  const number = Number(/^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1])
  if (!(number > 0)) throw new PostgresRefused(`The migration ${name} is not called NNNN-name.sql.`)
  // A checkout with other line ends is the same migration.
  const text = raw.replaceAll('\r\n', '\n')
  if (OWN_TRANSACTION.test(text))
    throw new PostgresRefused(`The migration ${name} begins or ends a transaction; each already runs in one.`)
  return { number, name, checksum: createHash('sha256').update(text).digest('hex'), text }
}

/** What is still to run, once everything that did run is known to be what the files say. */
function pending(files: readonly Migration[], applied: readonly Applied[]): readonly Migration[] {
  const newest = files.at(-1)?.number ?? 0
  for (const row of applied) {
    const file = files.find(({ number }) => number === row.number)
    if (row.number > newest) {
      throw new PostgresRefused(
        `The database is newer than this program: it has ${row.name}. Start the version of Sekisho that made it, or a newer one.`,
      )
    }
    if (file === undefined)
      throw new PostgresRefused(`The database was migrated with ${row.name}, which this program does not have.`)
    if (file.name !== row.name || file.checksum !== row.checksum) {
      throw new PostgresRefused(
        `The database was migrated with another ${row.name} than this program has (${file.name}). A migration never changes once it has run.`,
      )
    }
  }
  const last = applied.at(-1)?.number ?? 0
  const rest = files.filter(({ number }) => !applied.some((row) => row.number === number))
  const late = rest.find(({ number }) => number < last)
  if (late !== undefined)
    throw new PostgresRefused(
      `The migration ${late.name} comes before one that has already run. Give it a later number.`,
    )
  return rest
}

async function apply(client: Client, file: Migration): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query(file.text)
    await client.query('INSERT INTO sekisho_migrations (number, name, checksum) VALUES ($1, $2, $3)', [
      file.number,
      file.name,
      file.checksum,
    ])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw new Error(`the migration ${file.name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** Asked again and again instead of waited for, so that the wait ends when we say so. */
async function takeAdvisoryLock(
  client: Client,
  limits: { readonly msMax: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const limit = AbortSignal.timeout(limits.msMax)
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [LOCK])
    if (rows[0]?.taken === true) return
    if (limit.aborted)
      throw new PostgresRefused(
        'Another process has been migrating the database for too long. Start again when it has ended.',
      )
    await wait(lockStepMs, undefined, { signal: limits.signal })
  }
}

const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS sekisho_migrations (
  number integer PRIMARY KEY,
  name text NOT NULL,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
)`
/** Any number that nobody else uses in this database: "sekisho" in letters of a telephone. */
const LOCK = 7_354_746
const OWN_TRANSACTION = /^\s*(begin|start\s+transaction|commit|rollback)\s*;/im
const statementMsMax = 600_000
const lockMsMax = 60_000
const lockStepMs = 50
