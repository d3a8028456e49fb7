import type { AttemptRecord } from './attempt.ts'
import type { Nano } from './money.ts'
import { cost, type Price } from './price.ts'

/** Every price that was ever in force, by its version: a version names one price for ever. */
export type KnownPrices = Pick<ReadonlyMap<string, Price>, 'get'>

/** What of a record decides its cost. The price's region, day and hours are in its version. */
export type CostedRecord = Pick<AttemptRecord, 'operation' | 'usage' | 'priceVersion' | 'serviceTier' | 'costNano'>

/**
 * What a stored attempt costs by the very price that was in force for it: the nano-dollars that were written down for it, bit for
 * bit. `null` when its price is not known (any more).
 */
export function recost(
  { operation, usage, priceVersion, serviceTier, costNano }: CostedRecord,
  known: KnownPrices,
): Nano | null {
  // To count tokens is free everywhere.
  if (operation === 'count_tokens') return 0
  // No price changes what was booked without a usage: a refusal costs nothing, and what silence costs nobody knows.
  if (usage === null) return costNano
  const price = priceVersion === null ? undefined : known.get(priceVersion)
  return price === undefined ? null : cost(usage, price, serviceTier ?? undefined)
}
