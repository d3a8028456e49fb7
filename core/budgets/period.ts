import { type CalendarUnit, calendarRange } from './calendar.ts'

/** After what time spent money no longer counts: never, a fixed time after it was spent, or when the calendar turns somewhere on earth. */
export type Period =
  | { readonly kind: 'total' }
  | { readonly kind: 'rolling'; readonly ms: number }
  /** `timeZone` is an IANA name (`Europe/Berlin`); one that does not exist throws a `RangeError`. Weeks begin on Monday. */
  | { readonly kind: 'calendar'; readonly unit: CalendarUnit; readonly timeZone: string }

/** The period in force at one moment: from `startMs` up to, but not at, `endMs`. For a rolling window: what it covers until it next moves. */
export interface PeriodRange {
  readonly startMs: number
  /** `Infinity` for a total. */
  readonly endMs: number
  /** Start of the step in which money that is spent now is counted: what a row of the database is named by. */
  readonly stepStartMs: number
  /** Names this step of this period for ever, and no other of the same budget: fit for a key of the database. */
  readonly id: string
}

/** `periodAt`, or something that answers the same and keeps its answers. */
export type PeriodAt = (period: Period, wallMs: number) => PeriodRange

/**
 * Which period `wallMs` lies in. It costs about a tenth of a millisecond for a time zone other than UTC, so it is not for every request: who asks keeps the answer
 * until the clock reaches `endMs` (`Budget` does), which is once in a period, and 60 times in a rolling window.
 */
export function periodAt(period: Period, wallMs: number): PeriodRange {
  switch (period.kind) {
    case 'total':
      return { startMs: 0, endMs: Number.POSITIVE_INFINITY, stepStartMs: 0, id: 'total' }
    case 'rolling':
      return rollingRange(period.ms, wallMs)
    case 'calendar': {
      const { startMs, endMs, id } = calendarRange(period.unit, { timeZone: period.timeZone, wallMs })
      return { startMs, endMs, stepStartMs: startMs, id }
    }
  }
}

/** Start of the step that `wallMs` lies in: a sixtieth of a rolling window, else the whole period. As expensive as `periodAt`. */
export const stepOf = (period: Period, wallMs: number): number => periodAt(period, wallMs).stepStartMs

/** When a rolling window of `windowMs` no longer covers a step: spent money counts for the window and up to two steps (sixtieths) longer. */
export function leavesAtMs(windowMs: number, stepStartMs: number): number {
  const stepMs = stepMsOf(windowMs)
  return Math.ceil((stepStartMs + stepMs + windowMs) / stepMs) * stepMs
}

const STEPS_IN_WINDOW = 60

const stepMsOf = (windowMs: number): number => Math.max(1, Math.ceil(windowMs / STEPS_IN_WINDOW))

/** From the step in which the window begins, whole, to the end of the running one: rather a step too much than money that is forgotten early. */
function rollingRange(windowMs: number, wallMs: number): PeriodRange {
  const stepMs = stepMsOf(windowMs)
  const stepStartMs = Math.floor(wallMs / stepMs) * stepMs
  return {
    startMs: Math.floor((stepStartMs - windowMs) / stepMs) * stepMs,
    endMs: stepStartMs + stepMs,
    stepStartMs,
    id: `rolling-${windowMs}-${new Date(stepStartMs).toISOString()}`,
  }
}
