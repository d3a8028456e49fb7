import type { Catalog } from '../core/catalog.ts'
import type { AppliedPrices } from '../core/price-file.ts'
import type { Price } from '../core/price.ts'
import { demo as demoKind } from '../core/providers/demo.ts'
import type { Provider, Route } from '../core/route.ts'
import { inOrder } from '../core/balancers/in-order.ts'
import type { Secrets } from './config/secrets.ts'
import { limitsOf, targetOf } from './snapshot/target.ts'
import type { Config } from './config-schema.ts'
import { compileModels } from './snapshot/models.ts'
import { compileNotices } from './snapshot/notices.ts'
import { compileProviders } from './snapshot/providers.ts'

/** Everything that a request needs to know of the configuration, compiled: one immutable value, swapped whole. */
export interface Snapshot {
  /** Counts up with each swap in this process. */
  readonly version: number
  readonly config: Config
  /** Every name that is known beforehand: aliases, `provider/model`, plain catalogue names. Ask `findRoute`, which knows the others too. */
  readonly routes: ReadonlyMap<string, Route>
  /** What `GET /v1/models` can show, before a key's own limits. */
  readonly models: readonly ModelListing[]
  /** By the operator's name; only those that can be called. */
  readonly providers: ReadonlyMap<string, Provider>
  /** Prices by `provider/model`, for the model that really answered; other names of the same model included. */
  readonly prices: ReadonlyMap<string, readonly Price[]>
  /** Sentences to say at start, such as a provider of which no model is known. */
  readonly notices: readonly string[]
  /** Routes that `findRoute` made for names that no list has, to be found again. */
  readonly unlisted: Map<string, Route>
  readonly catalog: Catalog
}

/** One row of the model list. */
export interface ModelListing {
  /** The name to ask with. */
  readonly id: string
  /** Seconds since 1970 at which the vendor released it, or 0 when nobody says. */
  readonly created: number
  /** The provider's name, or `sekisho` for the operator's own names. */
  readonly ownedBy: string
  readonly route: Route
  readonly contextTokens: number | null
  readonly outputTokensMax: number | null
}

/** What a snapshot is made of. */
export interface SnapshotInputs {
  readonly version: number
  readonly config: Config
  readonly catalog: Catalog
  readonly secrets: Secrets
  /** Where the built-in vendor listens; `null` when it does not run. */
  readonly demo: { readonly socketPath: string } | null
  /** Prices that the operator took over (`sekisho prices update`); absent: none. */
  readonly applied?: AppliedPrices
}

/** Compiles a checked configuration. Nothing outside is asked, so the same inputs always give the same snapshot. */
export function compile({ version, config, catalog, secrets, demo, applied = NO_PRICES }: SnapshotInputs): Snapshot {
  const providers = compileProviders({ config, secrets, demo })
  const { routes, models, prices } = compileModels({ config, catalog, providers, applied })
  return {
    version,
    config,
    providers,
    routes,
    models,
    prices,
    notices: compileNotices({ config, models, routes, providers, catalog, applied }),
    unlisted: new Map(),
    catalog,
  }
}

/** What `name` leads to, or `undefined` when it is unknown. A model that no list has can still be addressed as `provider/model`. */
export function findRoute(snapshot: Snapshot, name: string): Route | undefined {
  const known = snapshot.routes.get(name) ?? snapshot.unlisted.get(name)
  if (known !== undefined || name.length > NAME_LENGTH_MAX) return known
  const slash = name.indexOf('/')
  const provider = snapshot.providers.get(name.slice(0, Math.max(slash, 0)))
  const model = name.slice(slash + 1)
  // What the built-in vendor has is known: any other name is a mistake.
  if (provider === undefined || model === '' || provider.kind === demoKind) return undefined
  const target = targetOf({
    id: name,
    provider,
    model,
    operations: provider.kind.operations,
    prices: snapshot.prices.get(name) ?? [],
    limits: limitsOf(provider, model, snapshot.catalog),
    catalog: snapshot.catalog,
  })
  const route = { name, targets: [target], order: inOrder }
  if (snapshot.unlisted.size >= UNLISTED_MAX) snapshot.unlisted.clear()
  snapshot.unlisted.set(name, route)
  return route
}

const NO_PRICES: AppliedPrices = new Map()
/** Longer than any model is called; an unlisted name goes into records. */
const NAME_LENGTH_MAX = 256
/** Clients invent names; those that are used come again. */
const UNLISTED_MAX = 1_000
