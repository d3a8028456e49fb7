import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { type Period, periodAt } from './period.ts'
import { sharedPeriodAt } from './shared-period-at.ts'

test('answers what periodAt answers, wherever the clock jumps', () => {
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu')
  const units = fc.constantFrom('hour' as const, 'day' as const, 'month' as const)
  const periods: fc.Arbitrary<Period> = fc.oneof(
    fc.record({ kind: fc.constant('calendar' as const), unit: units, timeZone: zones }),
    fc.record({ kind: fc.constant('rolling' as const), ms: fc.integer({ min: 1, max: 1e9 }) }),
  )
  const walls = fc.integer({ min: 1.7e12, max: 1.7e12 + 1e10 })
  fc.assert(
    fc.property(fc.array(fc.tuple(periods, walls), { maxLength: 40 }), (asked) => {
      const shared = sharedPeriodAt()
      for (const [period, wallMs] of asked) expect(shared(period, wallMs)).toEqual(periodAt(period, wallMs))
    }),
    { numRuns: 30 },
  )
})

test('budgets of one calendar look at the time zone once in a period', () => {
  const looked = vi.spyOn(Intl, 'DateTimeFormat')
  try {
    const shared = sharedPeriodAt()
    const period: Period = { kind: 'calendar', unit: 'month', timeZone: 'Europe/Berlin' }
    for (let key = 0; key < 100; key++) shared({ ...period }, 1.7e12 + key)
    expect(looked).toHaveBeenCalledTimes(1)
  } finally {
    looked.mockRestore()
  }
})
