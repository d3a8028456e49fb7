import { type Kysely, sql as raw } from 'kysely'
import type { Role } from '../../core/rights.ts'
import type { Database } from './tables.ts'

/** People, programs that act for an organisation, and which roles they have where. */

export interface ServiceAccountTable {
  readonly id: string
  readonly organisation_id: string
  readonly name: string
  readonly created_at: Date
  readonly created_by: string | null
  readonly disabled_at: Date | null
}
export interface MembershipTable {
  readonly id: string
  readonly organisation_id: string
  readonly team_id: string | null
  readonly project_id: string | null
  readonly user_id: string | null
  readonly service_account_id: string | null
  readonly role: Role
  readonly created_at: Date
  readonly created_by: string | null
}

interface Page {
  readonly limit: number
  /** The id of the last row before. */
  readonly cursor: string | undefined
}

export interface UserRow {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly is_operator: boolean
  readonly created_at: Date
  readonly disabled_at: Date | null
}

const USER = ['id', 'name', 'email', 'is_operator', 'created_at', 'disabled_at'] as const

/** `undefined` when there is somebody of this name or address already. */
export const insertUser = (
  sql: Kysely<Database>,
  row: { readonly id: string; readonly name: string; readonly email: string | null; readonly created_at: Date },
): Promise<UserRow | undefined> =>
  sql
    .insertInto('users')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning(USER)
    .executeTakeFirst()

export const findUser = (sql: Kysely<Database>, id: string): Promise<UserRow | undefined> =>
  sql.selectFrom('users').select(USER).where('id', '=', id).executeTakeFirst()

/** Newest first: those whom the transaction may see. */
export function listUsers(sql: Kysely<Database>, { limit, cursor }: Page): Promise<readonly UserRow[]> {
  const page = sql.selectFrom('users').select(USER).orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit)
  if (cursor === undefined) return page.execute()
  return page.where(raw<boolean>`(created_at, id) < (select created_at, id from users where id = ${cursor})`).execute()
}

/**
 * Ends everything that somebody may do; a second time changes nothing. `undefined` when there is nobody of this id, `last` for the last operator: the
 * rows that keep the door open are locked, so that two cannot close it together.
 */
export async function disableUser(
  sql: Kysely<Database>,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<UserRow | 'last' | undefined> {
  const operators = await sql
    .selectFrom('users')
    .select('id')
    .where('is_operator', '=', true)
    .where('disabled_at', 'is', null)
    .orderBy('id')
    .forUpdate()
    .execute()
  if (operators.length === 1 && operators[0]?.id === id) return 'last'
  return sql
    .updateTable('users')
    .set((eb) => ({ disabled_at: eb.fn.coalesce('disabled_at', eb.val(now)) }))
    .where('id', '=', id)
    .returning(USER)
    .executeTakeFirst()
}

/** `undefined` when there is a living one of this name in the organisation already. */
export const insertServiceAccount = (
  sql: Kysely<Database>,
  row: Omit<ServiceAccountTable, 'disabled_at'>,
): Promise<ServiceAccountTable | undefined> =>
  sql
    .insertInto('service_accounts')
    .values({ ...row, disabled_at: null })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()

export const findServiceAccount = (sql: Kysely<Database>, id: string): Promise<ServiceAccountTable | undefined> =>
  sql.selectFrom('service_accounts').selectAll().where('id', '=', id).executeTakeFirst()

/** Newest first. */
export function listServiceAccounts(
  sql: Kysely<Database>,
  { limit, cursor }: Page,
): Promise<readonly ServiceAccountTable[]> {
  const page = sql
    .selectFrom('service_accounts')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (cursor === undefined) return page.execute()
  return page
    .where(raw<boolean>`(created_at, id) < (select created_at, id from service_accounts where id = ${cursor})`)
    .execute()
}

export const disableServiceAccount = (
  sql: Kysely<Database>,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<ServiceAccountTable | undefined> =>
  sql
    .updateTable('service_accounts')
    .set((eb) => ({ disabled_at: eb.fn.coalesce('disabled_at', eb.val(now)) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

export interface MembershipRow extends MembershipTable {
  /** Of the person or the program. */
  readonly name: string
}

/** `undefined` when they have a role there already. Throws the database's error when one of them is not of this organisation. */
export async function insertMembership(
  sql: Kysely<Database>,
  row: MembershipTable,
): Promise<MembershipRow | undefined> {
  const inserted = await sql
    .insertInto('memberships')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  return inserted === undefined ? undefined : findMembership(sql, row.id)
}

export const findMembership = (sql: Kysely<Database>, id: string): Promise<MembershipRow | undefined> =>
  memberships(sql).where('held.id', '=', id).executeTakeFirst()

/** Newest first. */
export function listMemberships(sql: Kysely<Database>, { limit, cursor }: Page): Promise<readonly MembershipRow[]> {
  const page = memberships(sql).orderBy('held.created_at', 'desc').orderBy('held.id', 'desc').limit(limit)
  if (cursor === undefined) return page.execute()
  return page
    .where(raw<boolean>`(held.created_at, held.id) < (select created_at, id from memberships where id = ${cursor})`)
    .execute()
}

/** Whether this user has a role anywhere in the organisation. */
export async function isMember(
  sql: Kysely<Database>,
  { organisationId, userId }: { readonly organisationId: string; readonly userId: string },
): Promise<boolean> {
  const row = await sql
    .selectFrom('memberships')
    .select('id')
    .where('organisation_id', '=', organisationId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return row !== undefined
}

/** How many other owners of the whole organisation there are; their rows are locked, so that the last two cannot leave together. */
export async function otherOwners(sql: Kysely<Database>, { organisation_id, id }: MembershipTable): Promise<number> {
  const rows = await sql
    .selectFrom('memberships')
    .select('id')
    .where('organisation_id', '=', organisation_id)
    .where('role', '=', 'owner')
    .where('team_id', 'is', null)
    .where('project_id', 'is', null)
    .orderBy('id')
    .forUpdate()
    .execute()
  return rows.filter((row) => row.id !== id).length
}

export async function deleteMembership(sql: Kysely<Database>, id: string): Promise<void> {
  await sql.deleteFrom('memberships').where('id', '=', id).execute()
}

const memberships = (sql: Kysely<Database>) =>
  sql
    .selectFrom('memberships as held')
    .leftJoin('users as person', 'person.id', 'held.user_id')
    .leftJoin('service_accounts as robot', 'robot.id', 'held.service_account_id')
    .selectAll('held')
    .select((eb) => eb.fn.coalesce('person.name', 'robot.name', eb.val('')).as('name'))
