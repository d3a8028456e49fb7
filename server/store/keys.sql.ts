import { type Generated, type JSONColumnType, type Kysely, sql as raw } from 'kysely'
import type { LossMode } from '../../core/loss.ts'
import type { Operation } from '../../core/operation.ts'
import type { Owner } from '../../core/owner.ts'
import type { Reach } from '../../core/rights.ts'
import type { Database } from './tables.ts'

/** Virtual keys and their secrets, of which only hashes are kept. */

export interface KeyTable {
  readonly id: string
  readonly name: string
  readonly models: string[] | null
  readonly created_at: Date
  readonly created_by: string | null
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
  readonly lossy: LossMode | null
  readonly operations: Operation[] | null
  readonly denied_models: string[]
  readonly routes: string[] | null
  readonly ip_ranges: string[] | null
  readonly tags: string[]
  readonly metadata: JSONColumnType<Metadata>
  readonly environment: string | null
  readonly organisation_id: string
  readonly team_id: string | null
  readonly project_id: string | null
  readonly owner_user_id: string | null
  readonly owner_service_account_id: Generated<string | null>
  /** An xid8, set by the table itself. */
  readonly changed: Generated<string>
}
export interface KeySecretTable {
  readonly hash: string
  readonly key_id: string
  readonly created_at: Date
  readonly ends_at: Date | null
}

/** Words of the operator's own about a key. */
export interface Metadata {
  readonly [name: string]: string
}

/** What a key may be used for, from where, and what it is. */
export interface KeyRules {
  readonly models: string[] | null
  readonly lossy: LossMode | null
  readonly operations: Operation[] | null
  readonly denied_models: string[]
  readonly routes: string[] | null
  readonly ip_ranges: string[] | null
  readonly tags: string[]
  readonly environment: string | null
}

export interface KeyRow extends KeyRules {
  readonly metadata: Metadata
  /** When it was last used, as far as usage has arrived; `null`: never. */
  readonly last_used_at: Date | null
  readonly id: string
  readonly name: string
  readonly created_at: Date
  /** Name of the administrator. */
  readonly created_by: string | null
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
  readonly organisation_id: string
  readonly team_id: string | null
  readonly project_id: string | null
  readonly owner_user_id: string | null
  /** Latest end of the secrets before the newest one. */
  readonly earlier_until: Date | null
}

export interface NewKey extends Partial<KeyRules> {
  readonly id: string
  readonly hash: string
  readonly name: string
  readonly metadata?: Metadata
  readonly created_at: Date
  readonly created_by: string | null
  readonly expires_at: Date | null
  readonly owner: Owner
}

export async function insertKey(
  sql: Kysely<Database>,
  { hash, owner, metadata, ...key }: NewKey,
): Promise<KeyRow | undefined> {
  await sql
    .insertInto('keys')
    .values({
      ...NO_RULES,
      ...key,
      metadata: JSON.stringify(metadata ?? {}),
      organisation_id: owner.organisationId,
      team_id: owner.teamId,
      project_id: owner.projectId,
      owner_user_id: owner.userId,
      revoked_at: null,
    })
    .execute()
  await sql
    .insertInto('key_secrets')
    .values({ hash, key_id: key.id, created_at: key.created_at, ends_at: null })
    .execute()
  return findKey(sql, key.id)
}

const NO_RULES: KeyRules = {
  models: null,
  lossy: null,
  operations: null,
  denied_models: [],
  routes: null,
  ip_ranges: null,
  tags: [],
  environment: null,
}

/** Changes what a key may be used for; what is not named stays. */
export async function changeKey(
  sql: Kysely<Database>,
  id: string,
  { metadata, ...rules }: Partial<KeyRules> & { readonly name?: string; readonly metadata?: Metadata },
): Promise<KeyRow | undefined> {
  const changes = { ...rules, ...(metadata === undefined ? {} : { metadata: JSON.stringify(metadata) }) }
  if (Object.keys(changes).length > 0) await sql.updateTable('keys').set(changes).where('id', '=', id).execute()
  return findKey(sql, id)
}

export const findKey = (sql: Kysely<Database>, id: string): Promise<KeyRow | undefined> =>
  keyRows(sql).where('key.id', '=', id).executeTakeFirst()

/** The names of these keys, by id. */
export async function keyNames(sql: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await sql.selectFrom('keys').select(['id', 'name']).where('id', 'in', ids).execute()
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** Locks the key until the transaction ends, so that two changes of it cannot cross. */
export const lockKey = (sql: Kysely<Database>, id: string) =>
  sql.selectFrom('keys').select(['id', 'revoked_at', 'expires_at']).where('id', '=', id).forUpdate().executeTakeFirst()

/** Adds a secret and lets the ones before it end at `earlierEndAt`, or sooner where that was decided already. */
export async function rotateSecret(
  sql: Kysely<Database>,
  {
    id,
    hash,
    now,
    earlierEndAt,
  }: { readonly id: string; readonly hash: string; readonly now: Date; readonly earlierEndAt: Date },
): Promise<KeyRow | undefined> {
  await sql
    .updateTable('key_secrets')
    .set({ ends_at: earlierEndAt })
    .where('key_id', '=', id)
    .where((eb) => eb.or([eb('ends_at', 'is', null), eb('ends_at', '>', earlierEndAt)]))
    .execute()
  await sql.insertInto('key_secrets').values({ hash, key_id: id, created_at: now, ends_at: null }).execute()
  return findKey(sql, id)
}

/** Revokes a key; a second time changes nothing. */
export async function revokeKey(
  sql: Kysely<Database>,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<KeyRow | undefined> {
  await sql.updateTable('keys').set({ revoked_at: now }).where('id', '=', id).where('revoked_at', 'is', null).execute()
  return findKey(sql, id)
}

export interface KeyQuery {
  readonly state: 'active' | 'expired' | 'revoked' | undefined
  readonly now: Date
  readonly limit: number
  /** The id of the last row before. */
  readonly cursor: string | undefined
  readonly reach: Reach
}

/** Newest first. */
export function listKeys(
  sql: Kysely<Database>,
  { state, now, limit, cursor, reach }: KeyQuery,
): Promise<readonly KeyRow[]> {
  let query = keyRows(sql).orderBy('key.created_at', 'desc').orderBy('key.id', 'desc').limit(limit)
  if (reach.kind === 'part') {
    const { teams, projects, userId } = reach
    query = query.where((eb) =>
      eb.or([
        eb('key.team_id', '=', eb.fn.any(eb.val([...teams]))),
        eb('key.project_id', '=', eb.fn.any(eb.val([...projects]))),
        eb('key.owner_user_id', '=', userId),
      ]),
    )
  }
  if (state === 'revoked') query = query.where('key.revoked_at', 'is not', null)
  if (state === 'expired') query = query.where('key.revoked_at', 'is', null).where('key.expires_at', '<=', now)
  if (state === 'active') {
    query = query
      .where('key.revoked_at', 'is', null)
      .where((eb) => eb.or([eb('key.expires_at', 'is', null), eb('key.expires_at', '>', now)]))
  }
  if (cursor !== undefined) {
    query = query.where(raw<boolean>`(key.created_at, key.id) < (select created_at, id from keys where id = ${cursor})`)
  }
  return query.execute()
}

const keyRows = (sql: Kysely<Database>) =>
  sql
    .selectFrom('keys as key')
    .leftJoin('users as administrator', 'administrator.id', 'key.created_by')
    .select((eb) => [
      'key.id',
      'key.name',
      'key.models',
      'key.created_at',
      'administrator.name as created_by',
      'key.expires_at',
      'key.revoked_at',
      'key.lossy',
      'key.organisation_id',
      'key.team_id',
      'key.project_id',
      'key.owner_user_id',
      'key.operations',
      'key.denied_models',
      'key.routes',
      'key.ip_ranges',
      'key.tags',
      'key.metadata',
      'key.environment',
      eb
        .selectFrom('usage')
        .select(({ fn }) => fn.max<Date | null>('usage.at').as('at'))
        .whereRef('usage.key_id', '=', 'key.id')
        .as('last_used_at'),
      eb
        .selectFrom('key_secrets as secret')
        .select(({ fn }) => fn.max<Date | null>('secret.ends_at').as('until'))
        .whereRef('secret.key_id', '=', 'key.id')
        .as('earlier_until'),
    ])
