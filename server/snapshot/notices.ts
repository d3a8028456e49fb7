import { demo as demoKind } from '../../core/providers/demo.ts'
import type { Provider, Route } from '../../core/route.ts'
import type { Config } from '../config-schema.ts'
import type { AppliedPrices } from '../../core/price-file.ts'
import type { Catalog } from '../../core/catalog.ts'
import type { ModelListing } from '../snapshot.ts'

export interface NoticeInputs {
  readonly config: Config
  readonly models: readonly ModelListing[]
  readonly routes: ReadonlyMap<string, Route>
  readonly providers: ReadonlyMap<string, Provider>
  readonly catalog: Catalog
  readonly applied: AppliedPrices
}

/** What the operator should hear at start: nothing is wrong, but something may not be as expected. */
export function compileNotices(compiled: NoticeInputs): readonly string[] {
  return [...unlisted(compiled.providers, compiled.models), ...hidden(compiled), ...unpricedRegions(compiled)]
}

const unlisted = (providers: ReadonlyMap<string, Provider>, models: readonly ModelListing[]): readonly string[] =>
  [...providers.values()]
    .filter(({ name }) => !models.some(({ route }) => route.targets.some((target) => target.provider.name === name)))
    .map(({ name }) => `${name}: no model of it is known, so none is listed; any can be called as ${name}/<model>`)

/** An alias that has the name of a real model is often meant so, and sometimes not. */
const hidden = ({ config, providers, routes }: NoticeInputs): readonly string[] =>
  Object.keys(config.models).flatMap((alias) =>
    [...providers.values()]
      .filter(({ name, kind }) => kind !== demoKind && routes.has(`${name}/${alias}`))
      .filter(({ name }) => !routes.get(alias)?.targets.some(({ id }) => id === `${name}/${alias}`))
      .map(
        ({ name }) =>
          `models.${alias}: wins over the model of that name at ${name}, which is called as ${name}/${alias}`,
      ),
  )

/** A region that is misspelt would be charged as if there were none. */
const unpricedRegions = ({ providers, catalog, applied }: NoticeInputs): readonly string[] =>
  [...providers.values()].flatMap(({ name, kind, options: { region } }) => {
    if (region === undefined) return []
    const shipped = catalog.models.filter(({ provider }) => provider === kind.id).flatMap(({ prices }) => prices)
    const later = [...applied].filter(([model]) => model.startsWith(`${kind.id}/`)).flatMap(([, prices]) => prices)
    const known = [...shipped, ...later].some(({ regions = {} }) => Object.hasOwn(regions, region))
    return known ? [] : [`${name}: no price of its vendor names the region ${region}: the usual prices are used`]
  })
