import type { Catalog, CatalogModel, Modality } from '../../core/catalog.ts'
import type { Operation } from '../../core/operation.ts'
import { fullRates, type Price } from '../../core/price.ts'
import { demo as demoKind } from '../../core/providers/demo.ts'
import type { Provider } from '../../core/route.ts'
import type { Config } from '../config-schema.ts'
import { DEMO_CREATED, DEMO_MODELS, type DemoModel } from '../demo/models.ts'

/** A model as one provider serves it. */
export interface ServedModel {
  /** The name that is listed. */
  readonly id: string
  /** Every name that the provider takes for it, the listed one first. */
  readonly names: readonly string[]
  readonly operations: readonly Operation[]
  /** What it costs when neither the catalogue nor the operator says. */
  readonly prices: readonly Price[]
  /** Seconds since 1970, or 0 when nobody says. */
  readonly created: number
  readonly contextTokens: number | null
  readonly outputTokensMax: number | null
  /** What it can be given; `null` when nobody says. */
  readonly input: readonly Modality[] | null
}

/** What a provider serves: those that the operator lists, then those of the catalogue, unless the operator invents the names. */
export function servedModels(
  provider: Provider,
  { config, catalog }: { readonly config: Config; readonly catalog: Catalog },
): readonly ServedModel[] {
  if (provider.kind === demoKind) return DEMO_MODELS.map(demoModel)
  const rows = catalog.models.filter((model) => model.provider === provider.kind.id)
  const listed = config.providers[provider.name]?.models ?? []
  const own = listed.map((id) => listedModel(id, provider, rows))
  const taken = new Set(own.flatMap(({ names }) => names))
  const catalogued = provider.kind.operatorNamesModels === true ? [] : rows.filter(({ id }) => !taken.has(id))
  return [...own, ...catalogued.filter((row) => canServe(row, provider)).map((row) => catalogueModel(row, provider))]
}

/** A model that the operator names: the catalogue may know it, by its own name or another. */
function listedModel(id: string, provider: Provider, rows: readonly CatalogModel[]): ServedModel {
  const row = rows.find((model) => model.id === id || model.aliases.includes(id))
  if (row !== undefined && canServe(row, provider))
    return { ...catalogueModel(row, provider), id, names: row.id === id ? [id, ...row.aliases] : [id] }
  return {
    id,
    names: [id],
    operations: provider.kind.operations,
    prices: [],
    created: 0,
    contextTokens: null,
    outputTokensMax: null,
    input: null,
  }
}

/** Models of the catalogue that serve nothing that we relay to this vendor (pictures, speech) are left out. */
const canServe = (row: CatalogModel, { kind }: Provider): boolean =>
  row.operations.some((operation) => kind.operations.includes(operation))

const catalogueModel = (row: CatalogModel, { kind }: Provider): ServedModel => ({
  id: row.id,
  names: [row.id, ...row.aliases],
  operations: row.operations.filter((operation) => kind.operations.includes(operation)),
  prices: row.prices,
  created: row.released === null ? 0 : Math.floor(Date.parse(row.released) / 1_000),
  contextTokens: row.contextTokens,
  outputTokensMax: row.outputTokensMax,
  input: row.modalities.input,
})

/** The built-in vendor costs nothing, and that is known: its price is zero, not unknown. */
const FREE: Price = {
  version: 'built-in:free',
  from: 0,
  rates: fullRates({ input: 0, output: 0 }),
  steps: [],
  tiers: {},
}

const demoModel = ({ id, kind }: DemoModel): ServedModel => ({
  id,
  names: [id],
  operations: kind === 'embedding' ? ['embeddings'] : ['chat', 'completions'],
  prices: [FREE],
  created: DEMO_CREATED,
  contextTokens: null,
  outputTokensMax: null,
  input: null,
})
