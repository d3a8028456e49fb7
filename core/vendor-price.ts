import type { SourcesFile } from './catalog-file.ts'
import { readRegion, readTerms } from './price-read.ts'
import type { PriceRow } from './price-row.ts'
import { named } from './price-version.ts'
import type { Price } from './price.ts'

/** Where a fact comes from, so exactly that anyone can open it: a file of a released package, or a public page. `read` is the day. */
export type Source = SourcesFile[string]

/** A price and who says so. */
export interface VendorPrice extends Price {
  readonly source: Source
  /** What holds instead in a region: each a price of its own, with its own version. Absent: it is the same everywhere. */
  readonly regions?: { readonly [region: string]: Price }
}

/** What the rows of one model are read with. */
export interface RowContext {
  readonly sources: SourcesFile
  /** What the row is called in versions and errors: `<kind>/<model>`. */
  readonly row: string
}

/** A model's prices, in exact money. Throws with the model's name when an amount or a day is not exact, a source is not listed, or one is out of order. */
export function readVendorPrices(rows: readonly PriceRow[], context: RowContext): readonly VendorPrice[] {
  const prices = rows.map((row) => readVendorPrice(row, context))
  if (prices.some((price, index) => price.from < (prices[index - 1]?.from ?? 0)))
    throw new Error(`${context.row}: prices out of order`)
  return prices
}

/** One list from both, ascending by the day: a day that `later` names is as it says. */
export function updatedPrices(prices: readonly VendorPrice[], later: readonly VendorPrice[]): readonly VendorPrice[] {
  const days = new Set(later.map(({ from }) => from))
  return [...prices.filter(({ from }) => !days.has(from)), ...later].toSorted((one, other) => one.from - other.from)
}

/** The price as it holds for a provider in `region`; a region that the vendor does not tell apart costs what it costs anywhere. */
export const priceIn = (price: VendorPrice, region: string | undefined): Price =>
  (region !== undefined && price.regions !== undefined && Object.hasOwn(price.regions, region)
    ? price.regions[region]
    : undefined) ?? price

/** The source of that name. Throws when none is listed. */
export function sourceOf(name: string, { sources, row }: RowContext): Source {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined
  if (source === undefined) throw new Error(`${row}: no source "${name}" in sources.json`)
  return source
}

function readVendorPrice(row: PriceRow, context: RowContext): VendorPrice {
  const source = sourceOf(row.source, context)
  const name = { model: context.row, day: row.from }
  try {
    const price = named(readTerms(row), name)
    if (row.regions === undefined) return { ...price, source }
    const regions = Object.entries(row.regions).map(
      ([region, terms]) => [region, named(readRegion(row, terms), { ...name, region })] as const,
    )
    return { ...price, source, regions: Object.fromEntries(regions) }
  } catch (error) {
    throw new Error(`${context.row}: ${error instanceof Error ? error.message : 'unknown reason'}`, { cause: error })
  }
}
