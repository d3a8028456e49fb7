import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CalendarUnit } from './calendar.ts'
import { leavesAtMs, type Period, periodAt, stepOf } from './period.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const at = (text: string): number => Date.parse(text)
const text = (ms: number): string => new Date(ms).toISOString()
const calendar = (unit: CalendarUnit, timeZone: string): Period => ({ kind: 'calendar', unit, timeZone })
const shown = (period: Period, moment: string): string => {
  const { startMs, endMs, id } = periodAt(period, at(moment))
  return `${id} ${text(startMs)} ${text(endMs)}`
}

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'Asia/Kathmandu',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kiritimati',
  'America/St_Johns',
  'America/Sao_Paulo',
  'America/Havana',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Antarctica/Troll',
]
const UNITS = ['hour', 'day', 'week', 'month'] as const
const walls = fc.integer({ min: at('1980-01-01T00:00:00Z'), max: at('2037-12-31T00:00:00Z') })
const calendars = fc.record({
  kind: fc.constant('calendar' as const),
  unit: fc.constantFrom(...UNITS),
  timeZone: fc.constantFrom(...ZONES),
})
const periods: fc.Arbitrary<Period> = fc.oneof(
  calendars,
  fc.record({ kind: fc.constant('rolling' as const), ms: fc.integer({ min: 1, max: 30 * DAY_MS }) }),
  fc.constant({ kind: 'total' as const }),
)

describe('a period of the calendar', () => {
  test.each([
    ['month', 'UTC', '2026-11-21T18:00:00Z', 'month-2026-11 2026-11-01T00:00:00.000Z 2026-12-01T00:00:00.000Z'],
    ['month', 'UTC', '2026-12-31T23:59:59.999Z', 'month-2026-12 2026-12-01T00:00:00.000Z 2027-01-01T00:00:00.000Z'],
    ['month', 'UTC', '2028-02-29T12:00:00Z', 'month-2028-02 2028-02-01T00:00:00.000Z 2028-03-01T00:00:00.000Z'],
    ['day', 'UTC', '2026-11-21T00:00:00Z', 'day-2026-11-21 2026-11-21T00:00:00.000Z 2026-11-22T00:00:00.000Z'],
    ['week', 'UTC', '2026-11-22T23:59:59.999Z', 'week-2026-11-16 2026-11-16T00:00:00.000Z 2026-11-23T00:00:00.000Z'],
    ['week', 'UTC', '2026-11-23T00:00:00Z', 'week-2026-11-23 2026-11-23T00:00:00.000Z 2026-11-30T00:00:00.000Z'],
    [
      'hour',
      'UTC',
      '2026-11-21T18:59:59.999Z',
      'hour-2026-11-21T18:00Z 2026-11-21T18:00:00.000Z 2026-11-21T19:00:00.000Z',
    ],
  ] as const)('%s in %s at %s is %s', (unit, timeZone, moment, expected) => {
    expect(shown(calendar(unit, timeZone), moment)).toBe(expected)
  })

  test.each([
    [
      'a day of 23 hours',
      'day',
      'Europe/Berlin',
      '2026-03-29T10:00:00Z',
      'day-2026-03-29 2026-03-28T23:00:00.000Z 2026-03-29T22:00:00.000Z',
    ],
    [
      'a day of 25 hours',
      'day',
      'Europe/Berlin',
      '2026-10-25T10:00:00Z',
      'day-2026-10-25 2026-10-24T22:00:00.000Z 2026-10-25T23:00:00.000Z',
    ],
    [
      'the week that ends with it',
      'week',
      'Europe/Berlin',
      '2026-03-25T10:00:00Z',
      'week-2026-03-23 2026-03-22T23:00:00.000Z 2026-03-29T22:00:00.000Z',
    ],
    [
      'the month that holds it',
      'month',
      'Europe/Berlin',
      '2026-03-10T10:00:00Z',
      'month-2026-03 2026-02-28T23:00:00.000Z 2026-03-31T22:00:00.000Z',
    ],
    [
      'a day whose midnight is skipped',
      'day',
      'Africa/Cairo',
      '2026-04-24T10:00:00Z',
      'day-2026-04-24 2026-04-23T22:00:00.000Z 2026-04-24T21:00:00.000Z',
    ],
    [
      'a day whose midnight comes twice',
      'day',
      'America/Havana',
      '2026-11-01T12:00:00Z',
      'day-2026-11-01 2026-11-01T04:00:00.000Z 2026-11-02T05:00:00.000Z',
    ],
    [
      'the day before one that is left out',
      'day',
      'Pacific/Apia',
      '2011-12-30T09:59:59.999Z',
      'day-2011-12-29 2011-12-29T10:00:00.000Z 2011-12-30T10:00:00.000Z',
    ],
    [
      'the day after one that is left out',
      'day',
      'Pacific/Apia',
      '2011-12-30T10:00:00Z',
      'day-2011-12-31 2011-12-30T10:00:00.000Z 2011-12-31T10:00:00.000Z',
    ],
    [
      'a day that has ended and is shown again',
      'day',
      'America/St_Johns',
      '2010-11-07T02:45:00Z',
      'day-2010-11-07 2010-11-07T02:30:00.000Z 2010-11-08T03:30:00.000Z',
    ],
    [
      'a zone of three quarters of an hour',
      'day',
      'Asia/Kathmandu',
      '2026-11-21T18:15:00Z',
      'day-2026-11-22 2026-11-21T18:15:00.000Z 2026-11-22T18:15:00.000Z',
    ],
    [
      'an hour there',
      'hour',
      'Asia/Kathmandu',
      '2026-11-21T18:14:59Z',
      'hour-2026-11-21T17:15Z 2026-11-21T17:15:00.000Z 2026-11-21T18:15:00.000Z',
    ],
    [
      'an hour that clocks show twice, first',
      'hour',
      'Europe/Berlin',
      '2026-10-25T00:30:00Z',
      'hour-2026-10-25T00:00Z 2026-10-25T00:00:00.000Z 2026-10-25T01:00:00.000Z',
    ],
    [
      'an hour that clocks show twice, again',
      'hour',
      'Europe/Berlin',
      '2026-10-25T01:30:00Z',
      'hour-2026-10-25T01:00Z 2026-10-25T01:00:00.000Z 2026-10-25T02:00:00.000Z',
    ],
    [
      'half an hour that clocks show again',
      'hour',
      'Australia/Lord_Howe',
      '2026-04-04T15:15:00Z',
      'hour-2026-04-04T15:00Z 2026-04-04T15:00:00.000Z 2026-04-04T15:30:00.000Z',
    ],
    [
      'half an hour before clocks are set at half past',
      'hour',
      'Asia/Pyongyang',
      '2018-05-04T14:45:00Z',
      'hour-2018-05-04T14:30Z 2018-05-04T14:30:00.000Z 2018-05-04T15:00:00.000Z',
    ],
    [
      'an hour of which half is skipped',
      'hour',
      'Australia/Lord_Howe',
      '2026-10-03T15:45:00Z',
      'hour-2026-10-03T15:30Z 2026-10-03T15:30:00.000Z 2026-10-03T16:00:00.000Z',
    ],
  ] as const)('knows %s', (_, unit, timeZone, moment, expected) => {
    expect(shown(calendar(unit, timeZone), moment)).toBe(expected)
  })

  test('is the day that clocks there show, at any moment', () => {
    const quiet = ZONES.filter((zone) => zone !== 'America/St_Johns')
    fc.assert(
      fc.property(walls, fc.constantFrom(...quiet), (wallMs, timeZone) => {
        const day = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(wallMs)
        expect(periodAt(calendar('day', timeZone), wallMs).id).toBe(`day-${day}`)
        expect(periodAt(calendar('month', timeZone), wallMs).id).toBe(`month-${day.slice(0, 7)}`)
      }),
    )
  })

  test('in a zone that does not exist is an error, not a guess', () => {
    expect(() => periodAt(calendar('day', 'Europe/Atlantis'), 0)).toThrow(RangeError)
  })
})

describe('periods of any kind', () => {
  test('hold the moment, follow each other without gap or overlap, and have each a name of its own', () => {
    fc.assert(
      fc.property(periods, walls, (period, wallMs) => {
        const range = periodAt(period, wallMs)
        expect(range.startMs).toBeLessThanOrEqual(range.stepStartMs)
        expect(range.stepStartMs).toBeLessThanOrEqual(wallMs)
        expect(range.endMs).toBeGreaterThan(wallMs)
        expect(periodAt(period, range.stepStartMs)).toEqual(range)
        if (range.endMs === Number.POSITIVE_INFINITY) return
        expect(periodAt(period, range.endMs - 1)).toEqual(range)
        const next = periodAt(period, range.endMs)
        expect(next.stepStartMs).toBe(range.endMs)
        expect(next.id).not.toBe(range.id)
      }),
    )
  })

  test('a total never ends', () => {
    expect(periodAt({ kind: 'total' }, 5)).toEqual({
      startMs: 0,
      endMs: Number.POSITIVE_INFINITY,
      stepStartMs: 0,
      id: 'total',
    })
  })
})

describe('a rolling window', () => {
  test('moves in sixtieths', () => {
    expect(stepOf({ kind: 'rolling', ms: HOUR_MS }, at('2026-11-21T18:03:59.999Z'))).toBe(at('2026-11-21T18:03:00Z'))
    expect(shown({ kind: 'rolling', ms: HOUR_MS }, '2026-11-21T18:03:59.999Z')).toBe(
      'rolling-3600000-2026-11-21T18:03:00.000Z 2026-11-21T17:03:00.000Z 2026-11-21T18:04:00.000Z',
    )
  })

  test('covers what was spent for its whole length, and at most two steps longer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 * DAY_MS }), walls, (ms, wallMs) => {
        const period: Period = { kind: 'rolling', ms }
        const step = stepOf(period, wallMs)
        const stepMs = periodAt(period, wallMs).endMs - step
        expect(stepMs).toBeLessThanOrEqual(Math.ceil(ms / 60))
        expect(periodAt(period, wallMs + ms).startMs).toBeLessThanOrEqual(step)
        const leaves = leavesAtMs(ms, step)
        expect(periodAt(period, leaves - 1).startMs).toBeLessThanOrEqual(step)
        expect(periodAt(period, leaves).startMs).toBeGreaterThan(step)
        expect(leaves).toBeLessThanOrEqual(wallMs + ms + 2 * stepMs)
      }),
    )
  })
})
