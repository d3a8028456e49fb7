import { Budget } from '../../core/budgets/budget.ts'
import { sharedPeriodAt } from '../../core/budgets/shared-period-at.ts'
import { budgetRuleOf, type StoredBudget } from '../../core/budgets/stored-budget.ts'
import type { KeyRecord } from '../../core/key-record.ts'
import type { Clock, Log } from '../../core/world.ts'
import { type BudgetRow, readBudgets, readSpend } from '../store/allowances.sql.ts'
import { follow } from './followed.ts'
import type { Sql } from './sql.ts'
import { subjectOf, subjectsOf } from './subjects.ts'

/** A budget that pays for a key's requests, with its state in this process. */
export interface Paying {
  readonly budget: Budget
  readonly stored: StoredBudget
}

/**
 * Every budget in memory, with what is spent of it. It answers at once, also while the database is away. What is spent is read once for each budget, when it is
 * first seen; from then on this process counts itself, and the ledger adds up the same.
 */
export interface Budgets {
  /** Those that pay for this key, on every level of its tenancy. The same list as long as nothing changes. */
  of(key: KeyRecord): readonly Paying[]
  refresh(): Promise<void>
  close(): void
}

/** Reads all budgets and what is spent of them; call it when what earlier processes left has been delivered. Rejects when it cannot. */
export async function openBudgets(
  sql: Pick<Sql, 'control' | 'listen'>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<Budgets> {
  const periodAt = sharedPeriodAt()
  const known = new Map<string, Paying>()
  const now: { bySubject: ReadonlyMap<string, readonly Paying[]>; compiled: WeakMap<KeyRecord, readonly Paying[]> } = {
    bySubject: new Map(),
    compiled: new WeakMap(),
  }

  const paying = async (row: BudgetRow): Promise<Paying> => {
    const rule = budgetRuleOf(row)
    const wallMs = clock.now()
    const before = known.get(row.id)
    if (before !== undefined) {
      before.budget.change(rule, wallMs)
      return { budget: before.budget, stored: row }
    }
    const budget = new Budget(rule, { wallMs, periodAt })
    const { startMs } = budget.range(wallMs)
    budget.load(await readSpend(sql.control, { id: row.id, fromMs: Math.max(0, startMs) }), wallMs)
    return { budget, stored: row }
  }

  const followed = await follow(sql, {
    channel: 'sekisho_allowances',
    what: 'the budgets',
    log,
    look: async () => {
      const rows = await readBudgets(sql.control)
      const all: (readonly [BudgetRow, Paying])[] = []
      for (const row of rows) all.push([row, await paying(row)])
      known.clear()
      for (const [row, one] of all) known.set(row.id, one)
      const grouped = Map.groupBy(all, ([row]) => subjectOf(row))
      now.bySubject = new Map([...grouped].map(([subject, members]) => [subject, members.map(([, one]) => one)]))
      now.compiled = new WeakMap()
    },
  })

  return {
    of: (key) => {
      const compiled = now.compiled.get(key) ?? subjectsOf(key).flatMap((subject) => now.bySubject.get(subject) ?? [])
      now.compiled.set(key, compiled)
      return compiled
    },
    refresh: followed.refresh,
    close: followed.close,
  }
}
