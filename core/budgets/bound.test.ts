import fc from 'fast-check'
import { expect, test } from 'vitest'
import { overshootBound } from './bound.ts'
import { Budget } from './budget.ts'
import { type Period, periodAt } from './period.ts'
import { type Reserved, reserveAll } from './reserve.ts'

const START = Date.parse('2026-11-21T10:30:00Z')
const PERIODS: readonly Period[] = [
  { kind: 'total' },
  { kind: 'calendar', unit: 'hour', timeZone: 'UTC' },
  { kind: 'rolling', ms: 3_600_000 },
]

/** What is asked of one request: where, how often it may be tried, and what an attempt is estimated at and can cost. */
interface Asked {
  readonly path: readonly number[]
  readonly attemptsMax: number
  readonly estimateNano: number
  /** Of one attempt. */
  readonly worstNano: number
}

/** A request under way. */
interface Running extends Asked {
  readonly reserved: Reserved
  attemptsLeft: number
}

const paths = fc.subarray([0, 1, 2], { minLength: 1 })
const requests: fc.Arbitrary<Asked> = fc
  .record({
    path: paths,
    attemptsMax: fc.integer({ min: 1, max: 3 }),
    estimateNano: fc.nat(30),
    moreNano: fc.nat(60),
    free: fc.integer({ min: 0, max: 9 }).map((of10) => of10 === 0),
  })
  .map(({ free, estimateNano, moreNano, ...asked }) =>
    free
      ? { ...asked, estimateNano: 0, worstNano: 0 }
      : { ...asked, estimateNano: estimateNano + 1, worstNano: estimateNano + 1 + moreNano },
  )
/** What happens next: to a new request, or to one of the running ones. `share` decides how much of the worst case an attempt costs. */
const events = fc.record({
  what: fc.constantFrom('ask', 'ask', 'ask', 'ask', 'retry', 'raise', 'settle', 'unknown', 'abort'),
  request: requests,
  which: fc.nat(),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  waitMs: fc.oneof(fc.constant(0), fc.nat(60_000), fc.nat(4_000_000)),
})

test('spend never passes amount and bound, nobody is refused who fits, and nothing stays reserved, however requests interleave', () => {
  const amounts = fc.array(fc.nat(2_000), { minLength: 3, maxLength: 3 })
  const periods = fc.array(fc.constantFrom(...PERIODS), { minLength: 3, maxLength: 3 })
  fc.assert(
    fc.property(
      amounts,
      periods,
      fc.array(events, { minLength: 500, maxLength: 600 }),
      (amounts, periods, happened) => {
        const run = new Run(amounts, periods)
        for (const { what, request, which, share, waitMs } of happened) {
          run.wallMs += waitMs
          const running = run.running[which % Math.max(1, run.running.length)]
          if (what === 'ask') run.ask(request)
          else if (running !== undefined) run.go(running, what, Math.round(share * running.worstNano))
          run.check()
          expect(run.broken).toEqual([])
        }
        for (const running of run.running.slice()) run.go(running, 'abort', 0)
        run.check()
        expect(run.broken).toEqual([])
        expect(run.budgets.map((budget) => budget.reservedNano)).toEqual([0, 0, 0])
      },
    ),
    { numRuns: 40 },
  )
})

test('the bound is what running requests may cost beyond what they reserved, and nothing for those that reserved more', () => {
  expect(
    overshootBound([
      { reservedNano: 10, worstNano: 25 },
      { reservedNano: 10, worstNano: 4 },
    ]),
  ).toBe(15)
  expect(overshootBound([])).toBe(0)
})

test('the bound is reached: it could not be smaller', () => {
  const budget = new Budget(
    { id: 'one', amountNano: 20, period: { kind: 'total' }, mode: 'enforce', thresholdsPercent: [] },
    { wallMs: START, periodAt },
  )
  const two = [1, 2].map(() => reserveAll([budget], { kind: 'priced', nano: 10 }, START))
  for (const reserved of two) if (reserved.verdict === 'reserved') reserved.settle(25, START)
  expect(budget.spentNano(START)).toBe(20 + overshootBound(two.map(() => ({ reservedNano: 10, worstNano: 25 }))))
})

/** Three budgets, the requests that run on them, and the sums that must come out. */
class Run {
  readonly budgets: readonly Budget[]
  readonly running: Running[] = []
  /** Promises that did not hold. */
  readonly broken: string[] = []
  wallMs = START
  /** Per budget: what running requests could overshoot when it last admitted or raised one, and all that was booked, by when. */
  readonly #bounds = [0, 0, 0]
  readonly #booked: { readonly wallMs: number; readonly path: readonly number[]; readonly nano: number }[] = []

  constructor(amounts: readonly number[], periods: readonly Period[]) {
    this.budgets = amounts.map(
      (amountNano, at) =>
        new Budget(
          {
            id: `budget-${at}`,
            amountNano,
            period: periods[at] ?? { kind: 'total' },
            mode: 'enforce',
            thresholdsPercent: [50, 80, 100],
          },
          { wallMs: START, periodAt },
        ),
    )
  }

  ask(asked: Asked): void {
    const budgets = this.budgets.filter((_, at) => asked.path.includes(at))
    const fits = asked.estimateNano === 0 || budgets.every((one) => one.roomNano(this.wallMs) >= asked.estimateNano)
    const reserved = reserveAll(budgets, { kind: 'priced', nano: asked.estimateNano }, this.wallMs)
    this.#must((reserved.verdict === 'reserved') === fits, 'a request is admitted where it fits, and nowhere else')
    if (reserved.verdict === 'exhausted') return
    this.running.push({ ...asked, reserved, attemptsLeft: asked.attemptsMax })
    if (asked.estimateNano > 0) this.#noteBounds(asked.path)
  }

  go(running: Running, what: 'retry' | 'raise' | 'settle' | 'unknown' | 'abort', costNano: number): void {
    switch (what) {
      case 'raise':
        // A stream that is longer than estimated; it goes on also when the answer is no.
        this.#raise(running, costNano)
        return
      case 'retry':
        // The last attempt ends with its request.
        if (running.attemptsLeft === 1) return
        running.attemptsLeft -= 1
        this.#note(running, costNano)
        running.reserved.book(costNano, this.wallMs)
        this.#raise(running, running.estimateNano)
        return
      case 'settle':
      case 'unknown': {
        this.#note(running, what === 'settle' ? costNano : running.reserved.keptNano)
        running.reserved.settle(what === 'settle' ? costNano : null, this.wallMs)
        this.#end(running)
        return
      }
      case 'abort':
        running.reserved.close()
        this.#end(running)
    }
  }

  check(): void {
    for (const [at, budget] of this.budgets.entries()) {
      const spent = budget.spentNano(this.wallMs)
      this.#must(spent <= budget.rule.amountNano + (this.#bounds[at] ?? 0), 'spend is at most amount and bound')
      const kept = this.running.filter(({ path }) => path.includes(at))
      this.#must(
        budget.reservedNano === kept.reduce((sum, { reserved }) => sum + reserved.keptNano, 0),
        'what is reserved is what running requests keep',
      )
      const { startMs } = budget.range(this.wallMs)
      const booked = this.#booked.filter(({ path, wallMs }) => path.includes(at) && wallMs >= startMs)
      this.#must(spent === booked.reduce((sum, { nano }) => sum + nano, 0), 'spend is the sum of what was booked')
    }
  }

  #raise(running: Running, nano: number): void {
    const missing = nano - running.reserved.keptNano
    const fits = running.path.every((at) => (this.budgets[at]?.roomNano(this.wallMs) ?? 0) >= missing)
    const raised = running.reserved.raise(nano, this.wallMs)
    this.#must(raised === (missing <= 0 || fits), 'a reservation is raised where there is room, and nowhere else')
    if (missing > 0 && fits) this.#noteBounds(running.path)
  }

  #noteBounds(path: readonly number[]): void {
    for (const at of path) {
      const open = this.running.filter((running) => running.path.includes(at))
      this.#bounds[at] = overshootBound(
        open.map(({ reserved, worstNano, attemptsLeft }) => ({
          reservedNano: reserved.keptNano,
          worstNano: worstNano * attemptsLeft,
        })),
      )
    }
  }

  #must(holds: boolean, promise: string): void {
    if (!holds) this.broken.push(promise)
  }

  #note({ path }: Running, nano: number): void {
    this.#booked.push({ wallMs: this.wallMs, path, nano })
  }

  #end(running: Running): void {
    this.running.splice(this.running.indexOf(running), 1)
  }
}
