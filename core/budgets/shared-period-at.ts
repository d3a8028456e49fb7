import { type PeriodAt, type PeriodRange, periodAt } from './period.ts'

/**
 * `periodAt` for many budgets of the same calendar: what was worked out for one is kept for the others until the period is over, so that the
 * first second of a month costs one look at the time zone and not one for each key. One for the process, handed to every `Budget`.
 */
export function sharedPeriodAt(): PeriodAt {
  // One entry for each unit and zone in use.
  const ranges = new Map<string, PeriodRange>()
  return (period, wallMs) => {
    if (period.kind !== 'calendar') return periodAt(period, wallMs)
    const name = `${period.unit} ${period.timeZone}`
    const kept = ranges.get(name)
    if (kept !== undefined && wallMs >= kept.startMs && wallMs < kept.endMs) return kept
    const range = periodAt(period, wallMs)
    ranges.set(name, range)
    return range
  }
}
