import { type Kysely, sql as raw } from 'kysely'
import type { Database } from './tables.ts'

/** Organisations, and the teams and projects in them. Archived ones keep their rows: usage and audit lines name them. */

export interface OrganisationTable {
  readonly id: string
  readonly name: string
  readonly created_at: Date
  readonly archived_at: Date | null
}
export interface TeamTable extends OrganisationTable {
  readonly organisation_id: string
}
export interface ProjectTable extends TeamTable {
  /** `null`: of the organisation itself. */
  readonly team_id: string | null
}

interface Page {
  readonly limit: number
  /** The id of the last row before. */
  readonly cursor: string | undefined
}

/** `undefined` when there is one of this name already (capitals aside). */
export const insertOrganisation = (
  sql: Kysely<Database>,
  row: Omit<OrganisationTable, 'archived_at'>,
): Promise<OrganisationTable | undefined> =>
  sql
    .insertInto('organisations')
    .values({ ...row, archived_at: null })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()

/** Newest first. */
export function listOrganisations(
  sql: Kysely<Database>,
  { ids, limit, cursor }: Page & { readonly ids: readonly string[] | null },
): Promise<readonly OrganisationTable[]> {
  let query = sql
    .selectFrom('organisations')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (ids !== null) query = query.where('id', 'in', [...ids, ''])
  if (cursor !== undefined)
    query = query.where(
      raw<boolean>`(created_at, id) < (select created_at, id from organisations where id = ${cursor})`,
    )
  return query.execute()
}

/** Whether there is a living organisation of this id that the transaction may see. */
export async function isOrganisation(sql: Kysely<Database>, id: string): Promise<boolean> {
  const row = await sql
    .selectFrom('organisations')
    .select('id')
    .where('id', '=', id)
    .where('archived_at', 'is', null)
    .executeTakeFirst()
  return row !== undefined
}

export const insertTeam = (
  sql: Kysely<Database>,
  row: Omit<TeamTable, 'archived_at'>,
): Promise<TeamTable | undefined> =>
  sql
    .insertInto('teams')
    .values({ ...row, archived_at: null })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()

export const findTeam = (sql: Kysely<Database>, id: string): Promise<TeamTable | undefined> =>
  sql.selectFrom('teams').selectAll().where('id', '=', id).executeTakeFirst()

/** Newest first. */
export function listTeams(sql: Kysely<Database>, { limit, cursor }: Page): Promise<readonly TeamTable[]> {
  const page = sql.selectFrom('teams').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit)
  if (cursor === undefined) return page.execute()
  return page.where(raw<boolean>`(created_at, id) < (select created_at, id from teams where id = ${cursor})`).execute()
}

export const archiveTeam = (
  sql: Kysely<Database>,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<TeamTable | undefined> =>
  sql
    .updateTable('teams')
    .set((eb) => ({ archived_at: eb.fn.coalesce('archived_at', eb.val(now)) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

export const insertProject = (
  sql: Kysely<Database>,
  row: Omit<ProjectTable, 'archived_at'>,
): Promise<ProjectTable | undefined> =>
  sql
    .insertInto('projects')
    .values({ ...row, archived_at: null })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()

export const findProject = (sql: Kysely<Database>, id: string): Promise<ProjectTable | undefined> =>
  sql.selectFrom('projects').selectAll().where('id', '=', id).executeTakeFirst()

/** Newest first. */
export function listProjects(sql: Kysely<Database>, { limit, cursor }: Page): Promise<readonly ProjectTable[]> {
  const page = sql.selectFrom('projects').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit)
  if (cursor === undefined) return page.execute()
  return page
    .where(raw<boolean>`(created_at, id) < (select created_at, id from projects where id = ${cursor})`)
    .execute()
}

export const archiveProject = (
  sql: Kysely<Database>,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<ProjectTable | undefined> =>
  sql
    .updateTable('projects')
    .set((eb) => ({ archived_at: eb.fn.coalesce('archived_at', eb.val(now)) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
