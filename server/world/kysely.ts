import type { Kysely } from 'kysely'
import type { Pool } from 'pg'
import type { Database } from '../store/tables.ts'
import { loadOnce } from './load-once.ts'

/**
 * The query builder over a pool whose owner ends it. It is loaded with the first call, because it costs about 15 MB and a tenth of a
 * second, which a gateway that only relays must not carry: what the start and the key ring ask is plain SQL.
 */
export const lazyKysely = (pool: Pool): (() => Promise<Kysely<Database>>) =>
  loadOnce(async () => {
    const { Kysely, PostgresDialect } = await import('kysely')
    return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  })
