import { type Kysely, sql as raw } from 'kysely'
import type { BudgetPeriod, Unpriced } from '../../core/budgets/stored-budget.ts'
import type { SpentStep } from '../../core/budgets/budget.ts'
import type { LimitSubject } from '../../core/limits/stored-limit.ts'
import type { Database } from './tables.ts'

/** Budgets, and what of them is spent. */

export interface BudgetTable {
  readonly id: string
  readonly organisation_id: string
  readonly scope: LimitSubject
  readonly subject_id: string
  readonly amount_nano: number
  readonly period: BudgetPeriod
  readonly window_kind: 'calendar' | 'rolling' | null
  readonly time_zone: string | null
  readonly models: string[] | null
  readonly mode: 'enforce' | 'observe'
  readonly thresholds: number[]
  readonly unpriced: Unpriced
  readonly ceiling_nano: number | null
  readonly created_at: Date
  readonly removed_at: Date | null
}
export interface BudgetSpendTable {
  readonly budget_id: string
  readonly step_start: Date
  readonly spent_nano: number | bigint
}

export const insertBudget = (sql: Kysely<Database>, row: Omit<BudgetTable, 'removed_at'>): Promise<BudgetTable> =>
  sql
    .insertInto('budgets')
    .values({ ...row, removed_at: null })
    .returningAll()
    .executeTakeFirstOrThrow()

export const findBudget = (sql: Kysely<Database>, id: string): Promise<BudgetTable | undefined> =>
  sql.selectFrom('budgets').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

/** Those that hold, newest first. */
export function listBudgets(
  sql: Kysely<Database>,
  asked: { readonly subject: string | undefined; readonly limit: number; readonly cursor: string | undefined },
): Promise<readonly BudgetTable[]> {
  const { subject, limit, cursor } = asked
  let page = sql
    .selectFrom('budgets')
    .selectAll()
    .where('removed_at', 'is', null)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (subject !== undefined) page = page.where('subject_id', '=', subject)
  if (cursor !== undefined)
    page = page.where(raw<boolean>`(created_at, id) < (select created_at, id from budgets where id = ${cursor})`)
  return page.execute()
}

export const changeBudget = (
  sql: Kysely<Database>,
  id: string,
  changes: Partial<Pick<BudgetTable, 'amount_nano' | 'mode' | 'thresholds'>>,
): Promise<BudgetTable | undefined> =>
  sql
    .updateTable('budgets')
    .set(changes)
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .returningAll()
    .executeTakeFirst()

/** A second time changes nothing. */
export const removeBudget = (
  sql: Kysely<Database>,
  { id, now }: { readonly id: string; readonly now: Date },
): Promise<BudgetTable | undefined> =>
  sql
    .updateTable('budgets')
    .set((eb) => ({ removed_at: eb.fn.coalesce('removed_at', eb.val(now)) }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()

/** What the subject has spent since `from` (milliseconds), when it arrived and how much: what a new budget begins with. */
export async function spentBefore(
  sql: Kysely<Database>,
  {
    organisation_id,
    scope,
    subject_id,
    models,
  }: Pick<BudgetTable, 'organisation_id' | 'scope' | 'subject_id' | 'models'>,
  { from, stepMs }: { readonly from: Date; readonly stepMs: number },
): Promise<readonly SpentStep[]> {
  const column = {
    organisation: 'organisation_id',
    team: 'team_id',
    project: 'project_id',
    user: 'user_id',
    key: 'key_id',
  }[scope]
  // `*` stands for any run of characters in a pattern; everything else for itself.
  const patterns = (models ?? []).map((pattern) =>
    pattern.replaceAll(/[\\%_]/g, (letter) => `\\${letter}`).replaceAll('*', '%'),
  )
  const { rows } = await raw<{ step: number | string; nano: number | string }>`
    select floor(extract(epoch from at) * 1000 / ${stepMs}::numeric)::bigint * ${stepMs}::bigint as step, sum(cost_nano) as nano
    from usage
    where at >= ${from} and organisation_id = ${organisation_id} and ${raw.ref(column)} = ${subject_id}
      and (${models === null} or model_asked like any(${patterns}) or model_sent like any(${patterns})
        or provider || '/' || model_sent like any(${patterns}))
    group by 1 having sum(cost_nano) > 0 order by 1
  `.execute(sql)
  return rows.map(({ step, nano }) => ({ startMs: Number(step), nano: Number(nano) }))
}

export async function insertSpend(sql: Kysely<Database>, rows: readonly BudgetSpendTable[]): Promise<void> {
  if (rows.length > 0)
    await sql
      .insertInto('budget_spend')
      .values([...rows])
      .execute()
}
