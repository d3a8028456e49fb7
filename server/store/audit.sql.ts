import type { ColumnType, Generated, JSONColumnType, Kysely } from 'kysely'
import type { Access } from '../../core/rights.ts'
import type { Database } from './tables.ts'

/** The record of every change. Lines are only ever added: the table itself refuses anything else. */

export interface AuditTable {
  readonly id: Generated<number>
  readonly at: Date
  readonly user_id: string | null
  readonly service_account_id: string | null
  readonly organisation_id: string | null
  readonly action: string
  readonly target: string | null
  readonly outcome: string
  readonly ip: string | null
  readonly request_id: string
  readonly input: JSONColumnType<Fields>
  readonly before: ColumnType<Fields | null, string | null, never>
  readonly result: ColumnType<Fields | null, string | null, never>
}

type Fields = { readonly [field: string]: unknown }

export interface AuditLine {
  readonly at: Date
  /** Whose it is; `null`: of the installation. */
  readonly organisationId: string | null
  /** Who did it; `null`: the gateway itself, or who held the setup token. */
  readonly access: Access | null
  readonly action: string
  readonly target: string | null
  readonly outcome: string
  readonly ip: string | null
  readonly requestId: string
  readonly input: Fields
  /** What was there, where the action says. */
  readonly before: Fields | null
  readonly result: Fields | null
}

export async function insertAuditLine(sql: Kysely<Database>, line: AuditLine): Promise<void> {
  const { access, organisationId, requestId, input, before, result, ...same } = line
  await sql
    .insertInto('audit')
    .values({
      ...same,
      organisation_id: organisationId,
      user_id: access?.kind === 'user' ? access.id : null,
      service_account_id: access?.kind === 'service-account' ? access.id : null,
      request_id: requestId,
      input: JSON.stringify(input),
      before: before === null ? null : JSON.stringify(before),
      result: result === null ? null : JSON.stringify(result),
    })
    .execute()
}

export interface AuditQuery {
  readonly action: string | undefined
  readonly target: string | undefined
  readonly limit: number
  /** The id of the last line before. */
  readonly before: number | undefined
}

/** Newest first. */
export function listAuditLines(sql: Kysely<Database>, { action, target, limit, before }: AuditQuery) {
  let query = sql
    .selectFrom('audit')
    .leftJoin('users as person', 'person.id', 'audit.user_id')
    .leftJoin('service_accounts as robot', 'robot.id', 'audit.service_account_id')
    .select((eb) => [
      'audit.id',
      'at',
      eb.fn.coalesce('person.name', 'robot.name').as('administrator'),
      'audit.organisation_id',
      'action',
      'target',
      'outcome',
      'ip',
      'request_id',
      'input',
      'before',
      'result',
    ])
    .orderBy('audit.id', 'desc')
    .limit(limit)
  if (action !== undefined) query = query.where('action', '=', action)
  if (target !== undefined) query = query.where('target', '=', target)
  if (before !== undefined) query = query.where('audit.id', '<', before)
  return query.execute()
}
