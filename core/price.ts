import { NANO_MAX, PICO_PER_NANO, type Nano, type Pico } from './money.ts'
import { ONE_REQUEST, UNIT_KINDS, type Units } from './units.ts'
import { inputTokens, USAGE_KINDS, type Usage } from './usage.ts'

/** What a unit of each kind costs, in pico-dollars per token (per call for `searches`). */
export type Rates = { readonly [kind in keyof Usage]: Pico }

/** Rates as a vendor publishes them: a kind that is not listed is billed as `fullRates` says. */
export type PublishedRates = Partial<Rates> & { readonly input: Pico; readonly output: Pico }

/** Rates that hold when the whole prompt has more than `abovePromptTokens` tokens. */
export interface Step {
  readonly abovePromptTokens: number
  readonly rates: Rates
}

/** What a piece of each unit costs, in pico-dollars. */
export type UnitRates = { readonly [unit in keyof Units]: Pico }

/** Rates, and those that replace all of them for a long prompt. */
export interface Tariff {
  readonly rates: Rates
  /** Ascending by `abovePromptTokens`. */
  readonly steps: readonly Step[]
  /** Absent: nothing is billed by the piece. A long prompt changes none of them. */
  readonly units?: UnitRates
}

/** A stretch of the day in which a price holds: from `startMinute` up to, but not at, `endMinute`, counted from midnight UTC. */
export interface Hours {
  readonly startMinute: number
  readonly endMinute: number
  /** Days of the week in UTC, Sunday 0 to Saturday 6. */
  readonly days: readonly number[]
}

/** One dated price of one model at one provider. The newest that holds at the moment is in force. */
export interface Price extends Tariff {
  /** Names exactly this price for ever; stored on each record so that it can be costed again bit for bit. */
  readonly version: string
  /** Milliseconds since 1970 from which it holds. */
  readonly from: number
  /** Milliseconds since 1970 from which it holds no more; absent: until another replaces it. No part of `version`: an end may come later. */
  readonly until?: number
  /** Absent: it holds around the clock. A price for busy hours stands behind the one that it replaces in them. */
  readonly hours?: readonly Hours[]
  /** What is charged instead by the service tier that the vendor says it used (`flex`, `priority`, `batch`). */
  readonly tiers: { readonly [tier: string]: Tariff }
}

/**
 * The price in force at `at`, or `undefined` when none is: unknown, never zero. Of several that hold the last one is: a list ascends
 * by `from`, and one that wins over another for a while stands behind it.
 */
export function priceAt<P extends Price>(prices: readonly P[], at: number): P | undefined {
  return prices.findLast(
    (price) =>
      price.from <= at &&
      (price.until === undefined || at < price.until) &&
      (price.hours === undefined || price.hours.some((hours) => covers(hours, at))),
  )
}

/**
 * What `usage` costs in nano-dollars: an exact sum of pico-dollars, rounded once, half up (design, section 6). Never more than
 * `NANO_MAX`, so that a count that a broken vendor made up can still be written down.
 */
export function cost(usage: Usage, price: Price, tier?: string, units: Units = ONE_REQUEST): Nano {
  const tariff = tariffFor(price, tier)
  const rates = ratesFor(usage, tariff)
  let sum = 0
  for (const kind of USAGE_KINDS) sum += usage[kind] * rates[kind]
  if (tariff.units !== undefined) for (const unit of UNIT_KINDS) sum += units[unit] * tariff.units[unit]
  return Number.isSafeInteger(sum) ? halfUp(sum) : wideCost({ usage, rates, units, unitRates: tariff.units })
}

/** Published rates with every kind filled in: a kind without a price of its own costs what its nearest relative costs. */
export function fullRates(published: PublishedRates): Rates {
  const { input, output } = published
  const cacheWrite = published.cacheWriteOther ?? published.cacheWrite5m ?? input
  return {
    input,
    cacheRead: published.cacheRead ?? input,
    cacheWrite5m: published.cacheWrite5m ?? cacheWrite,
    cacheWrite1h: published.cacheWrite1h ?? cacheWrite,
    cacheWriteOther: cacheWrite,
    inputAudio: published.inputAudio ?? input,
    inputImage: published.inputImage ?? input,
    output,
    reasoning: published.reasoning ?? output,
    outputAudio: published.outputAudio ?? output,
    outputImage: published.outputImage ?? output,
    searches: published.searches ?? 0,
  }
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** 1970 began on a Thursday. */
const FIRST_WEEKDAY = 4

function covers(hours: Hours, at: number): boolean {
  const minute = Math.floor((at % DAY_MS) / MINUTE_MS)
  const weekday = (Math.floor(at / DAY_MS) + FIRST_WEEKDAY) % 7
  return minute >= hours.startMinute && minute < hours.endMinute && hours.days.includes(weekday)
}

const tariffFor = (price: Price, tier: string | undefined): Tariff =>
  (tier === undefined ? undefined : tierOf(price, tier)) ?? price

function ratesFor(usage: Usage, tariff: Tariff): Rates {
  if (tariff.steps.length === 0) return tariff.rates
  const prompt = inputTokens(usage)
  return tariff.steps.findLast((step) => prompt > step.abovePromptTokens)?.rates ?? tariff.rates
}

/** The name comes from a vendor's answer: `constructor` is not a tier. */
const tierOf = (price: Price, tier: string): Tariff | undefined =>
  Object.hasOwn(price.tiers, tier) ? price.tiers[tier] : undefined

/** In whole numbers only: adding half a nano-dollar first would pass 2^53 for the largest sums. */
function halfUp(pico: number): Nano {
  const rest = pico % PICO_PER_NANO
  return (pico - rest) / PICO_PER_NANO + (rest * 2 >= PICO_PER_NANO ? 1 : 0)
}

interface Sum {
  readonly usage: Usage
  readonly rates: Rates
  readonly units: Units
  readonly unitRates: UnitRates | undefined
}

/** The same sum where a double would lose digits: above 2^53 pico-dollars, about nine thousand dollars. */
function wideCost({ usage, rates, units, unitRates }: Sum): Nano {
  let sum = 0n
  for (const kind of USAGE_KINDS) sum += BigInt(usage[kind]) * BigInt(rates[kind])
  if (unitRates !== undefined) for (const unit of UNIT_KINDS) sum += BigInt(units[unit]) * BigInt(unitRates[unit])
  const pico = BigInt(PICO_PER_NANO)
  const nano = (sum + pico / 2n) / pico
  return nano > NANO_MAX ? NANO_MAX : Number(nano)
}
