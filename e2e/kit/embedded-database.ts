import { join } from 'node:path'
import type { ClientConfig } from 'pg'
import { DATABASE, readPassword, ROLE } from '../../server/world/postgres-data.ts'
import { placeFor, socketFolder } from '../../server/world/postgres-place.ts'
import { findPostmaster, stopPostmaster } from '../../server/world/postgres-postmaster.ts'

/** What lets a session see the rows of every organisation. */
export const ALL_ORGANISATIONS = '-c sekisho.organisation=*'

/** Where root's gateway puts what cannot stay in its data folder; a test's folder can be reached, so nothing goes there. */
const SYSTEM_FOLDER = '/var/lib/sekisho'

/** How a test gets into the database that a gateway keeps in its data folder. */
export async function embeddedDatabase(dataDir: string): Promise<ClientConfig> {
  const place = await placeFor(dataDir, SYSTEM_FOLDER)
  const host = await socketFolder(place)
  const password = await readPassword(place.cluster, ROLE)
  return { host, port: 5432, user: ROLE, database: DATABASE, password, options: ALL_ORGANISATIONS }
}

/** Ends the PostgreSQL that a killed gateway has left in its data folder, if there is one. */
export async function stopEmbeddedDatabase(dataDir: string): Promise<void> {
  const left = await findPostmaster(join(dataDir, 'postgres'))
  if (left === undefined) return
  if (!(await stopPostmaster(left.pid))) throw new Error(`the PostgreSQL ${left.pid} of ${dataDir} does not stop`)
}
