import type { Nano } from '../money.ts'
import type { Budget } from './budget.ts'
import type { ThresholdReached } from './thresholds.ts'

/** What one request keeps of one budget. */
export class Reservation {
  readonly budget: Budget
  #keptNano: Nano

  constructor(budget: Budget, nano: Nano) {
    this.budget = budget
    this.#keptNano = budget.keep(nano)
  }

  raise(moreNano: Nano): void {
    this.#keptNano += this.budget.keep(moreNano)
  }

  /** Books what was spent, out of what is kept as far as that goes; the rest stays kept. */
  book(actualNano: Nano, wallMs: number): readonly ThresholdReached[] {
    this.#giveBack(Math.min(this.#keptNano, actualNano))
    return this.budget.spend(actualNano, wallMs)
  }

  close(): void {
    this.#giveBack(this.#keptNano)
  }

  #giveBack(nano: Nano): void {
    this.#keptNano -= nano
    this.budget.giveBack(nano)
  }
}
