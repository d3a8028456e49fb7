import { type Kysely, sql as raw } from 'kysely'
import type { LimitPeriod, LimitSubject, StoredLimit } from '../../core/limits/stored-limit.ts'
import type { Database } from './tables.ts'

/** Limits, and plans: named bundles of limits that are given to somebody. */

export interface PlanTable {
  readonly id: string
  readonly organisation_id: string
  readonly name: string
  readonly created_at: Date
  readonly archived_at: Date | null
}
export interface LimitTable {
  readonly id: string
  readonly organisation_id: string
  readonly scope: LimitSubject | 'plan'
  readonly subject_id: string
  readonly measure: StoredLimit['measure']
  readonly max: number
  readonly per: LimitPeriod | null
  readonly models: string[] | null
  readonly created_at: Date
  readonly removed_at: Date | null
}
export interface GivenPlanTable {
  readonly organisation_id: string
  readonly scope: LimitSubject
  readonly subject_id: string
  readonly plan_id: string
  readonly given_at: Date
}

interface Page {
  readonly limit: number
  /** The id of the last row before. */
  readonly cursor: string | undefined
}

/** `undefined` when there is a living one of this name in the organisation already. */
export const insertPlan = (
  sql: Kysely<Database>,
  row: Omit<PlanTable, 'archived_at'>,
): Promise<PlanTable | undefined> =>
  sql
    .insertInto('plans')
    .values({ ...row, archived_at: null })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()

export const findPlan = (sql: Kysely<Database>, id: string): Promise<PlanTable | undefined> =>
  sql.selectFrom('plans').selectAll().where('id', '=', id).executeTakeFirst()

/** Newest first. */
export function listPlans(sql: Kysely<Database>, { limit, cursor }: Page): Promise<readonly PlanTable[]> {
  const page = sql.selectFrom('plans').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit)
  if (cursor === undefined) return page.execute()
  return page.where(raw<boolean>`(created_at, id) < (select created_at, id from plans where id = ${cursor})`).execute()
}

/** Ends a plan for everybody who has it; a second time changes nothing. */
export const archivePlan = (
  sql: Kysely<Database>,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<PlanTable | undefined> =>
  sql
    .updateTable('plans')
    .set((eb) => ({ archived_at: eb.fn.coalesce('archived_at', eb.val(now)) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

/** Instead of the plan that the subject had before, if it had one. */
export async function givePlan(sql: Kysely<Database>, row: GivenPlanTable): Promise<void> {
  await sql
    .insertInto('given_plans')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['organisation_id', 'scope', 'subject_id'])
        .doUpdateSet({ plan_id: row.plan_id, given_at: row.given_at }),
    )
    .execute()
}

/** The plan that was taken, or `undefined` when the subject had none. */
export const takePlan = (
  sql: Kysely<Database>,
  { scope, subject_id }: Pick<GivenPlanTable, 'scope' | 'subject_id'>,
): Promise<GivenPlanTable | undefined> =>
  sql
    .deleteFrom('given_plans')
    .where('scope', '=', scope)
    .where('subject_id', '=', subject_id)
    .returningAll()
    .executeTakeFirst()

export const insertLimit = (sql: Kysely<Database>, row: Omit<LimitTable, 'removed_at'>): Promise<LimitTable> =>
  sql
    .insertInto('limits')
    .values({ ...row, removed_at: null })
    .returningAll()
    .executeTakeFirstOrThrow()

export const findLimit = (sql: Kysely<Database>, id: string): Promise<LimitTable | undefined> =>
  sql.selectFrom('limits').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

/** Those that hold, newest first. */
export function listLimits(
  sql: Kysely<Database>,
  { subject, limit, cursor }: Page & { readonly subject: string | undefined },
): Promise<readonly LimitTable[]> {
  let page = sql
    .selectFrom('limits')
    .selectAll()
    .where('removed_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (subject !== undefined) page = page.where('subject_id', '=', subject)
  if (cursor !== undefined)
    page = page.where(raw<boolean>`(created_at, id) < (select created_at, id from limits where id = ${cursor})`)
  return page.execute()
}

export const changeLimit = (
  sql: Kysely<Database>,
  { id, max }: { readonly id: string; readonly max: number },
): Promise<LimitTable | undefined> =>
  sql
    .updateTable('limits')
    .set({ max })
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .returningAll()
    .executeTakeFirst()

/** A second time changes nothing. */
export const removeLimit = (
  sql: Kysely<Database>,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<LimitTable | undefined> =>
  sql
    .updateTable('limits')
    .set((eb) => ({ removed_at: eb.fn.coalesce('removed_at', eb.val(now)) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
