import { describe, expect, test } from 'vitest'
import type { PeriodRange } from './period.ts'
import { NANO_MAX } from '../money.ts'
import { Thresholds } from './thresholds.ts'

const day = (index: number): PeriodRange => ({
  startMs: index * 100,
  endMs: index * 100 + 100,
  stepStartMs: index * 100,
  id: `day-${index}`,
})
/** A window of 60 that moves by 10. */
const window = (stepStartMs: number): PeriodRange => ({
  startMs: stepStartMs - 60,
  endMs: stepStartMs + 10,
  stepStartMs,
  id: `rolling-${stepStartMs}`,
})
const on = (range: PeriodRange, amountNano = 200, percents: readonly number[] = [50, 80, 100]): Thresholds => {
  const thresholds = new Thresholds(range)
  thresholds.change({ amountNano, percents }, 0)
  return thresholds
}

describe('a threshold', () => {
  test('is told when the spend reaches it to the nano-dollar, and once', () => {
    const thresholds = on(day(0))
    expect(thresholds.tell(99)).toEqual([])
    expect(thresholds.tell(100)).toEqual([50])
    expect(thresholds.tell(159)).toEqual([])
    expect(thresholds.tell(160)).toEqual([80])
    expect(thresholds.tell(500)).toEqual([100])
    expect(thresholds.tell(900)).toEqual([])
  })

  test('is told with the others that one settlement passes, in their order, however they are written', () => {
    expect(on(day(0), 200, [100, 50, 80]).tell(200)).toEqual([50, 80, 100])
  })

  test('is told again in the next period', () => {
    const thresholds = on(day(0))
    thresholds.tell(120)
    thresholds.enter(day(1))
    expect(thresholds.tell(99)).toEqual([])
    expect(thresholds.tell(100)).toEqual([50])
  })

  test('of a rolling window is told once while the telling lies in the window, though the spend hovers around it', () => {
    const thresholds = on(window(0))
    expect(thresholds.tell(100)).toEqual([50])
    for (const step of [10, 20, 30, 40, 50, 60]) {
      thresholds.enter(window(step))
      expect(thresholds.tell(99)).toEqual([])
      expect(thresholds.tell(100)).toEqual([])
    }
    thresholds.enter(window(70))
    expect(thresholds.tell(100)).toEqual([50])
  })

  test('that was reached by what the database held is not told again', () => {
    const thresholds = on(day(0))
    thresholds.skip(170)
    expect(thresholds.tell(180)).toEqual([])
    expect(thresholds.tell(200)).toEqual([100])
  })

  test('is news again when more is needed for it than was spent', () => {
    const thresholds = on(day(0))
    expect(thresholds.tell(100)).toEqual([50])
    thresholds.change({ amountNano: 400, percents: [50] }, 100)
    expect(thresholds.tell(199)).toEqual([])
    expect(thresholds.tell(200)).toEqual([50])
  })

  test('that a lower amount has reached is told with the next settlement, and those told before are not', () => {
    const thresholds = on(day(0))
    expect(thresholds.tell(100)).toEqual([50])
    thresholds.change({ amountNano: 120, percents: [50, 80, 100] }, 100)
    expect(thresholds.tell(101)).toEqual([80])
  })

  test('that a clock a year ahead has told does not stay silent for a year', () => {
    const thresholds = on(day(0))
    thresholds.enter(day(365))
    expect(thresholds.tell(100)).toEqual([50])
    thresholds.enter(day(0))
    expect(thresholds.tell(100)).toEqual([50])
  })
})

describe('the part of an amount', () => {
  test.each([
    [0, 100, 1],
    [1, 50, 1],
    [3, 50, 2],
    [101, 33, 34],
    [NANO_MAX, 100, NANO_MAX],
    [NANO_MAX, 80, 7_205_759_403_792_793],
  ])('of %d nano-dollars, %d %% is reached at %d', (amountNano, percent, least) => {
    expect(on(day(0), amountNano, [percent]).tell(least - 1)).toEqual([])
    expect(on(day(0), amountNano, [percent]).tell(least)).toEqual([percent])
  })
})
