import { BALANCERS } from '../../core/balancers/index.ts'
import { inOrder } from '../../core/balancers/in-order.ts'
import type { Catalog } from '../../core/catalog.ts'
import type { AppliedPrices } from '../../core/price-file.ts'
import type { Price } from '../../core/price.ts'
import type { Provider, Route, Target } from '../../core/route.ts'
import type { Config } from '../config-schema.ts'
import type { ModelListing } from '../snapshot.ts'
import { mergedPrices, operatorPrices, vendorPrices } from './prices.ts'
import { limitsOf, targetOf } from './target.ts'
import { type ServedModel, servedModels } from './served-models.ts'

export interface ModelInputs {
  readonly config: Config
  readonly catalog: Catalog
  readonly providers: ReadonlyMap<string, Provider>
  readonly applied: AppliedPrices
}

export interface CompiledModels {
  readonly routes: ReadonlyMap<string, Route>
  readonly models: readonly ModelListing[]
  readonly prices: ReadonlyMap<string, readonly Price[]>
}

/**
 * Every name that leads somewhere. The operator's own names win over `provider/model`, and that over plain catalogue names; a plain
 * name belongs to the first provider, in the order of the file, that serves it.
 */
export function compileModels(inputs: ModelInputs): CompiledModels {
  const { config, providers, catalog } = inputs
  const served = [...providers.values()].map((provider) => ({ provider, models: servedModels(provider, inputs) }))
  const prices = pricesOf(inputs, served)
  const routes = new Map<string, Route>()
  const targets = new Map<string, Target>()
  for (const { provider, models } of served) {
    for (const model of models)
      for (const name of model.names) addTarget(targets, { provider, name, model, prices, catalog })
  }
  for (const [name, alias] of Object.entries(config.models)) {
    const members = alias.targets.flatMap(
      (id) => targets.get(id) ?? unlistedTarget(id, { providers, prices, catalog }) ?? [],
    )
    if (members.length > 0)
      routes.set(name, { name, targets: members, order: BALANCERS[alias.order], lossMode: alias.lossy })
  }
  for (const [id, target] of targets) addRoute(routes, id, target)
  for (const [, target] of targets) if (isPlain(target.model, config)) addRoute(routes, target.model, target)
  return { routes, prices, models: listings({ config, routes, served }) }
}

interface Served {
  readonly provider: Provider
  readonly models: readonly ServedModel[]
}

/** Prices by `provider/model`: the vendor's, for each name of a model, with the operator's over them. */
function pricesOf(
  { config, catalog, providers, applied }: ModelInputs,
  served: readonly Served[],
): ReadonlyMap<string, readonly Price[]> {
  const prices = new Map<string, readonly Price[]>()
  const ours = operatorPrices(config)
  for (const { name: provider, kind, options } of providers.values()) {
    const add = (name: string, vendor: readonly Price[], operator: readonly Price[] | undefined): void => {
      const all = mergedPrices(vendor, ours.get(`${provider}/${name}`) ?? operator ?? [])
      if (all.length > 0) prices.set(`${provider}/${name}`, all)
    }
    for (const model of catalog.models) {
      if (model.provider !== kind.id) continue
      const operator = ours.get(`${provider}/${model.id}`)
      for (const name of [model.id, ...model.aliases]) {
        const names = [`${kind.id}/${name}`, `${kind.id}/${model.id}`]
        add(name, vendorPrices({ shipped: model.prices, applied, names, region: options.region }), operator)
      }
    }
    for (const full of applied.keys()) {
      const name = full.slice(kind.id.length + 1)
      if (!full.startsWith(`${kind.id}/`) || prices.has(`${provider}/${name}`)) continue
      add(name, vendorPrices({ shipped: [], applied, names: [full], region: options.region }), undefined)
    }
  }
  for (const [id, list] of ours) if (!prices.has(id)) prices.set(id, list)
  for (const { provider, models } of served) {
    for (const { id, prices: own } of models) {
      const full = `${provider.name}/${id}`
      if (own.length > 0 && !prices.has(full)) prices.set(full, own)
    }
  }
  return prices
}

interface NewTarget {
  readonly provider: Provider
  readonly name: string
  readonly model: ServedModel
  readonly prices: ReadonlyMap<string, readonly Price[]>
  readonly catalog: Catalog
}

function addTarget(targets: Map<string, Target>, { provider, name, model, prices, catalog }: NewTarget): void {
  const id = `${provider.name}/${name}`
  if (targets.has(id)) return
  const target = { id, provider, model: name, operations: model.operations, prices: prices.get(id) ?? [] }
  targets.set(id, targetOf({ ...target, limits: model, catalog }))
}

function unlistedTarget(
  id: string,
  { providers, prices, catalog }: Omit<ModelInputs, 'config' | 'applied'> & Pick<CompiledModels, 'prices'>,
): Target | undefined {
  const slash = id.indexOf('/')
  const provider = providers.get(id.slice(0, slash))
  if (provider === undefined) return undefined
  const model = id.slice(slash + 1)
  return targetOf({
    id,
    provider,
    model,
    operations: provider.kind.operations,
    prices: prices.get(id) ?? [],
    limits: limitsOf(provider, model, catalog),
    catalog,
  })
}

function addRoute(routes: Map<string, Route>, name: string, target: Target): void {
  if (!routes.has(name)) routes.set(name, { name, targets: [target], order: inOrder })
}

/** Whether a model's name may stand alone: one that begins with the name of a provider means that provider. */
const isPlain = (model: string, config: Config): boolean => {
  const slash = model.indexOf('/')
  return slash === -1 || !Object.hasOwn(config.providers, model.slice(0, slash))
}

interface Listed {
  readonly config: Config
  readonly routes: ReadonlyMap<string, Route>
  readonly served: readonly Served[]
}

/** The operator's names first, then every model once, by the shortest name that leads to it. Other names of a model are not listed. */
function listings({ config, routes, served }: Listed): readonly ModelListing[] {
  const byId = new Map(
    served.flatMap(({ provider, models }) => models.map((model) => [`${provider.name}/${model.id}`, model])),
  )
  const own = Object.keys(config.models).flatMap((id) => {
    const route = routes.get(id)
    return route === undefined
      ? []
      : [listing(id, { route, ownedBy: 'sekisho', model: byId.get(route.targets[0]?.id ?? '') })]
  })
  const theirs = served.flatMap(({ provider, models }) =>
    models.flatMap((model) => {
      const full = `${provider.name}/${model.id}`
      const plain = routes.get(model.id)
      const id = plain?.targets.length === 1 && plain.targets[0]?.id === full ? model.id : full
      const route = routes.get(id)
      return route === undefined ? [] : [listing(id, { route, ownedBy: provider.name, model })]
    }),
  )
  const aliased = new Set(own.map(({ id }) => id))
  return [...own, ...theirs.filter(({ id }) => !aliased.has(id))]
}

const listing = (
  id: string,
  { route, ownedBy, model }: { route: Route; ownedBy: string; model: ServedModel | undefined },
): ModelListing => ({
  id,
  ownedBy,
  route,
  created: model?.created ?? 0,
  contextTokens: model?.contextTokens ?? null,
  outputTokensMax: model?.outputTokensMax ?? null,
})
