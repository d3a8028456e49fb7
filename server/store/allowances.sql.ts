import type { Pool } from 'pg'
import type { SpentStep } from '../../core/budgets/budget.ts'
import type { StoredBudget } from '../../core/budgets/stored-budget.ts'
import type { LimitPeriod, LimitSubject, StoredLimit } from '../../core/limits/stored-limit.ts'

/** What every gateway knows of limits, for all organisations at once. Plain SQL, because it is read before anything is served. */

/** A limit, and for whom it counts: its own subject, or one that was given its plan. */
export interface AllowanceRow extends StoredLimit {
  readonly organisation_id: string
  readonly scope: LimitSubject
  readonly subject_id: string
}

interface Row {
  readonly id: string
  readonly organisation_id: string
  readonly scope: LimitSubject
  readonly subject_id: string
  readonly measure: StoredLimit['measure']
  readonly max: number
  readonly per: LimitPeriod | null
  readonly models: string[] | null
}

/** Every limit that holds now, each once for each subject for which it counts. */
export async function readAllowances(pool: Pool): Promise<readonly AllowanceRow[]> {
  const { rows } = await pool.query<Row>(READ)
  return rows
}

const READ = `
  SELECT id, organisation_id, scope, subject_id, measure, max, per, models FROM limits WHERE removed_at IS NULL AND scope <> 'plan'
  UNION ALL
  SELECT one.id, given.organisation_id, given.scope, given.subject_id, one.measure, one.max, one.per, one.models
  FROM given_plans AS given
  JOIN plans AS plan ON plan.id = given.plan_id AND plan.archived_at IS NULL
  JOIN limits AS one ON one.scope = 'plan' AND one.subject_id = plan.id AND one.removed_at IS NULL
  ORDER BY id, subject_id`

/** A budget, for whom it counts, and what is spent of it in the steps that still matter. */
export interface BudgetRow extends StoredBudget {
  readonly organisation_id: string
  readonly scope: LimitSubject
  readonly subject_id: string
}

/** Every budget that holds now. */
export async function readBudgets(pool: Pool): Promise<readonly BudgetRow[]> {
  const { rows } = await pool.query<BudgetRow>(READ_BUDGETS)
  return rows
}

/** What was spent of a budget since `fromMs`, step by step. */
export async function readSpend(
  pool: Pool,
  { id, fromMs }: { readonly id: string; readonly fromMs: number },
): Promise<readonly SpentStep[]> {
  const { rows } = await pool.query<{ at: Date; nano: string | number }>(READ_SPEND, [id, new Date(fromMs)])
  return rows.map(({ at, nano }) => ({ startMs: at.getTime(), nano: Number(nano) }))
}

const READ_BUDGETS = `
  SELECT id, organisation_id, scope, subject_id, amount_nano AS "amountNano", period, window_kind AS "window", time_zone AS "timeZone", models, mode,
    thresholds, unpriced, ceiling_nano AS "ceilingNano"
  FROM budgets WHERE removed_at IS NULL ORDER BY id`

const READ_SPEND =
  'SELECT step_start AS at, spent_nano AS nano FROM budget_spend WHERE budget_id = $1 AND step_start >= $2'
