import { type Generated, type Kysely, sql as raw } from 'kysely'
import type { Access, Grant } from '../../core/rights.ts'
import type { MembershipTable } from './members.sql.ts'
import type { Database } from './tables.ts'

/** Administrators, their service tokens, and the one-time tokens of the first start. */

export interface UserTable {
  readonly id: string
  readonly name: string
  readonly created_at: Date
  readonly is_founder: Generated<boolean>
  /** May do everything, everywhere. */
  readonly is_operator: Generated<boolean>
  readonly email: Generated<string | null>
  readonly disabled_at: Generated<Date | null>
}
export interface SetupTokenTable {
  readonly hash: string
  readonly created_at: Date
}
export interface ServiceTokenTable {
  readonly id: string
  readonly user_id: string | null
  /** Of a service account's token; `null` for a person's. */
  readonly organisation_id: Generated<string | null>
  readonly service_account_id: Generated<string | null>
  readonly hash: string
  readonly created_at: Date
  readonly created_by: string | null
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
}

export interface Administrator {
  readonly id: string
  readonly name: string
}

export interface ServiceTokenRow {
  readonly id: string
  /** Name of the person or the program. */
  readonly administrator: string
  readonly created_at: Date
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
}

/** Whether there is an administrator, and whether this is the hash of a setup token: one look, so that the two belong together. */
export async function findSetup(
  sql: Kysely<Database>,
  hash: string,
): Promise<{ readonly setUp: boolean; readonly known: boolean }> {
  const { set_up, known } = await sql
    .selectNoFrom((eb) => [
      eb.exists(eb.selectFrom('users').select('id')).as('set_up'),
      eb.exists(eb.selectFrom('setup_tokens').select('hash').where('hash', '=', hash)).as('known'),
    ])
    .executeTakeFirstOrThrow()
  return { setUp: set_up === true, known: known === true }
}

/** Makes the first administrator and ends every setup token; `false` when somebody else was first. */
export async function insertFounder(
  sql: Kysely<Database>,
  administrator: Administrator & { readonly created_at: Date },
): Promise<boolean> {
  const inserted = await sql
    .insertInto('users')
    .values({ ...administrator, is_founder: true, is_operator: true })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  if (inserted === undefined) return false
  await sql.deleteFrom('setup_tokens').execute()
  return true
}

/** The administrator of this name (capitals aside), made from `fresh` when there is none. */
export async function findOrInsertAdministrator(
  sql: Kysely<Database>,
  fresh: Administrator & { readonly created_at: Date },
): Promise<Administrator> {
  await sql
    .insertInto('users')
    .values({ ...fresh, is_operator: true })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return sql
    .selectFrom('users')
    .select(['id', 'name'])
    .where((eb) => eb(eb.fn('lower', ['name']), '=', eb.fn('lower', [eb.val(fresh.name)])))
    .executeTakeFirstOrThrow()
}

/** A service token's holder with all their roles, and whether it still counts. */
export interface TokenRow {
  readonly access: Access
  readonly disabled: boolean
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
}

/** Whether there is an administrator, and whom this service token stands for and until when: one look for every credential, good or bad. */
export async function findAccess(
  sql: Kysely<Database>,
  hash: string,
): Promise<{ readonly setUp: boolean; readonly token: TokenRow | undefined }> {
  const { rows } = await raw<AccessRow>`
    select look.set_up, token.expires_at, token.revoked_at,
      coalesce(person.id, robot.id) as id, coalesce(person.name, robot.name) as name,
      person.id is not null as is_person, coalesce(person.is_operator, false) as is_operator,
      coalesce(person.disabled_at, robot.disabled_at) is not null as disabled,
      coalesce((
        select jsonb_agg(jsonb_build_object('organisationId', held.organisation_id, 'teamId', held.team_id,
          'projectId', held.project_id, 'role', held.role))
        from memberships as held join organisations as place on place.id = held.organisation_id
        where (held.user_id = person.id or held.service_account_id = robot.id) and place.archived_at is null
      ), '[]'::jsonb) as grants
    from (select exists (select from users where is_operator) as set_up) as look
    left join service_tokens as token on token.hash = ${hash}
    left join users as person on person.id = token.user_id
    left join service_accounts as robot on robot.id = token.service_account_id
  `.execute(sql)
  const [row] = rows
  if (row === undefined || row.id === null || row.name === null)
    return { setUp: row?.set_up === true, token: undefined }
  const { id, name, is_operator: isOperator, grants, disabled, expires_at, revoked_at } = row
  const kind = row.is_person ? 'user' : 'service-account'
  return { setUp: true, token: { access: { kind, id, name, isOperator, grants }, disabled, expires_at, revoked_at } }
}

interface AccessRow {
  readonly set_up: boolean
  readonly id: string | null
  readonly name: string | null
  readonly is_person: boolean
  readonly is_operator: boolean
  readonly disabled: boolean
  readonly grants: readonly Grant[]
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
}

/** What a token of this service account stands for, and where. */
export const rolesOfServiceAccount = (
  sql: Kysely<Database>,
  id: string,
): Promise<readonly Pick<MembershipTable, 'role' | 'organisation_id' | 'team_id' | 'project_id'>[]> =>
  sql
    .selectFrom('memberships')
    .select(['role', 'organisation_id', 'team_id', 'project_id'])
    .where('service_account_id', '=', id)
    .execute()

export interface NewServiceToken {
  readonly id: string
  readonly hash: string
  readonly user_id: string | null
  readonly organisation_id?: string
  readonly service_account_id?: string
  readonly created_at: Date
  readonly created_by: string | null
  readonly expires_at: Date | null
}

export async function insertServiceToken(
  sql: Kysely<Database>,
  row: NewServiceToken,
): Promise<ServiceTokenRow | undefined> {
  await sql
    .insertInto('service_tokens')
    .values({ ...row, revoked_at: null })
    .execute()
  return showServiceToken(sql, row.id)
}

const showServiceToken = (sql: Kysely<Database>, id: string) =>
  tokens(sql).where('token.id', '=', id).executeTakeFirst()

/** Newest first. `cursor` is the id of the last row before. */
export function listServiceTokens(
  sql: Kysely<Database>,
  { limit, cursor }: { readonly limit: number; readonly cursor: string | undefined },
): Promise<readonly ServiceTokenRow[]> {
  const page = tokens(sql).orderBy('token.created_at', 'desc').orderBy('token.id', 'desc').limit(limit)
  if (cursor === undefined) return page.execute()
  const before = raw<boolean>`(token.created_at, token.id) < (select created_at, id from service_tokens where id = ${cursor})`
  return page.where(before).execute()
}

/**
 * Revokes a token; a second time changes nothing. `undefined` when there is none of this id, `last` when no operator could ever
 * come in again without it: the rows that keep the door open are locked, so that two cannot close it together.
 */
export async function revokeServiceToken(
  sql: Kysely<Database>,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<ServiceTokenRow | 'last' | undefined> {
  const lasting = await sql
    .selectFrom('service_tokens as token')
    .innerJoin('users as operator', 'operator.id', 'token.user_id')
    .select('token.id')
    .where('token.revoked_at', 'is', null)
    .where('token.expires_at', 'is', null)
    .where('operator.is_operator', '=', true)
    .where('operator.disabled_at', 'is', null)
    .orderBy('token.id')
    .forUpdate('token')
    .execute()
  if (lasting.length === 1 && lasting[0]?.id === id) return 'last'
  await sql
    .updateTable('service_tokens')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute()
  return showServiceToken(sql, id)
}

const tokens = (sql: Kysely<Database>) =>
  sql
    .selectFrom('service_tokens as token')
    .leftJoin('users as person', 'person.id', 'token.user_id')
    .leftJoin('service_accounts as robot', 'robot.id', 'token.service_account_id')
    .select(['token.id', 'token.created_at', 'token.expires_at', 'token.revoked_at'])
    .select((eb) => eb.fn.coalesce('person.name', 'robot.name', eb.val('')).as('administrator'))
