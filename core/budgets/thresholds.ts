import { NANO_MAX, type Nano } from '../money.ts'
import type { PeriodRange } from './period.ts'

/** That a budget's settled spend has reached a part of its amount: what an event and a notification are made of. */
export interface ThresholdReached {
  readonly budgetId: string
  readonly percent: number
  readonly spentNano: Nano
  readonly amountNano: Nano
  readonly mode: 'enforce' | 'observe'
  /** Of the period, or the step of a rolling window, in which it was reached. */
  readonly periodId: string
  /** `Infinity` for a total. */
  readonly periodEndMs: number
}

/**
 * Remembers which thresholds of one budget were told. Each is told once per period; in a rolling window once for as long as the telling itself
 * lies in the window, so that spend which hovers around a threshold does not ring at every step. One that is reached without a settlement (the
 * amount was lowered) is told with the next one.
 */
export class Thresholds {
  #limits: readonly Limit[] = []
  /** Percent -> start of the step in which it was told. */
  readonly #toldMs = new Map<number, number>()
  #range: PeriodRange
  /** The least that is reached and not told yet, so that nearly every settlement costs one comparison. */
  #nextNano: Nano = Number.POSITIVE_INFINITY

  constructor(range: PeriodRange) {
    this.#range = range
  }

  /** New limits keep what was told, except where more is needed now than was spent: reaching that is news again. */
  change(limits: { readonly amountNano: Nano; readonly percents: readonly number[] }, spentNano: Nano): void {
    this.#limits = limits.percents.map((percent) => ({ percent, nano: partOf(limits.amountNano, percent) }))
    for (const { percent, nano } of this.#limits) if (spentNano < nano) this.#toldMs.delete(percent)
    this.#findNext()
  }

  /** The clock has moved on: what was told in a period that is over can be told again. */
  enter(range: PeriodRange): void {
    this.#range = range
    this.#findNext()
  }

  /** Takes as told what `spentNano`, loaded from the database, has reached. */
  skip(spentNano: Nano): void {
    for (const { percent, nano } of this.#limits)
      if (spentNano >= nano) this.#toldMs.set(percent, this.#range.stepStartMs)
    this.#findNext()
  }

  /** The percentages that `spentNano` has reached and that were not told in this period; from now on they are. Usually none. */
  tell(spentNano: Nano): readonly number[] {
    if (spentNano < this.#nextNano) return NONE
    const reached = this.#limits.filter((limit) => spentNano >= limit.nano && !this.#isTold(limit))
    for (const { percent } of reached) this.#toldMs.set(percent, this.#range.stepStartMs)
    this.#findNext()
    return reached.map(({ percent }) => percent).toSorted((a, b) => a - b)
  }

  #isTold({ percent }: Limit): boolean {
    const toldMs = this.#toldMs.get(percent)
    return toldMs !== undefined && toldMs >= this.#range.startMs && toldMs < this.#range.endMs
  }

  #findNext(): void {
    this.#nextNano = this.#limits.reduce(
      (least, limit) => (this.#isTold(limit) ? least : Math.min(least, limit.nano)),
      Number.POSITIVE_INFINITY,
    )
  }
}

interface Limit {
  readonly percent: number
  readonly nano: Nano
}

const NONE: readonly number[] = []
const WHOLE_PERCENT = 100

/** Rounded up, without a product that passes 2^53. At least 1: nothing spent has reached nothing. */
function partOf(amountNano: Nano, percent: number): Nano {
  const rest = amountNano % WHOLE_PERCENT
  const hundredth = (amountNano - rest) / WHOLE_PERCENT
  return Math.max(1, Math.min(NANO_MAX, Math.ceil(hundredth * percent + (rest * percent) / WHOLE_PERCENT)))
}
