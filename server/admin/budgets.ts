import { budgetsChange, budgetsCreate, budgetsList, budgetsRemove } from '../../core/admin/budgets.ts'
import { periodAt, stepOf } from '../../core/budgets/period.ts'
import { periodOf } from '../../core/budgets/stored-budget.ts'
import { Fault } from '../../core/fault.ts'
import { given } from '../../core/given.ts'
import {
  type BudgetTable,
  changeBudget,
  findBudget,
  insertBudget,
  insertSpend,
  listBudgets,
  removeBudget,
  spentBefore,
} from '../store/budgets.sql.ts'
import { pageOf } from './page.ts'
import { newId } from './secret.ts'
import { type Context, served } from './served.ts'
import { subjectFor } from './subject.ts'
import { organisationFor } from './tenants.ts'

export const budgetActions = [
  served(budgetsCreate, async (input, context) => {
    const { sql, now, random } = context
    const { scope, period, unpriced } = input
    const window = period === 'total' ? null : input.window
    const timeZone = window === 'calendar' ? knownTimeZone(input.timeZone) : null
    const organisationId = await organisationFor(context)
    const row = await insertBudget(sql, {
      id: newId(random),
      organisation_id: organisationId,
      scope,
      subject_id: await subjectFor(context, { organisationId, scope, subject: input.subject }),
      amount_nano: nanoOf(input.dollars),
      period,
      window_kind: window,
      time_zone: timeZone,
      models: input.models ?? null,
      mode: input.mode,
      thresholds: input.thresholds,
      unpriced,
      ceiling_nano: ceilingOf(unpriced, input.ceilingDollars),
      created_at: now,
    })
    await beginWithThePast(context, row)
    return view(row)
  }),

  served(budgetsList, async ({ subject, limit, cursor }, { sql }) => {
    const rows = await listBudgets(sql, { subject, cursor, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: ({ id }) => id, view })
  }),

  served(budgetsChange, async ({ id, dollars, mode, thresholds }, { sql, found }) => {
    const before = await findBudget(sql, id)
    found(view(before))
    if (before?.removed_at !== null) throw new Fault('conflict', 'The budget was removed')
    const changes = given({ amount_nano: dollars === undefined ? undefined : nanoOf(dollars), mode, thresholds })
    if (Object.keys(changes).length === 0) return view(before)
    return view(await changeBudget(sql, id, changes))
  }),

  served(budgetsRemove, async ({ id }, { sql, now, found }) => {
    found(view(await findBudget(sql, id)))
    return view(await removeBudget(sql, { id, now }))
  }),
]

/** A budget that is made in the middle of a month has already paid for what this month has cost so far, as far as it has arrived. */
async function beginWithThePast({ sql, now }: Context, row: BudgetTable): Promise<void> {
  const period = periodOf({ period: row.period, window: row.window_kind, timeZone: row.time_zone })
  const { startMs } = periodAt(period, now.getTime())
  const from = new Date(Math.max(0, startMs))
  const spent = await spentBefore(sql, row, { from, stepMs: STEP_MS })
  const steps = new Map<number, number>()
  for (const { startMs: at, nano } of spent) {
    const step = stepOf(period, Math.max(at, from.getTime()))
    steps.set(step, (steps.get(step) ?? 0) + nano)
  }
  await insertSpend(
    sql,
    [...steps].map(([step, nano]) => ({ budget_id: row.id, step_start: new Date(step), spent_nano: nano })),
  )
}

/** Of the shortest step that a period has: a sixtieth of an hour. */
const STEP_MS = 60_000

/** Dollars of at most nine digits behind the point, in whole nano-dollars. */
const nanoOf = (dollars: number): number => Math.round(dollars * NANO_PER_DOLLAR)
const NANO_PER_DOLLAR = 1_000_000_000

function ceilingOf(unpriced: BudgetTable['unpriced'], dollars: number | undefined): number | null {
  if ((unpriced === 'ceiling') === (dollars === undefined))
    throw new Fault(
      'bad_request',
      `ceilingDollars: ${dollars === undefined ? 'is needed' : 'goes with ceiling only'}`,
      { field: 'ceilingDollars' },
    )
  return dollars === undefined ? null : nanoOf(dollars)
}

function knownTimeZone(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone
  } catch {
    throw new Fault('bad_request', 'timeZone: is not known (Europe/Berlin is one)', { field: 'timeZone' })
  }
}

function view(row: BudgetTable | undefined) {
  if (row === undefined) throw new Fault('not_found', 'There is no budget of this id')
  return {
    id: row.id,
    organisation: row.organisation_id,
    scope: row.scope,
    subject: row.subject_id,
    dollars: row.amount_nano / NANO_PER_DOLLAR,
    period: row.period,
    window: row.window_kind,
    timeZone: row.time_zone,
    models: row.models,
    mode: row.mode,
    thresholds: row.thresholds,
    unpriced: row.unpriced,
    ceilingDollars: row.ceiling_nano === null ? null : row.ceiling_nano / NANO_PER_DOLLAR,
    createdAt: row.created_at.toISOString(),
    removedAt: row.removed_at?.toISOString() ?? null,
  }
}
