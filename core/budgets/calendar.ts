export type CalendarUnit = 'hour' | 'day' | 'week' | 'month'

/** From `startMs` up to, but not at, `endMs`; `id` is the hour in UTC, or the first day as the calendar of the zone calls it. */
export interface CalendarRange {
  readonly startMs: number
  readonly endMs: number
  readonly id: string
}

/** Where to look, and when. */
export interface Moment {
  readonly timeZone: string
  readonly wallMs: number
}

/**
 * The hour, day, week (from Monday) or month that `wallMs` lies in where clocks show `timeZone`. A period begins at the first moment at which
 * clocks there show its beginning or anything later, so periods follow each other without gap or overlap also where midnight is skipped,
 * comes twice, or a whole day is left out. Throws a `RangeError` for a zone that does not exist.
 */
export function calendarRange(unit: CalendarUnit, { timeZone, wallMs }: Moment): CalendarRange {
  const clock = zoneClock(timeZone)
  if (unit === 'hour') return hourRange(clock, wallMs)
  let start = unitStart(unit, clock(wallMs))
  let next = unitAfter(unit, start)
  let endMs = firstShown(next, clock)
  // Clocks that were set back past midnight show a day again that has ended already: it stays ended.
  while (endMs <= wallMs) {
    start = next
    next = unitAfter(unit, start)
    endMs = firstShown(next, clock)
  }
  return { startMs: firstShown(start, clock), endMs, id: unitId(unit, start) }
}

/** What a clock on the wall there shows at a moment, as milliseconds that would be that time of day in UTC. */
type ZoneClock = (ms: number) => number

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const WEEK_DAYS = 7
/** 1970 began on a Thursday, three days after a Monday. */
const FIRST_WEEKDAY = 3
/** No zone was ever farther from UTC. */
const OFFSET_MS_MAX = 16 * HOUR_MS
/** Clocks are set at, and by, multiples of this. */
const CHANGE_MS = 15 * MINUTE_MS

function zoneClock(timeZone: string): ZoneClock {
  if (timeZone === 'UTC') return (ms) => ms
  const format = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  })
  return (ms) => {
    const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, second = 0] = (
      format.format(ms).match(/\d+/g) ?? []
    ).map(Number)
    return Date.UTC(year, month - 1, day, hour, minute, second) + remainder(ms, SECOND_MS)
  }
}

/**
 * Hours are hours of time: one that clocks show twice is two. They begin when clocks show a full hour, which in some zones is a half hour of
 * UTC; a change by a part of an hour (Lord Howe: half of one) cuts the hour that it falls into.
 */
function hourRange(clock: ZoneClock, wallMs: number): CalendarRange {
  const phase = (ms: number): number => remainder(clock(ms) - ms, HOUR_MS)
  const here = phase(wallMs)
  const fullMs = wallMs - remainder(clock(wallMs), HOUR_MS)
  const startMs =
    phase(fullMs) === here ? fullMs : firstMs({ afterMs: fullMs, untilMs: wallMs }, (ms) => phase(ms) === here)
  const lastMs = fullMs + HOUR_MS - 1
  const endMs =
    phase(lastMs) === here ? lastMs + 1 : firstMs({ afterMs: wallMs, untilMs: lastMs }, (ms) => phase(ms) !== here)
  return { startMs, endMs, id: `hour-${new Date(startMs).toISOString().slice(0, 16)}Z` }
}

/** The first moment at which clocks show `shown` or later. They may jump over it, or show it twice. */
function firstShown(shown: number, clock: ZoneClock): number {
  const fromMs = shown - OFFSET_MS_MAX
  const toMs = shown + OFFSET_MS_MAX
  const offsetMs = clock(fromMs) - fromMs
  if (clock(toMs) - toMs === offsetMs) return shown - offsetMs
  // Clocks are set about then, which happens twice a year: look at every moment at which that can be.
  let ms = fromMs
  while (clock(ms) < shown) ms += CHANGE_MS
  return firstMs({ afterMs: ms - CHANGE_MS, untilMs: ms }, (moment) => clock(moment) >= shown)
}

/** The first moment at which `holds` is true, where it is false at `afterMs`, true at `untilMs`, and changes once between them. */
function firstMs(
  { afterMs, untilMs }: { readonly afterMs: number; readonly untilMs: number },
  holds: (ms: number) => boolean,
): number {
  let before = afterMs
  let first = untilMs
  while (first - before > 1) {
    const middle = Math.floor((before + first) / 2)
    if (holds(middle)) first = middle
    else before = middle
  }
  return first
}

/** Of what is longer than an hour; hours do not follow the calendar. */
type LongUnit = Exclude<CalendarUnit, 'hour'>

function unitStart(unit: LongUnit, shown: number): number {
  const day = Math.floor(shown / DAY_MS)
  switch (unit) {
    case 'day':
      return day * DAY_MS
    case 'week':
      return (day - remainder(day + FIRST_WEEKDAY, WEEK_DAYS)) * DAY_MS
    case 'month':
      return monthStart(shown, 0)
  }
}

function unitAfter(unit: LongUnit, start: number): number {
  switch (unit) {
    case 'day':
      return start + DAY_MS
    case 'week':
      return start + WEEK_DAYS * DAY_MS
    case 'month':
      return monthStart(start, 1)
  }
}

function monthStart(shown: number, monthsOn: number): number {
  const date = new Date(shown)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsOn, 1)
}

/** `month-2026-11`, `week-2026-11-16`, `day-2026-11-21`. */
const unitId = (unit: LongUnit, start: number): string =>
  `${unit}-${new Date(start).toISOString().slice(0, unit === 'month' ? 7 : 10)}`

/** Never negative, unlike `%`. */
const remainder = (value: number, divisor: number): number => ((value % divisor) + divisor) % divisor
