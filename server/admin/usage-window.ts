import { Fault } from '../../core/fault.ts'

/** What a call says of its window: days (UTC), or moments where it may. */
interface Asked {
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** The days of a window, both in it: thirty up to today where nothing is said. Throws `bad_request` for one that ends before it begins. */
export function daysOf(asked: Asked, now: Date): { readonly from: string; readonly to: string } {
  const to = asked.to ?? dayOf(now)
  const from = asked.from ?? dayOf(new Date(Date.parse(to) - 29 * DAY_MS))
  if (from > to) throw backwards()
  return { from, to }
}

/** A window of days and moments in milliseconds since 1970, the end not in it. A day is part of its window. */
export function momentsOf(asked: Asked, now: Date): { readonly from: number; readonly to: number } {
  const { from, to } = asked
  const until = to === undefined ? now.getTime() + CLOCKS_MS : Date.parse(to) + (isDay(to) ? DAY_MS : 0)
  const since = from === undefined ? until - 30 * DAY_MS : Date.parse(from)
  if (since >= until) throw backwards()
  return { from: since, to: until }
}

const DAY_MS = 86_400_000

/** How far the clock of another gateway may be ahead of ours before the newest attempts are missed. */
const CLOCKS_MS = 3_600_000

/** The UTC day. */
const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10)

const isDay = (text: string): boolean => text.length === '2025-11-21'.length

const backwards = () => new Fault('bad_request', 'from: must not be after to', { field: 'from' })
