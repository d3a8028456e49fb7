import type { Booking } from '../attempt.ts'
import type { Budget } from '../budgets/budget.ts'
import { wholeNano } from '../budgets/nano.ts'
import { type Exhausted, reserveAll } from '../budgets/reserve.ts'
import type { Unpriced } from '../budgets/stored-budget.ts'
import type { ThresholdReached } from '../budgets/thresholds.ts'
import { Fault } from '../fault.ts'
import { dollars, type Nano } from '../money.ts'
import type { Policy, Ticket } from '../policy.ts'

/** A budget that pays for a request, and what it does about a price that nobody knows. */
export interface Payer {
  readonly budget: Budget
  readonly unpriced: Unpriced
  readonly ceilingNano: Nano | null
}

export interface BudgetPorts<Request> {
  /** Those that pay for it, on every level; each once. */
  readonly payers: (request: Request) => readonly Payer[]
  /** What it is expected to cost at the dearest of its targets; `unpriced` when the price of one of them is unknown. */
  readonly expected: (request: Request) => { readonly nano: Nano; readonly unpriced: boolean }
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Hears of each threshold that is reached. */
  readonly reached: (threshold: ThresholdReached) => void
}

/**
 * Lets a request pass only with room for what it is expected to cost in every budget on its path, and keeps that room until it is over
 * (reserve, then settle: design 6). What it really cost is booked attempt by attempt, in this process and with the record.
 */
export const budgets = <Request>(ports: BudgetPorts<Request>): Policy<Request> => ({
  name: 'budgets',
  look(request): Ticket {
    const all = ports.payers(request)
    if (all.length === 0) return PASS
    const { nano, unpriced } = ports.expected(request)
    if (unpriced && all.some((payer) => payer.unpriced === 'block' && payer.budget.rule.mode === 'enforce'))
      return { verdict: 'deny', fault: unknownPrice() }
    const paying = unpriced ? all.filter((payer) => payer.unpriced !== 'allow') : all
    const ceiling = Math.max(nano, ...paying.map(({ ceilingNano }) => ceilingNano ?? 0))
    const estimate = unpriced ? ({ kind: 'ceiling', nano: ceiling } as const) : ({ kind: 'priced', nano } as const)
    const list = paying.map(({ budget }) => budget)
    const reserved = reserveAll(list, estimate, ports.now())
    if (reserved.verdict === 'exhausted') return { verdict: 'deny', fault: refusal(reserved, ports.now()) }
    const stepsAt = (wallMs: number) =>
      list.map((budget) => ({ budgetId: budget.rule.id, stepMs: budget.range(wallMs).stepStartMs }))
    const book = (costNano: Nano | null): readonly Booking[] => {
      // One moment and one amount for both: what this process counts and what the ledger adds up must not differ.
      const wallMs = ports.now()
      const booked = (costNano === null ? null : wholeNano(costNano)) ?? reserved.keptNano
      for (const threshold of reserved.book(booked, wallMs)) ports.reached(threshold)
      return booked === 0 ? NOTHING : stepsAt(wallMs).map((step) => ({ ...step, nano: booked }))
    }
    return { verdict: 'pass', settle: () => reserved.close(), purse: { steps: () => stepsAt(ports.now()), book } }
  },
})

const PASS: Ticket = { verdict: 'pass' }
const NOTHING: readonly Booking[] = []

const unknownPrice = () =>
  new Fault(
    'budget_exceeded',
    'The price of this model is unknown, and a budget of this key pays for known prices only',
    {
      reason: 'unpriced',
    },
  )

function refusal({ budgetId, amountNano, spentNano, neededNano, retryAtMs }: Exhausted, nowMs: number): Fault {
  const left = dollars(Math.max(0, amountNano - spentNano))
  const message = `The budget of ${dollars(amountNano)} dollars has ${left} left, and this request may cost ${dollars(neededNano)}`
  const seconds = Math.ceil((retryAtMs - nowMs) / 1_000)
  const isSoon = Number.isFinite(seconds)
  return new Fault('budget_exceeded', message, {
    reason: budgetId,
    ...(isSoon ? { retryAfterSeconds: Math.max(1, seconds) } : {}),
  })
}
