import type { Nano } from '../money.ts'
import type { BudgetRule } from './budget.ts'
import type { Period } from './period.ts'

export const BUDGET_PERIODS = ['hour', 'day', 'week', 'month', 'total'] as const
export type BudgetPeriod = (typeof BUDGET_PERIODS)[number]

export const UNPRICED = ['block', 'ceiling', 'allow'] as const
/** What is done about a model whose price nobody knows: refuse it, keep and book a fixed amount for each request, or let it through unbudgeted. */
export type Unpriced = (typeof UNPRICED)[number]

/** A budget as an operator made it. */
export interface StoredBudget {
  readonly id: string
  readonly amountNano: Nano
  readonly period: BudgetPeriod
  /** `null` for a total. */
  readonly window: 'calendar' | 'rolling' | null
  /** IANA name; `null` where no calendar is asked. */
  readonly timeZone: string | null
  /** Patterns of the models of which it pays, or `null` for all of them. */
  readonly models: readonly string[] | null
  readonly mode: BudgetRule['mode']
  readonly thresholds: readonly number[]
  readonly unpriced: Unpriced
  /** With `ceiling`: what a request of unknown price counts as. */
  readonly ceilingNano: Nano | null
}

export const budgetRuleOf = (stored: StoredBudget): BudgetRule => ({
  id: stored.id,
  amountNano: stored.amountNano,
  period: periodOf(stored),
  mode: stored.mode,
  thresholdsPercent: stored.thresholds,
})

export function periodOf({ period, window, timeZone }: Pick<StoredBudget, 'period' | 'window' | 'timeZone'>): Period {
  if (period === 'total') return { kind: 'total' }
  if (window === 'rolling') return { kind: 'rolling', ms: ROLLING_MS[period] }
  return { kind: 'calendar', unit: period, timeZone: timeZone ?? 'UTC' }
}

const HOUR_MS = 3_600_000
/** A rolling month is thirty days. */
const ROLLING_MS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS, month: 720 * HOUR_MS }
