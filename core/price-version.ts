import { hex, SEED, withNumber, withText } from './number-hash.ts'
import type { NamelessPrice } from './price-read.ts'
import type { Price, Rates, Tariff } from './price.ts'
import { UNIT_KINDS } from './units.ts'
import { USAGE_KINDS } from './usage.ts'

/**
 * The name of a vendor's price, made of what it says: `<kind>/<model>@<day>#<hash>`, with `~<region>` behind the day where it holds in
 * one region. The same price keeps it for ever, and a price that costs something else has another.
 */
export function named(price: NamelessPrice, { model, day, region }: PriceName): Price {
  return { version: `${model}@${day}${region === undefined ? '' : `~${region}`}#${hex(priceHash(price))}`, ...price }
}

interface PriceName {
  readonly model: string
  readonly day: string
  readonly region?: string
}

/** All that decides a cost, in an order that never changes. */
function priceHash(price: NamelessPrice): number {
  let hash = withTariff(withNumber(SEED, price.from), price)
  for (const tier of Object.keys(price.tiers).sort())
    hash = withTariff(withText(hash, tier), price.tiers[tier] ?? price)
  for (const { startMinute, endMinute, days } of price.hours ?? []) {
    hash = [startMinute, endMinute, days.length, ...days].reduce(withNumber, hash)
  }
  return hash
}

/** A price without units hashes as it did before there were any: recorded versions must not move. */
function withTariff(hash: number, { rates, steps, units }: Tariff): number {
  const tokens = steps.reduce(
    (sum, step) => withRates(withNumber(sum, step.abovePromptTokens), step.rates),
    withRates(withNumber(hash, steps.length), rates),
  )
  if (units === undefined) return tokens
  return UNIT_KINDS.reduce((sum, unit) => withNumber(sum, units[unit]), withText(tokens, 'units'))
}

const withRates = (hash: number, rates: Rates): number =>
  USAGE_KINDS.reduce((sum, kind) => withNumber(sum, rates[kind]), hash)
