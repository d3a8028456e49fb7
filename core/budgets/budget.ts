import type { Nano } from '../money.ts'
import { plus, wholeNano } from './nano.ts'
import { leavesAtMs, type Period, type PeriodAt, type PeriodRange } from './period.ts'
import { type ThresholdReached, Thresholds } from './thresholds.ts'

/** A budget as an operator sets it. */
export interface BudgetRule {
  readonly id: string
  /** Whole, from 0 (nothing but models of price zero) to 2^53 - 1. */
  readonly amountNano: Nano
  readonly period: Period
  /** `observe` counts and reports, and refuses nothing. */
  readonly mode: 'enforce' | 'observe'
  /** At which parts of the amount an event is raised, such as 50, 80 and 100. */
  readonly thresholdsPercent: readonly number[]
}

/** What was spent in one step (a sixtieth of a rolling window, else the whole period): a row of the database. */
export interface SpentStep {
  readonly startMs: number
  readonly nano: Nano
}

/**
 * One budget in memory: what was spent in the period in force, and what running requests keep of the rest. Money that is spent counts in the
 * period in which it is settled; a reservation belongs to no period and lasts until it is given back. Sums stop at `NANO_MAX`.
 *
 * The period is worked out once and kept until the clock reaches its end, so a request costs two comparisons. What a wall clock can do:
 * - It jumps ahead: a new period begins, as it does when time passes; nothing here could tell the two apart. What the old one held is remembered.
 * - It goes back by at most a day (and at most a period's length): the period in force is held, and lasts so much longer. A period that was left
 *   is not reopened because a clock was corrected by a second at midnight, or is an hour off.
 * - It goes back farther: then it had been wrong before, and nobody shall wait a year for a month that lies ahead to end. The budget goes back to
 *   the period that the clock now shows, and takes along all that was spent in the one ahead: what is left over never grows by it.
 * So a jump costs at most the one amount that a new period brings, and shuts nobody out for longer than a period and a day.
 */
export class Budget {
  readonly #periodAt: PeriodAt
  #rule: BudgetRule
  #range: PeriodRange
  /** The clock may be as early as this and the range still holds. */
  #heldFromMs: number
  /** Ascending, none later than the running step. The oldest may lie before the period: see `forget`. */
  #steps: OpenStep[] = []
  /** Of the steps in the period. */
  #spentNano: Nano = 0
  #reservedNano: Nano = 0
  readonly #thresholds: Thresholds

  /** `periodAt`, or, where many budgets follow the same calendar, the one that `sharedPeriodAt` gives. Throws a `RangeError` for an unknown time zone. */
  constructor(rule: BudgetRule, given: { readonly wallMs: number; readonly periodAt: PeriodAt }) {
    this.#rule = rule
    this.#periodAt = given.periodAt
    this.#range = given.periodAt(rule.period, given.wallMs)
    this.#heldFromMs = heldFromMs(this.#range)
    this.#thresholds = new Thresholds(this.#range)
    this.#thresholds.change(limitsOf(rule), 0)
  }

  get rule(): BudgetRule {
    return this.#rule
  }

  get reservedNano(): Nano {
    return this.#reservedNano
  }

  /** The period in force. Money that is settled now belongs to the row of its `stepStartMs`. */
  range(wallMs: number): PeriodRange {
    this.#follow(wallMs)
    return this.#range
  }

  spentNano(wallMs: number): Nano {
    this.#follow(wallMs)
    return this.#spentNano
  }

  /** What is neither spent nor reserved. Negative when more was spent than there was. */
  roomNano(wallMs: number): number {
    this.#follow(wallMs)
    return this.#rule.amountNano - this.#spentNano - this.#reservedNano
  }

  /** The steps that count now, oldest first. */
  steps(wallMs: number): readonly SpentStep[] {
    this.#follow(wallMs)
    return this.#steps.filter((step) => this.#covers(step)).map((step) => ({ ...step }))
  }

  /**
   * When `nano` would fit if running requests spent nothing: `wallMs` when only they are in the way, `Infinity` when time alone does not help
   * (a total, or more than the whole amount).
   */
  fitsAtMs(nano: Nano, wallMs: number): number {
    this.#follow(wallMs)
    const { amountNano, period } = this.#rule
    if (nano <= amountNano - this.#spentNano) return wallMs
    if (nano > amountNano) return Number.POSITIVE_INFINITY
    return period.kind === 'rolling' ? this.#rollsFreeAtMs(nano, period.ms) : this.#range.endMs
  }

  /** Keeps `nano` of the room and asks nothing: whoever keeps has asked in the same turn (`reserveAll`). Gives what is to be given back. */
  keep(nano: Nano): Nano {
    const before = this.#reservedNano
    this.#reservedNano = plus(before, nano)
    // Less than asked where the sum has stopped growing: only so everything given back is zero again.
    return this.#reservedNano - before
  }

  giveBack(keptNano: Nano): void {
    this.#reservedNano -= keptNano
  }

  /** Counts money as spent, for good: only a `Reservation` does that. Tells which thresholds it reached. */
  spend(nano: Nano, wallMs: number): readonly ThresholdReached[] {
    this.#follow(wallMs)
    if (nano > 0) {
      addTo(this.#steps, { startMs: this.#range.stepStartMs, nano })
      this.#spentNano = plus(this.#spentNano, nano)
    }
    const percents = this.#thresholds.tell(this.#spentNano)
    return percents.length === 0 ? NOTHING_REACHED : percents.map((percent) => this.#reached(percent))
  }

  /**
   * Takes over what was spent before this process: the rows of this budget, of any age and in any order. To be called before the first request,
   * because it replaces what was counted. What they have reached counts as told. Rows later than the clock are ignored.
   */
  load(steps: readonly SpentStep[], wallMs: number): void {
    this.#follow(wallMs)
    const { endMs, stepStartMs } = this.#range
    this.#steps = steps
      .filter((step) => step.startMs < endMs)
      // A step that begins within the running one is left from before a change of the zone or the window.
      .map(({ startMs, nano }) => ({ startMs: Math.min(startMs, stepStartMs), nano: wholeNano(nano) ?? 0 }))
      .toSorted((a, b) => a.startMs - b.startMs)
    this.#recount()
    this.#thresholds.skip(this.#spentNano)
  }

  /**
   * Changes amount, mode and thresholds while requests run; the spend stays. A budget of another period is another budget: make it new and load
   * it, its steps lie elsewhere.
   */
  change(rule: Omit<BudgetRule, 'id' | 'period'>, wallMs: number): void {
    this.#follow(wallMs)
    const { id, period } = this.#rule
    this.#rule = { ...rule, id, period }
    this.#thresholds.change(limitsOf(rule), this.#spentNano)
  }

  #follow(wallMs: number): void {
    if (wallMs < this.#range.endMs && wallMs >= this.#heldFromMs) return
    const left = this.#range
    this.#range = this.#periodAt(this.#rule.period, wallMs)
    this.#heldFromMs = heldFromMs(this.#range)
    if (this.#range.endMs < left.endMs) this.#takeAlong(left)
    this.#recount()
    this.#thresholds.enter(this.#range)
  }

  /** The clock has gone back for good: what was spent ahead of it, in the period that is left, was spent now. */
  #takeAlong(left: PeriodRange): void {
    const { endMs, stepStartMs } = this.#range
    const ahead = this.#steps.filter((step) => step.startMs >= endMs && step.startMs >= left.startMs)
    this.#steps = this.#steps.filter((step) => step.startMs < endMs)
    for (const { nano } of ahead) addTo(this.#steps, { startMs: stepStartMs, nano })
  }

  #recount(): void {
    this.#forget()
    this.#spentNano = 0
    for (const step of this.#steps) if (this.#covers(step)) this.#spentNano = plus(this.#spentNano, step.nano)
  }

  /** Keeps the steps of the period, and of the last one before it: the clock may go back to it. */
  #forget(): void {
    const kept = this.#rule.period.kind === 'rolling' ? STEPS_KEPT_ROLLING : STEPS_KEPT
    const past = this.#steps.findIndex((step) => step.startMs >= this.#range.startMs)
    const before = past < 0 ? this.#steps.length : past
    this.#steps.splice(0, Math.min(before, Math.max(0, this.#steps.length - kept)))
  }

  #covers({ startMs }: SpentStep): boolean {
    return startMs >= this.#range.startMs && startMs < this.#range.endMs
  }

  #rollsFreeAtMs(nano: Nano, windowMs: number): number {
    let missing = nano - (this.#rule.amountNano - this.#spentNano)
    for (const step of this.#steps) {
      if (!this.#covers(step)) continue
      missing -= step.nano
      if (missing <= 0) return leavesAtMs(windowMs, step.startMs)
    }
    return leavesAtMs(windowMs, this.#range.stepStartMs)
  }

  #reached(percent: number): ThresholdReached {
    const { id, amountNano, mode } = this.#rule
    const { id: periodId, endMs } = this.#range
    return { budgetId: id, percent, spentNano: this.#spentNano, amountNano, mode, periodId, periodEndMs: endMs }
  }
}

interface OpenStep {
  readonly startMs: number
  nano: Nano
}

const NOTHING_REACHED: readonly ThresholdReached[] = []
const DAY_MS = 86_400_000
/** How many are kept when a new one begins: the last period, or the 61 that a window has at most. */
const STEPS_KEPT = 1
const STEPS_KEPT_ROLLING = 61

const heldFromMs = ({ startMs, endMs, stepStartMs }: PeriodRange): number =>
  stepStartMs - Math.min(DAY_MS, endMs - startMs)

const limitsOf = ({ amountNano, thresholdsPercent }: Pick<BudgetRule, 'amountNano' | 'thresholdsPercent'>) => ({
  amountNano,
  percents: thresholdsPercent,
})

/** Adds to the last step where it is that one, else behind it. */
function addTo(steps: OpenStep[], { startMs, nano }: SpentStep): void {
  const last = steps.at(-1)
  if (last?.startMs === startMs) last.nano = plus(last.nano, nano)
  else steps.push({ startMs, nano })
}
