import { NANO_MAX, type Nano } from '../money.ts'
import type { Budget } from './budget.ts'
import { wholeNano } from './nano.ts'
import { Reservation } from './reservation.ts'
import type { ThresholdReached } from './thresholds.ts'

/**
 * What a request is expected to cost. `priced`: its price is known, and 0 means that its model costs nothing. `ceiling`: the price is unknown and
 * `nano` is what an operator allows for it; a ceiling of 0 is not for free.
 */
export interface Estimate {
  readonly kind: 'priced' | 'ceiling'
  readonly nano: Nano
}

/** Why a request may not be sent: the budget that will have no room for the longest time. */
export interface Exhausted {
  readonly verdict: 'exhausted'
  readonly budgetId: string
  readonly amountNano: Nano
  readonly spentNano: Nano
  readonly reservedNano: Nano
  /** What the request would have to reserve. */
  readonly neededNano: Nano
  /** `Infinity` for a total. */
  readonly periodEndMs: number
  /**
   * From when on it would fit. It is the moment of asking when only the reservations of running requests are in the way (a retry may work within
   * seconds), and `Infinity` when no time helps: a total is used up, or the request needs more than the whole amount.
   */
  readonly retryAtMs: number
}

/**
 * Reserves the estimate in every budget on a request's path, or in none. Asks all and takes from all in one turn, so that no two requests see the
 * same room. Each budget stands in the list once. What costs nothing always passes; what costs something needs room for all of its estimate in every
 * budget that is enforced. An estimate that is no amount (negative, not a number) fits nowhere.
 */
export function reserveAll(budgets: readonly Budget[], estimate: Estimate, wallMs: number): Reserved | Exhausted {
  const nano = wholeNano(estimate.nano) ?? NANO_MAX
  const lacking = lackingRoom(budgets, estimate, wallMs)
  if (lacking.length === 0) return new Reserved(budgets, { nano, wouldRefuse: NONE_REFUSES })
  const refusing = lacking.filter((budget) => budget.rule.mode === 'enforce')
  if (refusing.length > 0) return longest(refusing, nano, wallMs)
  return new Reserved(budgets, { nano, wouldRefuse: lacking.map((budget) => exhausted(budget, nano, wallMs)) })
}

/** What `reserveAll` would refuse now, without reserving: for a quote. */
export function refusalOf(budgets: readonly Budget[], estimate: Estimate, wallMs: number): Exhausted | undefined {
  const lacking = lackingRoom(budgets, estimate, wallMs).filter((budget) => budget.rule.mode === 'enforce')
  return lacking.length === 0 ? undefined : longest(lacking, wholeNano(estimate.nano) ?? NANO_MAX, wallMs)
}

/**
 * What a request keeps in all of its budgets until it is over. Each of its attempts (the first, retries, fallbacks) books what it cost; before a
 * further attempt, and while a stream outruns its estimate, `raise` asks for room again. At the end `settle` or `close`, in whatever order and however
 * often: only the first counts, and afterwards nothing is kept and nothing more is booked.
 */
export class Reserved {
  readonly verdict = 'reserved'
  /** The budgets in mode `observe` that would have refused. */
  readonly wouldRefuse: readonly Exhausted[]
  readonly #reservations: readonly Reservation[]
  #keptNano: Nano
  #open = true

  constructor(
    budgets: readonly Budget[],
    { nano, wouldRefuse }: { readonly nano: Nano; readonly wouldRefuse: readonly Exhausted[] },
  ) {
    this.wouldRefuse = wouldRefuse
    this.#keptNano = nano
    this.#reservations = budgets.map((budget) => new Reservation(budget, nano))
  }

  /** What is still kept in each of the budgets. */
  get keptNano(): Nano {
    return this.#keptNano
  }

  /**
   * Adds what one attempt cost to the spend of all budgets and takes it from what is kept; the rest stays kept. `null`, or what is no amount of money:
   * nobody knows what it cost, so all that is kept is booked: its estimate, where `raise` was asked before each attempt. Tells which thresholds that reached.
   */
  book(actualNano: Nano | null, wallMs: number): readonly ThresholdReached[] {
    if (!this.#open) return NOTHING_REACHED
    const nano = (actualNano === null ? null : wholeNano(actualNano)) ?? this.#keptNano
    this.#keptNano -= Math.min(this.#keptNano, nano)
    let reached = NOTHING_REACHED
    for (const reservation of this.#reservations) {
      const more = reservation.book(nano, wallMs)
      if (more.length > 0) reached = [...reached, ...more]
    }
    return reached
  }

  /**
   * Keeps at least `nano` from now on, on top of what is booked: for the next attempt, or for the rest of an answer that has become longer than
   * expected. False, and nothing is changed, when an enforced budget has no room for what is missing: whoever asked may go on all the same or stop.
   */
  raise(nano: Nano, wallMs: number): boolean {
    const missing = (wholeNano(nano) ?? NANO_MAX) - this.#keptNano
    if (missing <= 0) return true
    if (!this.#open) return false
    for (const { budget } of this.#reservations)
      if (budget.rule.mode === 'enforce' && budget.roomNano(wallMs) < missing) return false
    for (const reservation of this.#reservations) reservation.raise(missing)
    this.#keptNano += missing
    return true
  }

  /** Books the last attempt as `book` does and gives back the rest: the end of a request. */
  settle(actualNano: Nano | null, wallMs: number): readonly ThresholdReached[] {
    const reached = this.book(actualNano, wallMs)
    this.close()
    return reached
  }

  /** Gives back all that is still kept: the end of a request of which nothing more is to be booked. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#keptNano = 0
    for (const reservation of this.#reservations) reservation.close()
  }
}

const NOTHING_REACHED: readonly ThresholdReached[] = []
const NONE_REFUSES: readonly Exhausted[] = []
const NONE_LACKING: readonly Budget[] = []

/** Those that have less than the estimate left, enforced or not. Usually none. */
function lackingRoom(budgets: readonly Budget[], estimate: Estimate, wallMs: number): readonly Budget[] {
  const nano = wholeNano(estimate.nano) ?? NANO_MAX
  if (nano === 0 && estimate.kind === 'priced') return NONE_LACKING
  const needed = Math.max(1, nano)
  let lacking = NONE_LACKING
  for (const budget of budgets) if (budget.roomNano(wallMs) < needed) lacking = [...lacking, budget]
  return lacking
}

const longest = (budgets: readonly Budget[], nano: Nano, wallMs: number): Exhausted =>
  budgets
    .map((budget) => exhausted(budget, nano, wallMs))
    .reduce((last, next) => (next.retryAtMs > last.retryAtMs ? next : last))

function exhausted(budget: Budget, nano: Nano, wallMs: number): Exhausted {
  const { id, amountNano } = budget.rule
  return {
    verdict: 'exhausted',
    budgetId: id,
    amountNano,
    spentNano: budget.spentNano(wallMs),
    reservedNano: budget.reservedNano,
    neededNano: nano,
    periodEndMs: budget.range(wallMs).endMs,
    retryAtMs: budget.fitsAtMs(Math.max(1, nano), wallMs),
  }
}
