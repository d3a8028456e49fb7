import type { WireId } from '../chat.ts'
import type { LimitRule, Meter } from './meter.ts'

/** When an answer is written. */
export interface Moment {
  /** Monotonic milliseconds: what meters know. */
  readonly nowMs: number
  /** The same moment in milliseconds since 1970, for wires that name the time of day. */
  readonly wallMs: number
}

/**
 * What a client of this wire is told about its limits, as names and values in turn: for requests and for tokens the rule with the smallest part
 * left. Nothing about places, for which no vendor has a header, and nothing at all on Gemini's wire, which has none. Source: wire-formats, section 1.
 */
export function rateHeaders(wire: WireId, meters: readonly Meter[], moment: Moment): readonly string[] {
  const headers: string[] = []
  for (const measure of MEASURES) {
    const meter = tightest(meters, measure, moment.nowMs)
    if (meter !== undefined) pushHeaders(headers, wire, { measure, meter, moment })
  }
  return headers
}

type Measure = Exclude<LimitRule['measure'], 'concurrent'>
const MEASURES: readonly Measure[] = ['requests', 'tokens']

/** Of two that have as much left the one that takes longer to be whole again. */
function tightest(meters: readonly Meter[], measure: Measure, nowMs: number): Meter | undefined {
  let found: Meter | undefined
  for (const meter of meters) {
    if (meter.rule.measure === measure && (found === undefined || isTighter(meter, found, nowMs))) found = meter
  }
  return found
}

function isTighter(one: Meter, other: Meter, nowMs: number): boolean {
  const difference = shareLeft(one, nowMs) - shareLeft(other, nowMs)
  return difference < 0 || (difference === 0 && one.resetMs(nowMs) > other.resetMs(nowMs))
}

const shareLeft = (meter: Meter, nowMs: number): number =>
  meter.rule.max > 0 ? meter.remaining(nowMs) / meter.rule.max : 0

interface Told {
  readonly measure: Measure
  readonly meter: Meter
  readonly moment: Moment
}

function pushHeaders(headers: string[], wire: WireId, { measure, meter, moment }: Told): void {
  const limit = String(meter.rule.max)
  const remaining = String(meter.remaining(moment.nowMs))
  const resetMs = meter.resetMs(moment.nowMs)
  switch (wire) {
    case 'openai-chat':
    case 'openai-responses':
      headers.push(
        `x-ratelimit-limit-${measure}`,
        limit,
        `x-ratelimit-remaining-${measure}`,
        remaining,
        `x-ratelimit-reset-${measure}`,
        durationText(resetMs),
      )
      return
    case 'anthropic':
      headers.push(
        `anthropic-ratelimit-${measure}-limit`,
        limit,
        `anthropic-ratelimit-${measure}-remaining`,
        remaining,
        `anthropic-ratelimit-${measure}-reset`,
        secondText(moment.wallMs + resetMs),
      )
      return
    case 'gemini':
      return
  }
}

/** As Go prints a duration, which OpenAI does: `0s`, `230ms`, `1.2s`, `6m0s`, `23h18m29.144s`. Rounded up, for a reset must not be told too early. */
function durationText(milliseconds: number): string {
  const ms = Math.ceil(milliseconds)
  if (ms === 0) return '0s'
  if (ms < 1_000) return `${ms}ms`
  const seconds = `${(ms % 60_000) / 1_000}s`
  const minutes = Math.trunc(ms / 60_000)
  if (minutes === 0) return seconds
  return minutes < 60 ? `${minutes}m${seconds}` : `${Math.trunc(minutes / 60)}h${minutes % 60}m${seconds}`
}

/** RFC 3339 in whole seconds, rounded up. */
const secondText = (wallMs: number): string =>
  `${new Date(Math.ceil(wallMs / 1_000) * 1_000).toISOString().slice(0, 19)}Z`
