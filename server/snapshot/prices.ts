import { hash } from 'node:crypto'
import type { AppliedPrices } from '../../core/price-file.ts'
import { type NamelessPrice, readTerms } from '../../core/price-read.ts'
import type { Price } from '../../core/price.ts'
import { USAGE_KINDS } from '../../core/usage.ts'
import { priceIn, updatedPrices, type VendorPrice } from '../../core/vendor-price.ts'
import type { Config } from '../config-schema.ts'

/** The operator's prices by `provider/model`, ascending by the day from which they hold. */
export function operatorPrices(config: Config): ReadonlyMap<string, readonly Price[]> {
  const prices = new Map<string, readonly Price[]>()
  for (const configured of config.prices) {
    const all = [...(prices.get(configured.model) ?? []), priceOf(configured)]
    prices.set(
      configured.model,
      all.toSorted((one, other) => one.from - other.from),
    )
  }
  return prices
}

/** One list from both: what the operator says wins over the vendor's prices on its days, also over later news. */
export function mergedPrices(vendor: readonly Price[], operator: readonly Price[]): readonly Price[] {
  if (operator.length === 0) return vendor
  const endless = operator.find(({ until, hours }) => until === undefined && hours === undefined)
  // From there on nothing else is ever asked for.
  return [...vendor.filter(({ from }) => endless === undefined || from < endless.from), ...operator]
}

interface VendorPrices {
  readonly shipped: readonly VendorPrice[]
  /** Those of `sekisho prices update`, by `<kind>/<model>`. */
  readonly applied: AppliedPrices
  /** What to look for in `applied`, the best name first. */
  readonly names: readonly string[]
  readonly region: string | undefined
}

/** A vendor's prices as they hold in a region: of two from one day the one that the operator took over later wins. */
export function vendorPrices({ shipped, applied, names, region }: VendorPrices): readonly Price[] {
  const later = names.map((name) => applied.get(name)).find((found) => found !== undefined)
  const all = later === undefined ? shipped : updatedPrices(shipped, later)
  return region === undefined ? all : all.map((price) => priceIn(price, region))
}

type ConfiguredPrice = Config['prices'][number]

function priceOf({ until, ...configured }: ConfiguredPrice): Price {
  const terms = readTerms(configured)
  return {
    version: `operator:${configured.from}:${identityOf(configured, terms)}`,
    ...terms,
    ...(until === undefined ? {} : { until: Date.parse(until) }),
  }
}

/** Made of what decides a cost. Rates alone are named as they were before there was anything else: recorded versions must not move. */
function identityOf({ model, from, rates }: Omit<ConfiguredPrice, 'until'>, terms: NamelessPrice): string {
  const plain = [model, from, USAGE_KINDS.map((kind) => rates[kind] ?? null)]
  const { steps, tiers, hours = null, units = null } = terms
  const tierList = Object.entries(tiers).toSorted(([one], [other]) => (one < other ? -1 : 1))
  const isPlain = steps.length === 0 && tierList.length === 0 && hours === null && units === null
  const text = JSON.stringify(isPlain ? plain : [...plain, steps, tierList, hours, units])
  return hash('sha256', text, 'hex').slice(0, IDENTITY_DIGITS)
}

const IDENTITY_DIGITS = 12
