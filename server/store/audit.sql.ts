import type { ColumnType, Generated, JSONColumnType, Kysely } from 'kysely'
import type { Database } from './tables.ts'

/** The record of every change. Lines are only ever added: the table itself refuses anything else. */

export interface AuditTable {
  readonly id: Generated<number>
  readonly at: Date
  readonly user_id: string | null
  readonly action: string
  readonly target: string | null
  readonly outcome: string
  readonly ip: string | null
  readonly request_id: string
  readonly input: JSONColumnType<Fields>
  readonly result: ColumnType<Fields | null, string | null, never>
}

type Fields = { readonly [field: string]: unknown }

export interface AuditLine {
  readonly at: Date
  readonly administratorId: string | null
  readonly action: string
  readonly target: string | null
  readonly outcome: string
  readonly ip: string | null
  readonly requestId: string
  readonly input: Fields
  readonly result: Fields | null
}

export async function insertAuditLine(sql: Kysely<Database>, line: AuditLine): Promise<void> {
  const { administratorId, requestId, input, result, ...same } = line
  await sql
    .insertInto('audit')
    .values({
      ...same,
      user_id: administratorId,
      request_id: requestId,
      input: JSON.stringify(input),
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
    .leftJoin('users as administrator', 'administrator.id', 'audit.user_id')
    .select([
      'audit.id',
      'at',
      'administrator.name as administrator',
      'action',
      'target',
      'outcome',
      'ip',
      'request_id',
      'input',
      'result',
    ])
    .orderBy('audit.id', 'desc')
    .limit(limit)
  if (action !== undefined) query = query.where('action', '=', action)
  if (target !== undefined) query = query.where('target', '=', target)
  if (before !== undefined) query = query.where('audit.id', '<', before)
  return query.execute()
}
