import type { Kysely } from 'kysely'
import type { Database } from './tables.ts'

/** What people call these organisations, teams, projects or users, by id. Those that the transaction may not see have no name. */
export async function namesIn(
  sql: Kysely<Database>,
  table: 'organisations' | 'teams' | 'projects' | 'users',
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await sql.selectFrom(table).select(['id', 'name']).where('id', 'in', ids).execute()
  return new Map(rows.map(({ id, name }) => [id, name]))
}
