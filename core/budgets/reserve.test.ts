import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Budget, type BudgetRule } from './budget.ts'
import { periodAt } from './period.ts'
import { type Estimate, type Exhausted, type Reserved, refusalOf, reserveAll } from './reserve.ts'

const START = Date.parse('2026-11-21T10:30:00Z')
const MIDNIGHT = Date.parse('2026-11-22T00:00:00Z')
const MONTH_END = Date.parse('2026-12-01T00:00:00Z')

const budgetOf = (id: string, amountNano: number, fields: Partial<BudgetRule> = {}): Budget =>
  new Budget(
    {
      id,
      amountNano,
      period: { kind: 'calendar', unit: 'day', timeZone: 'UTC' },
      mode: 'enforce',
      thresholdsPercent: [50],
      ...fields,
    },
    { wallMs: START, periodAt },
  )
const priced = (nano: number): Estimate => ({ kind: 'priced', nano })
const FREE = priced(0)

function admitted(budgets: readonly Budget[], estimate: Estimate, wallMs = START): Reserved {
  const reserved = reserveAll(budgets, estimate, wallMs)
  if (reserved.verdict === 'exhausted') throw new Error(`refused by ${reserved.budgetId}`)
  return reserved
}
function refused(budgets: readonly Budget[], estimate: Estimate, wallMs = START): Exhausted {
  const reserved = reserveAll(budgets, estimate, wallMs)
  if (reserved.verdict === 'reserved') throw new Error('admitted')
  return reserved
}

describe('a request on several budgets', () => {
  test('reserves in all of them, or in none', () => {
    const [wide, narrow] = [budgetOf('wide', 100), budgetOf('narrow', 10)]
    admitted([wide, narrow], priced(10))
    expect([wide.reservedNano, narrow.reservedNano]).toEqual([10, 10])
    refused([wide, narrow], priced(1))
    expect([wide.reservedNano, narrow.reservedNano]).toEqual([10, 10])
  })

  test('passes with room for exactly its estimate, and is refused with one nano-dollar less', () => {
    const budget = budgetOf('one', 10)
    refused([budget], priced(11))
    admitted([budget], priced(10))
  })

  test('passes where there is no budget', () => {
    expect(admitted([], priced(10)).settle(5, START)).toEqual([])
  })

  test('is told which budget stays without room the longest, until when, and why', () => {
    const [day, month] = [
      budgetOf('day', 10),
      budgetOf('month', 10, { period: { kind: 'calendar', unit: 'month', timeZone: 'UTC' } }),
    ]
    admitted([day, month], priced(8)).settle(8, START)
    expect(refused([day, month, budgetOf('open', 100)], priced(3))).toEqual({
      verdict: 'exhausted',
      budgetId: 'month',
      amountNano: 10,
      spentNano: 8,
      reservedNano: 0,
      neededNano: 3,
      periodEndMs: MONTH_END,
      retryAtMs: MONTH_END,
    })
    expect(refused([day], priced(3))).toMatchObject({ budgetId: 'day', retryAtMs: MIDNIGHT })
  })

  test('is told to come back soon when only running requests are in the way', () => {
    const budget = budgetOf('one', 10)
    const running = admitted([budget], priced(8))
    expect(refused([budget], priced(3))).toMatchObject({ retryAtMs: START, spentNano: 0, reservedNano: 8 })
    running.close()
    admitted([budget], priced(3))
  })

  test('is quoted what it would be told, and the quote reserves nothing', () => {
    const budget = budgetOf('one', 10)
    expect(refusalOf([budget], priced(10), START)).toBeUndefined()
    expect(refusalOf([budget], priced(11), START)).toEqual(refused([budget], priced(11)))
    expect(budget.reservedNano).toBe(0)
  })
})

describe('what a request costs', () => {
  test.each([0, 3, 10, 25])('%d of 10 reserved: the truth is spent and nothing stays reserved', (actual) => {
    const budgets = [budgetOf('one', 100), budgetOf('two', 200)]
    admitted(budgets, priced(10)).settle(actual, START)
    expect(budgets.map((budget) => budget.spentNano(START))).toEqual([actual, actual])
    expect(budgets.map((budget) => budget.reservedNano)).toEqual([0, 0])
  })

  test.each([null, Number.NaN, -1])('is what was reserved where nobody knows it: %s', (actual) => {
    const budget = budgetOf('one', 100)
    admitted([budget], priced(10)).settle(actual, START)
    expect(budget.spentNano(START)).toBe(10)
  })

  test('is booked once, however often and in whatever order a request ends', () => {
    const ends: readonly ((reserved: Reserved) => void)[] = [
      (reserved) => reserved.settle(4, START),
      (reserved) => reserved.close(),
      (reserved) => reserved.book(7, START),
      (reserved) => reserved.raise(50, START),
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...ends), { maxLength: 6 }), (more) => {
        const budget = budgetOf('one', 100)
        const reserved = admitted([budget], priced(10))
        reserved.settle(3, START)
        for (const end of more) end(reserved)
        expect(budget.spentNano(START)).toBe(3)
        expect(budget.reservedNano).toBe(0)
      }),
    )
  })

  test('is booked per attempt, out of what is reserved, while the rest stays reserved', () => {
    const budget = budgetOf('one', 100)
    const reserved = admitted([budget], priced(10))
    reserved.book(4, START)
    expect([budget.spentNano(START), budget.reservedNano, reserved.keptNano]).toEqual([4, 6, 6])
    expect(reserved.raise(10, START)).toBe(true)
    expect([budget.spentNano(START), budget.reservedNano]).toEqual([4, 10])
    reserved.settle(9, START)
    expect([budget.spentNano(START), budget.reservedNano]).toEqual([13, 0])
  })

  test('belongs to the period in which it is settled', () => {
    const budget = budgetOf('one', 100)
    const reserved = admitted([budget], priced(10), MIDNIGHT - 1)
    expect(budget.roomNano(MIDNIGHT)).toBe(90)
    reserved.settle(5, MIDNIGHT)
    expect(budget.roomNano(MIDNIGHT)).toBe(95)
  })

  test('tells the thresholds that it reached in any of its budgets', () => {
    const budgets = [budgetOf('one', 10), budgetOf('two', 100), budgetOf('three', 20)]
    const reached = admitted(budgets, priced(10)).settle(10, START)
    expect(reached.map(({ budgetId, percent }) => [budgetId, percent])).toEqual([
      ['one', 50],
      ['three', 50],
    ])
  })
})

describe('a request that needs more than was reserved', () => {
  test('gets it in all of its budgets, or nothing in any and is told so', () => {
    const [wide, narrow] = [budgetOf('wide', 100), budgetOf('narrow', 20)]
    const reserved = admitted([wide, narrow], priced(10))
    expect(reserved.raise(21, START)).toBe(false)
    expect([wide.reservedNano, narrow.reservedNano]).toEqual([10, 10])
    expect(reserved.raise(20, START)).toBe(true)
    expect([wide.reservedNano, narrow.reservedNano]).toEqual([20, 20])
    expect(reserved.raise(5, START)).toBe(true)
    expect([wide.reservedNano, narrow.reservedNano]).toEqual([20, 20])
  })

  test('is asked for room as a new one would be, so a fallback cannot pass an exhausted budget', () => {
    const budget = budgetOf('one', 10)
    const free = admitted([budget], FREE)
    admitted([budget], priced(10))
    expect(free.raise(1, START)).toBe(false)
  })
})

describe('a model of price zero', () => {
  test('passes an exhausted budget, and one that was passed', () => {
    const budget = budgetOf('one', 10)
    admitted([budget], priced(10)).settle(30, START)
    const free = admitted([budget], FREE)
    expect(free.wouldRefuse).toEqual([])
    free.settle(null, START)
    expect(budget.spentNano(START)).toBe(30)
    expect(refusalOf([budget], FREE, START)).toBeUndefined()
  })
})

describe('a price that is unknown', () => {
  test('reserves its ceiling, and books it where the cost stays unknown', () => {
    const budget = budgetOf('one', 10)
    const reserved = admitted([budget], { kind: 'ceiling', nano: 6 })
    expect(budget.reservedNano).toBe(6)
    reserved.settle(null, START)
    expect(budget.spentNano(START)).toBe(6)
    refused([budget], { kind: 'ceiling', nano: 6 })
  })

  test('is never for free: with a ceiling of zero an exhausted budget refuses it', () => {
    const budget = budgetOf('one', 10)
    admitted([budget], { kind: 'ceiling', nano: 0 })
    admitted([budget], priced(10))
    expect(refused([budget], { kind: 'ceiling', nano: 0 })).toMatchObject({ neededNano: 0, retryAtMs: START })
  })

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY])('and an estimate of %s fits nowhere', (nano) => {
    expect(refused([budgetOf('one', 1e15)], priced(nano)).retryAtMs).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('a budget that only observes', () => {
  test('counts like any other, refuses nothing, and says what it would have refused', () => {
    const [watched, enforced] = [budgetOf('watched', 10, { mode: 'observe' }), budgetOf('enforced', 100)]
    admitted([watched, enforced], priced(8)).settle(8, START)
    const reserved = admitted([watched, enforced], priced(5))
    expect(reserved.wouldRefuse).toMatchObject([{ budgetId: 'watched', spentNano: 8, neededNano: 5 }])
    expect(watched.roomNano(START)).toBe(-3)
    expect(reserved.raise(20, START)).toBe(true)
    reserved.close()
    expect(watched.roomNano(START)).toBe(2)
    expect(refused([watched, enforced], priced(93)).budgetId).toBe('enforced')
  })

  test('refuses as soon as it is switched to enforce, with the spend that it has counted', () => {
    const budget = budgetOf('one', 10, { mode: 'observe' })
    admitted([budget], priced(12)).settle(12, START)
    budget.change({ amountNano: 10, mode: 'enforce', thresholdsPercent: [] }, START)
    refused([budget], priced(1))
  })
})
