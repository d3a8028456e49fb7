import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NANO_MAX } from '../money.ts'
import { Budget, type BudgetRule, type SpentStep } from './budget.ts'
import { type Period, periodAt } from './period.ts'

const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const YEAR_MS = 365 * DAY_MS
const START = Date.parse('2026-11-21T10:30:00Z')
const at = (text: string): number => Date.parse(text)

const TOTAL: Period = { kind: 'total' }
const HOURLY: Period = { kind: 'calendar', unit: 'hour', timeZone: 'UTC' }
const DAILY: Period = { kind: 'calendar', unit: 'day', timeZone: 'UTC' }
const MONTHLY: Period = { kind: 'calendar', unit: 'month', timeZone: 'UTC' }
const ROLLING_HOUR: Period = { kind: 'rolling', ms: HOUR_MS }
const ROLLING_MONTH: Period = { kind: 'rolling', ms: 30 * DAY_MS }
const EVERY = [TOTAL, HOURLY, DAILY, MONTHLY, ROLLING_HOUR, ROLLING_MONTH]

const rule = (period: Period, fields: Partial<BudgetRule> = {}): BudgetRule => ({
  id: 'budget',
  amountNano: 100,
  period,
  mode: 'enforce',
  thresholdsPercent: [50, 80, 100],
  ...fields,
})
const budgetOf = (period: Period, fields: Partial<BudgetRule> = {}, wallMs = START): Budget =>
  new Budget(rule(period, fields), { wallMs, periodAt })

describe('what is spent', () => {
  test.each([
    [HOURLY, at('2026-11-21T11:00:00Z')],
    [DAILY, at('2026-11-22T00:00:00Z')],
    [MONTHLY, at('2026-12-01T00:00:00Z')],
    [ROLLING_HOUR, START + HOUR_MS + HOUR_MS / 60],
    [ROLLING_MONTH, at('2026-11-21T00:00:00Z') + 30 * DAY_MS + DAY_MS / 2],
  ])('counts until its period is over, to the millisecond: %o', (period, overMs) => {
    const budget = budgetOf(period)
    budget.spend(70, START)
    expect(budget.roomNano(overMs - 1)).toBe(30)
    expect(budget.roomNano(overMs)).toBe(100)
  })

  test('counts for ever in a total', () => {
    const budget = budgetOf(TOTAL)
    budget.spend(70, START)
    expect(budget.roomNano(START + 100 * YEAR_MS)).toBe(30)
  })

  test('rolls out of a window step by step, never early and at most two steps late', () => {
    const spends = fc.array(fc.record({ waitMs: fc.nat(HOUR_MS / 2), nano: fc.nat(50) }), { maxLength: 60 })
    fc.assert(
      fc.property(spends, fc.nat(2 * HOUR_MS), (made, laterMs) => {
        const budget = budgetOf(ROLLING_HOUR)
        let wallMs = START
        const done = made.map(({ waitMs, nano }) => {
          wallMs += waitMs
          budget.spend(nano, wallMs)
          return { wallMs, nano }
        })
        const nowMs = wallMs + laterMs
        const since = (ms: number): number => done.reduce((sum, one) => (one.wallMs > ms ? sum + one.nano : sum), 0)
        expect(budget.spentNano(nowMs)).toBeGreaterThanOrEqual(since(nowMs - HOUR_MS))
        expect(budget.spentNano(nowMs)).toBeLessThanOrEqual(since(nowMs - HOUR_MS - (2 * HOUR_MS) / 60))
      }),
    )
  })

  test('stays when amount, mode and thresholds change, and so does what is reserved', () => {
    const budget = budgetOf(MONTHLY)
    budget.spend(70, START)
    budget.keep(5)
    budget.change({ amountNano: 50, mode: 'observe', thresholdsPercent: [] }, START)
    expect(budget.roomNano(START)).toBe(-25)
    expect(budget.rule).toEqual(rule(MONTHLY, { amountNano: 50, mode: 'observe', thresholdsPercent: [] }))
    budget.change({ amountNano: 1_000, mode: 'enforce', thresholdsPercent: [50] }, START)
    expect(budget.roomNano(START)).toBe(925)
  })

  test('stops at the largest amount without ever making room, and reservations beyond it come back to zero', () => {
    const amounts = fc.oneof(fc.nat(1_000), fc.constantFrom(NANO_MAX, NANO_MAX - 1, 2 ** 52 + 1))
    fc.assert(
      fc.property(fc.array(amounts, { maxLength: 20 }), fc.array(amounts, { maxLength: 20 }), (spent, kept) => {
        const budget = budgetOf(MONTHLY, { amountNano: NANO_MAX })
        for (const nano of spent) budget.spend(nano, START)
        const exact = spent.reduce((sum, nano) => sum + BigInt(nano), 0n)
        expect(budget.spentNano(START)).toBe(exact > BigInt(NANO_MAX) ? NANO_MAX : Number(exact))
        const given = kept.map((nano) => budget.keep(nano))
        expect(budget.roomNano(START)).toBeLessThanOrEqual(NANO_MAX - budget.spentNano(START))
        for (const nano of given) budget.giveBack(nano)
        expect(budget.reservedNano).toBe(0)
      }),
    )
  })
})

describe('what is reserved', () => {
  test('belongs to no period: it is still kept in the next one', () => {
    const budget = budgetOf(DAILY)
    budget.keep(60)
    expect(budget.roomNano(START + DAY_MS)).toBe(40)
  })
})

describe('thresholds', () => {
  test('are told as data for an event, with the spend that reached them', () => {
    const budget = budgetOf(DAILY, { mode: 'observe' })
    expect(budget.spend(49, START)).toEqual([])
    const told = { budgetId: 'budget', spentNano: 85, amountNano: 100, mode: 'observe' }
    const period = { periodId: 'day-2026-11-21', periodEndMs: at('2026-11-22T00:00:00Z') }
    expect(budget.spend(36, START)).toEqual([
      { ...told, ...period, percent: 50 },
      { ...told, ...period, percent: 80 },
    ])
    expect(budget.spend(1, START)).toEqual([])
  })

  test('are told once per period, and again in the next', () => {
    const budget = budgetOf(DAILY)
    expect(budget.spend(60, START)).toHaveLength(1)
    expect(budget.spend(1, START)).toHaveLength(0)
    expect(budget.spend(60, START + DAY_MS)).toHaveLength(1)
  })

  test.each(EVERY)('that were reached before a restart are not told after it: %o', (period) => {
    const before = budgetOf(period)
    before.spend(85, START)
    const after = budgetOf(period, {}, START + SECOND_MS)
    after.load(before.steps(START), START + SECOND_MS)
    expect(after.spend(1, START + SECOND_MS)).toEqual([])
    expect(after.spend(14, START + SECOND_MS).map(({ percent }) => percent)).toEqual([100])
  })
})

describe('loading', () => {
  test.each(EVERY)('what was stored gives the same budget, now and as time goes on: %o', (period) => {
    const before = budgetOf(period)
    for (let step = 0; step < 90; step++) before.spend(step % 7, START + step * 60 * SECOND_MS)
    const nowMs = START + 90 * 60 * SECOND_MS
    const after = budgetOf(period, {}, nowMs)
    after.load(before.steps(nowMs).toReversed(), nowMs)
    for (const nano of [1, 20, 60, 100]) expect(after.fitsAtMs(nano, nowMs)).toBe(before.fitsAtMs(nano, nowMs))
    for (const laterMs of [0, 5 * 60 * SECOND_MS, HOUR_MS, DAY_MS, 31 * DAY_MS])
      expect(after.spentNano(nowMs + laterMs)).toBe(before.spentNano(nowMs + laterMs))
  })

  test('rows of periods that are over, or lie ahead of the clock, do not count', () => {
    const budget = budgetOf(DAILY)
    const days = ['2026-11-19', '2026-11-20', '2026-11-21', '2026-11-22', '2027-11-21']
    budget.load(
      days.map((day, index) => ({ startMs: at(`${day}T00:00:00Z`), nano: 10 ** index })),
      START,
    )
    expect(budget.spentNano(START)).toBe(100)
    expect(budget.spentNano(START + DAY_MS)).toBe(0)
  })

  test('every row of the period counts, also such as no step of it begins with', () => {
    const rows: SpentStep[] = Array.from({ length: 200 }, (_, row) => ({ startMs: START - row * SECOND_MS, nano: 1 }))
    for (const period of [ROLLING_HOUR, DAILY]) {
      const budget = budgetOf(period, { amountNano: 1_000 })
      budget.load(rows, START)
      expect(budget.spentNano(START)).toBe(200)
      budget.spend(5, START)
      expect(budget.spentNano(START)).toBe(205)
      const latestMs = Math.max(...budget.steps(START).map(({ startMs }) => startMs))
      expect(latestMs).toBe(budget.range(START).stepStartMs)
    }
  })

  test('a row that is no amount of money counts as nothing', () => {
    const budget = budgetOf(DAILY)
    for (const nano of [-5, Number.NaN]) {
      budget.load([{ startMs: at('2026-11-21T00:00:00Z'), nano }], START)
      expect(budget.spentNano(START)).toBe(0)
    }
  })
})

describe('when there will be room', () => {
  test('is at once where only reservations are in the way', () => {
    const budget = budgetOf(DAILY)
    budget.spend(50, START)
    budget.keep(50)
    expect(budget.fitsAtMs(50, START)).toBe(START)
  })

  test('is the end of a calendar period, and never for a total or more than the whole amount', () => {
    const daily = budgetOf(DAILY)
    const total = budgetOf(TOTAL)
    for (const budget of [daily, total]) budget.spend(90, START)
    expect(daily.fitsAtMs(11, START)).toBe(at('2026-11-22T00:00:00Z'))
    expect(daily.fitsAtMs(101, START)).toBe(Number.POSITIVE_INFINITY)
    expect(total.fitsAtMs(11, START)).toBe(Number.POSITIVE_INFINITY)
  })

  test('in a rolling window is when enough has rolled out, and not before', () => {
    const spends = fc.array(fc.record({ waitMs: fc.nat(600_000), nano: fc.integer({ min: 1, max: 30 }) }), {
      minLength: 1,
      maxLength: 30,
    })
    fc.assert(
      fc.property(spends, fc.integer({ min: 1, max: 100 }), (made, nano) => {
        const budget = budgetOf(ROLLING_HOUR)
        let wallMs = START
        for (const one of made) budget.spend(one.nano, (wallMs += one.waitMs))
        const fitsMs = budget.fitsAtMs(nano, wallMs)
        const early = fitsMs > wallMs ? budget.roomNano(fitsMs - 1) : 0
        expect(early).toBeLessThan(nano)
        expect(budget.roomNano(fitsMs)).toBeGreaterThanOrEqual(nano)
      }),
    )
  })
})

describe('a wall clock', () => {
  test.each([SECOND_MS, 30 * 60 * SECOND_MS, HOUR_MS])(
    'that goes back by %d ms over the end of an hour does not reopen what was left, and the hour goes on',
    (backMs) => {
      const budget = budgetOf(HOURLY)
      budget.spend(100, START)
      const nextMs = at('2026-11-21T11:00:00Z')
      budget.spend(40, nextMs)
      expect(budget.roomNano(nextMs - backMs)).toBe(60)
      expect(budget.spend(10, nextMs - backMs)).toMatchObject([{ percent: 50, periodId: 'hour-2026-11-21T11:00Z' }])
      expect(budget.roomNano(nextMs + HOUR_MS - 1)).toBe(50)
      expect(budget.roomNano(nextMs + HOUR_MS)).toBe(100)
    },
  )

  test('that was a year ahead and is right again leaves nobody with a month that lasts a year, and nobody with more room', () => {
    const budget = budgetOf(MONTHLY)
    budget.spend(30, START)
    expect(budget.roomNano(START + YEAR_MS)).toBe(100)
    budget.spend(25, START + YEAR_MS)
    expect(budget.roomNano(START)).toBe(45)
    expect(budget.range(START).endMs).toBe(at('2026-12-01T00:00:00Z'))
    expect(budget.roomNano(at('2026-12-01T00:00:00Z'))).toBe(100)
  })

  test('that was a year ahead and is right again leaves a rolling window with all that was spent in it', () => {
    const budget = budgetOf(ROLLING_MONTH)
    for (let day = 0; day < 20; day++) budget.spend(1, START + day * DAY_MS)
    const nowMs = START + 20 * DAY_MS
    for (let day = 0; day < 3; day++) budget.spend(5, nowMs + YEAR_MS + day * DAY_MS)
    expect(budget.roomNano(nowMs)).toBe(100 - 20 - 15)
    expect(budget.roomNano(START + 31 * DAY_MS)).toBe(100 - 19 - 15)
    expect(budget.roomNano(nowMs + 31 * DAY_MS)).toBe(100)
  })

  test('that was three days ahead, past the end of the month, and is right again, is back in its own month', () => {
    const budget = budgetOf(MONTHLY)
    const rightMs = at('2026-11-29T12:00:00Z')
    budget.spend(60, rightMs)
    budget.spend(10, rightMs + 3 * DAY_MS)
    expect(budget.range(rightMs).id).toBe('month-2026-11')
    expect(budget.roomNano(rightMs)).toBe(30)
  })

  test('that falls back by a year leaves a new month the room that it had', () => {
    const budget = budgetOf(MONTHLY)
    budget.spend(100, START)
    const nextMs = at('2026-12-01T00:00:00Z')
    budget.spend(10, nextMs)
    expect(budget.roomNano(nextMs - YEAR_MS)).toBe(90)
  })

  test('that falls back by a year keeps what was spent', () => {
    for (const period of EVERY) {
      const budget = budgetOf(period)
      budget.spend(100, START)
      expect(budget.roomNano(START - YEAR_MS)).toBe(0)
    }
  })

  test('that jumps anywhere never makes room by going back, and no period lasts longer than two of its length', () => {
    const jumps = fc.oneof(
      fc.nat(2 * HOUR_MS),
      fc.constantFrom(HOUR_MS, -HOUR_MS, DAY_MS, -DAY_MS, YEAR_MS, -YEAR_MS),
      fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS }),
    )
    const steps = fc.array(fc.record({ jump: jumps, nano: fc.nat(20) }), { maxLength: 40 })
    fc.assert(
      fc.property(fc.constantFrom(...EVERY), steps, (period, made) => {
        const budget = budgetOf(period)
        let wallMs = START
        for (const { jump, nano } of made) {
          const before = budget.roomNano(wallMs)
          wallMs += jump
          const after = budget.roomNano(wallMs)
          expect(jump < 0 && after > before).toBe(false)
          const { startMs, endMs } = budget.range(wallMs)
          expect(period.kind === 'total' || endMs - wallMs <= 2 * (endMs - startMs)).toBe(true)
          budget.spend(nano, wallMs)
          expect(budget.roomNano(wallMs)).toBe(after - nano)
          expect(budget.steps(wallMs).reduce((sum, step) => sum + step.nano, 0)).toBe(budget.spentNano(wallMs))
        }
      }),
      { numRuns: 300 },
    )
  })
})
