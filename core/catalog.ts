import { capabilitiesOf, compileRows, type ModelFacts } from './capabilities.ts'
import type { CapabilitiesFile, ModelRow, SourcesFile, VendorFile } from './catalog-file.ts'
import { hex, SEED, withNumber, withText } from './number-hash.ts'
import type { Operation } from './operation.ts'
import { readVendorPrices, type Source, sourceOf, type VendorPrice } from './vendor-price.ts'

/** What a model can be given or can answer with. `file` is a document such as a PDF, handed over whole; `embedding` a vector. */
export type Modality = ModelRow['input'][number]

/** One model at one provider kind. The same weights at two vendors are two rows: limits and prices differ. */
export interface CatalogModel {
  /** Id of the provider kind (`core/providers`). */
  readonly provider: string
  /** The name that the vendor takes; may contain slashes. */
  readonly id: string
  /** Other names that the vendor takes for it, at the same price: dated snapshots, `latest`. What was asked for is what is sent. */
  readonly aliases: readonly string[]
  readonly operations: readonly Operation[]
  /** Largest prompt and answer together, in tokens; `null` when no source says. */
  readonly contextTokens: number | null
  /** Largest answer, in tokens; `null` when no source says. */
  readonly outputTokensMax: number | null
  readonly modalities: { readonly input: readonly Modality[]; readonly output: readonly Modality[] }
  /** Ascending by `from`, ready for `priceAt`. Empty: the price is unknown, which is never zero. */
  readonly prices: readonly VendorPrice[]
  /** Day (ISO) on which the vendor released it; `null` when no source says. */
  readonly released: string | null
  /** Where limits and modalities come from; each price names its own. */
  readonly sources: readonly Source[]
}

export interface Catalog {
  readonly models: readonly CatalogModel[]
  /** What is known of how a model differs, by any name that a vendor or reseller gives it; the limits stand in its row. Looks at every row: keep the answer. */
  readonly factsOf: (model: string) => ModelFacts
  /** Changes when anything does that the gateway uses of any row. */
  readonly version: string
}

/**
 * The catalogue as it is used, from its files. It trusts their shape (`core/catalog-file.ts` checks it in the tests) but not
 * their money: an amount that is no whole number of pico-dollars, a source that is not listed or a price out of order throws.
 */
export function readCatalog(
  sources: SourcesFile,
  vendors: readonly VendorFile[],
  { rows }: CapabilitiesFile = { rows: [] },
): Catalog {
  const models = vendors.flatMap(({ provider, models }) => models.map((row) => readModel(row, { provider, sources })))
  for (const row of rows)
    for (const name of row.sources) sourceOf(name, { sources, row: `capabilities of ${row.models[0]}` })
  const version = [...models.map(modelHash), rowsHash(rows)].reduce(withNumber, SEED)
  const compiled = compileRows(rows)
  return { models, factsOf: (model) => capabilitiesOf(model, compiled), version: hex(version) }
}

interface Context {
  readonly provider: string
  readonly sources: SourcesFile
}

function readModel(row: ModelRow, context: Context): CatalogModel {
  const name = `${context.provider}/${row.id}`
  const from = { sources: context.sources, row: name }
  return {
    provider: context.provider,
    id: row.id,
    aliases: row.aliases ?? [],
    operations: row.operations,
    contextTokens: row.contextTokens,
    outputTokensMax: row.outputTokensMax,
    modalities: { input: row.input, output: row.output },
    prices: readVendorPrices(row.prices, from),
    released: row.released ?? null,
    sources: row.sources.map((source) => sourceOf(source, from)),
  }
}

function modelHash({ modalities, prices, contextTokens, outputTokensMax, ...model }: CatalogModel): number {
  const words = [
    model.provider,
    model.id,
    ...model.aliases,
    ...model.operations,
    ...modalities.input,
    '>',
    ...modalities.output,
  ]
  for (const price of prices)
    words.push(price.version, ...Object.values(price.regions ?? {}).map(({ version }) => version))
  return [contextTokens ?? 0, outputTokensMax ?? 0].reduce(withNumber, words.reduce(withText, SEED))
}

/** A plain FNV-1a: this is a long text at start, and nothing is told apart by it but one file from its successor. */
function rowsHash(rows: CapabilitiesFile['rows']): number {
  const text = JSON.stringify(rows.map(({ models, facts }) => ({ models, facts })))
  let hash = SEED
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash
}
