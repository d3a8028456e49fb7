import * as z from 'zod'
import { modelSchema, type SourcesFile, sourcesFileSchema } from './catalog-file.ts'
import { nearest } from './nearest.ts'
import { priceFaults } from './price-faults.ts'
import { PROVIDER_KIND_IDS } from './providers/index.ts'
import { readVendorPrices, type VendorPrice } from './vendor-price.ts'

/**
 * A file of prices that an operator takes over (`sekisho prices update --from FILE`), and one that was taken over. It has the shape
 * of `catalog/<kind>.json`, so that one of a newer release can be handed in as it is. Only names and prices of it are used; whatever
 * else it says of a model may be left out. `sources` says what the rows name beyond `catalog/sources.json`.
 */
export const priceFileSchema = z.strictObject({
  provider: z.string(),
  sources: sourcesFileSchema.exactOptional(),
  models: z
    .array(
      modelSchema.partial({
        operations: true,
        contextTokens: true,
        outputTokensMax: true,
        input: true,
        output: true,
        sources: true,
      }),
    )
    .min(1),
})

export type PriceFile = z.output<typeof priceFileSchema>
type PricedModel = PriceFile['models'][number]

/** Prices that were taken over, by `<kind>/<model>`, for every name of a model. */
export type AppliedPrices = ReadonlyMap<string, readonly VendorPrice[]>

export type PriceFileReading =
  /** `file` has all the sources that its rows name, so that it can be read again without the catalogue. */
  | { readonly kind: 'read'; readonly file: PriceFile; readonly prices: AppliedPrices }
  /** One sentence for each place that is wrong. */
  | { readonly kind: 'refused'; readonly faults: readonly string[] }

/** Reads a price file whole, or says all that is wrong with it; `undefined` is what no JSON is. `shipped` are the catalogue's own sources. */
export function readPriceFile(json: unknown, shipped: SourcesFile): PriceFileReading {
  if (json === undefined) return refused(['is no JSON'])
  const read = priceFileSchema.safeParse(json)
  if (!read.success)
    return refused(
      read.error.issues.map(
        (issue) => `${pathText(issue.path)}: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`,
      ),
    )
  const file = read.data
  const faults = [
    ...providerFaults(file.provider),
    ...nameFaults(file.models),
    ...file.models.flatMap(({ id, prices }) => priceFaults(prices, `${file.provider}/${id}`)),
  ]
  if (faults.length > 0) return refused(faults)
  try {
    const whole = { ...file, sources: { ...shipped, ...file.sources } }
    return { kind: 'read', file: { ...whole, sources: usedSources(whole) }, prices: appliedOf(whole) }
  } catch (error) {
    return refused([error instanceof Error ? error.message : 'unknown reason'])
  }
}

/** What is kept after `update` was taken over: of each model the days that it names are as it says, all others as they were. */
export function updatedFile(kept: PriceFile | undefined, update: PriceFile): PriceFile {
  const models = new Map(kept?.models.map((model) => [model.id, model]))
  for (const model of update.models) {
    if (model.prices.length === 0) continue
    const before = models.get(model.id)
    const days = new Set(model.prices.map(({ from }) => from))
    const prices = [...(before?.prices.filter(({ from }) => !days.has(from)) ?? []), ...model.prices]
    const aliases = model.aliases ?? before?.aliases
    models.set(model.id, {
      id: model.id,
      ...(aliases === undefined ? {} : { aliases }),
      prices: prices.toSorted((one, other) => (one.from < other.from ? -1 : one.from > other.from ? 1 : 0)),
    })
  }
  const sources = { ...kept?.sources, ...update.sources }
  return { provider: update.provider, sources, models: [...models.values()] }
}

const refused = (faults: readonly string[]): PriceFileReading => ({ kind: 'refused', faults })

/** `models[3].prices[0].rates.input`, as people write it. */
const pathText = (path: readonly PropertyKey[]): string =>
  path.length === 0
    ? 'the file'
    : path
        .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`))
        .join('')

function providerFaults(provider: string): readonly string[] {
  if (PROVIDER_KIND_IDS.some((known) => known === provider)) return []
  const near = nearest(provider, PROVIDER_KIND_IDS)
  return [`provider: there is no provider kind "${provider}"${near === undefined ? '' : `; did you mean '${near}'?`}`]
}

function nameFaults(models: readonly PricedModel[]): readonly string[] {
  const names = models.flatMap(({ id, aliases = [] }) => [id, ...aliases])
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  return [...new Set(twice)].map((name) => `${name} is the name of two models`)
}

type WholeFile = PriceFile & { readonly sources: SourcesFile }

function usedSources({ sources, models }: WholeFile): SourcesFile {
  const used = new Set(models.flatMap(({ prices }) => prices.map(({ source }) => source)))
  return Object.fromEntries(Object.entries(sources).filter(([name]) => used.has(name)))
}

function appliedOf({ provider, sources, models }: WholeFile): AppliedPrices {
  return new Map(
    models.flatMap(({ id, aliases = [], prices }) => {
      const read = readVendorPrices(prices, { sources, row: `${provider}/${id}` })
      return read.length === 0 ? [] : [id, ...aliases].map((name) => [`${provider}/${name}`, read] as const)
    }),
  )
}
