import { nearest } from '../../core/nearest.ts'
import { stepsAscend } from '../../core/price-faults.ts'
import type { StepRows } from '../../core/price-row.ts'
import { demo } from '../../core/providers/demo.ts'
import { findKind } from '../../core/providers/index.ts'
import { type PathAsked, type ProviderKind, usualPath } from '../../core/provider.ts'
import type { Config, ProviderConfig } from '../config-schema.ts'
import { DEMO_MODELS } from '../demo/models.ts'
import type { ConfigPath } from './path.ts'
import { type Finding, suggestion } from './problem.ts'

/**
 * What the schema cannot see: whether the parts fit together. `names` are those of every provider that somebody wrote down,
 * also of one that is broken, so that one mistake is not told twice.
 */
export function checkConfig(config: Config, names: ReadonlySet<string>): readonly Finding[] {
  return [
    ...config.listen.corsOrigins.flatMap((origin, index) => checkCorsOrigin(origin, ['listen', 'corsOrigins', index])),
    ...Object.entries(config.providers).flatMap(([name, provider]) => checkProvider(config, name, provider)),
    ...Object.entries(config.models).flatMap(([alias, { targets }]) => [
      ...checkAlias(alias, names),
      ...targets.flatMap((target, index) =>
        checkTarget(target, { config, names, path: ['models', alias, 'targets', index] }),
      ),
    ]),
    ...config.prices.flatMap((price, index) => checkPrice(price, { names, path: ['prices', index] })),
    ...hiddenPrices(config.prices).map((index) => ({
      path: ['prices', index],
      message: 'this model has a price from this day already',
    })),
  ]
}

function checkCorsOrigin(origin: string, path: ConfigPath): readonly Finding[] {
  if (origin === '*' || URL.parse(origin)?.origin === origin) return []
  return [{ path, message: 'must be an origin, as https://host or https://host:port, or "*"' }]
}

function checkProvider(config: Config, name: string, provider: ProviderConfig): readonly Finding[] {
  const kind = findKind(provider.kind)
  if (kind === undefined) return []
  const path = ['providers', name]
  if (kind === demo || name === demo.id) return checkDemo(config, { name, kind, path })
  return [
    ...checkCredential(provider, kind, [...path, 'credential']),
    ...checkAddresses(provider, kind, path),
    ...checkAzureFields(provider, kind, path),
    ...checkRepeats(provider.models ?? [], [...path, 'models']),
  ]
}

function checkDemo(
  config: Config,
  { name, kind, path }: { name: string; kind: ProviderKind; path: ConfigPath },
): readonly Finding[] {
  if (kind !== demo) return [{ path, message: `the name '${demo.id}' is that of the built-in vendor` }]
  if (name !== demo.id) return [{ path, message: `the built-in vendor is there once, as '${demo.id}'` }]
  return config.demo ? [] : [{ path, message: 'the built-in vendor is switched off by `demo: false`' }]
}

function checkCredential(provider: ProviderConfig, kind: ProviderKind, path: ConfigPath): readonly Finding[] {
  if (provider.credential !== undefined || !kind.credentialRequired) return []
  const variable = kind.environment.credential ?? 'NAME'
  return [{ path, message: `is missing: ${kind.label} takes none without; write \${${variable}} or file:/path` }]
}

function checkAddresses(provider: ProviderConfig, kind: ProviderKind, path: ConfigPath): readonly Finding[] {
  const { baseUrl, nodes } = provider
  if (baseUrl !== undefined && nodes !== undefined)
    return [{ path: [...path, 'nodes'], message: 'give either baseUrl or nodes' }]
  if (baseUrl === undefined && nodes === undefined) {
    return kind.baseUrl === null
      ? [{ path: [...path, 'baseUrl'], message: `is missing: ${kind.label} has no usual address` }]
      : []
  }
  const added = operationPath(provider, kind)
  return [
    ...(baseUrl === undefined ? [] : checkUrl(baseUrl, { added, path: [...path, 'baseUrl'] })),
    ...(nodes ?? []).flatMap((node, index) => checkUrl(node, { added, path: [...path, 'nodes', index] })),
    ...checkRepeats(
      (nodes ?? []).map((node) => node.replace(/\/+$/, '')),
      [...path, 'nodes'],
    ),
  ]
}

/** The path that is put behind the base URL, as a pattern of its parts. */
const operationPath = (provider: ProviderConfig, kind: ProviderKind): string =>
  kind.path?.(CHAT_ASKED, optionsOf(provider)) ?? usualPath({ ...CHAT_ASKED, wire: kind.wires[0] })

/** A request for the check of addresses alone. */
const CHAT_ASKED: PathAsked = { operation: 'chat', wire: 'openai-chat', model: 'model', stream: false, batch: false }

const optionsOf = ({ apiVersion, pathStyle }: ProviderConfig) => ({
  ...(apiVersion === undefined ? {} : { apiVersion }),
  ...(pathStyle === undefined ? {} : { pathStyle }),
})

function checkUrl(text: string, { added, path }: { added: string; path: ConfigPath }): readonly Finding[] {
  const url = URL.parse(text)
  if (url === null) return []
  if (url.username !== '' || url.password !== '')
    return [{ path, message: 'must not hold a credential; use the field credential' }]
  if (url.search !== '' || url.hash !== '') return [{ path, message: 'must not have a query or fragment' }]
  const repeated = leadingPaths(added).find((part) => url.pathname.replace(/\/+$/, '').endsWith(part))
  return repeated === undefined ? [] : [{ path, message: `must end before '${repeated}', which is put behind it` }]
}

/** `/openai/v1/chat` as `/openai`, `/openai/v1`, `/openai/v1/chat`: the longest first. */
function leadingPaths(path: string): readonly string[] {
  const parts = (path.split('?')[0] ?? '').split('/').slice(1)
  return parts.map((_, index) => `/${parts.slice(0, parts.length - index).join('/')}`)
}

function checkAzureFields(provider: ProviderConfig, kind: ProviderKind, path: ConfigPath): readonly Finding[] {
  const { apiVersion, pathStyle } = provider
  if (kind.path === undefined) {
    return (['apiVersion', 'pathStyle'] as const)
      .filter((field) => provider[field] !== undefined)
      .map((field) => ({ path: [...path, field], message: `${kind.label} has no use for it` }))
  }
  if (pathStyle !== 'deployments' || apiVersion !== undefined) return []
  return [{ path: [...path, 'apiVersion'], message: 'is missing: the deployments paths need it' }]
}

const checkRepeats = (values: readonly string[], path: ConfigPath): readonly Finding[] =>
  repeated(values).map((index) => ({ path: [...path, index], message: 'stands here twice' }))

/** The places of prices that another one of the same model and day stands before; one for some hours only hides nothing. */
const hiddenPrices = (prices: Config['prices']): readonly number[] =>
  repeated(prices.map(({ model, from }) => `${model} ${from}`)).filter((index) => prices[index]?.hours === undefined)

/** The places of those that stood before. */
function repeated(values: readonly string[]): readonly number[] {
  const seen = new Set<string>()
  return values.flatMap((value, index) => {
    const places = seen.has(value) ? [index] : []
    seen.add(value)
    return places
  })
}

/** `provider/model` belongs to that provider: an alias of this form would send a request somewhere else than it says. */
function checkAlias(alias: string, names: ReadonlySet<string>): readonly Finding[] {
  const [provider] = alias.split('/')
  if (!alias.includes('/') || provider === undefined || !names.has(provider)) return []
  return [
    {
      path: ['models', alias],
      message: `hides the models of the provider '${provider}'; take a name that does not begin with it`,
    },
  ]
}

interface Where {
  readonly config: Config
  readonly names: ReadonlySet<string>
  readonly path: ConfigPath
}

function checkTarget(target: string, { config, names, path }: Where): readonly Finding[] {
  const { provider, model } = partsOf(target)
  if (!names.has(provider)) {
    return [{ path, message: `there is no provider of this name${suggestion(nearest(provider, [...names]))}` }]
  }
  const kind = findKind(config.providers[provider]?.kind ?? '')
  if (kind === undefined) return []
  const unknown = kind === demo && !DEMO_MODELS.some(({ id }) => id === model)
  return unknown
    ? [
        {
          path,
          message: `the built-in vendor has no such model${suggestion(
            nearest(
              model,
              DEMO_MODELS.map(({ id }) => id),
            ),
          )}`,
        },
      ]
    : []
}

const partsOf = (target: string) => {
  const slash = target.indexOf('/')
  return { provider: target.slice(0, slash), model: target.slice(slash + 1) }
}

function checkPrice(
  price: Config['prices'][number],
  { names, path }: { readonly names: ReadonlySet<string>; readonly path: ConfigPath },
): readonly Finding[] {
  const { provider } = partsOf(price.model)
  const suggested = suggestion(nearest(provider, [...names]))
  return [
    ...(names.has(provider)
      ? []
      : [{ path: [...path, 'model'], message: `there is no provider of this name${suggested}` }]),
    ...(price.until === undefined || price.until > price.from
      ? []
      : [{ path: [...path, 'until'], message: `must be later than ${price.from}, from which it holds` }]),
    ...checkSteps(price.steps, [...path, 'steps']),
    ...Object.entries(price.tiers ?? {}).flatMap(([tier, { steps }]) =>
      checkSteps(steps, [...path, 'tiers', tier, 'steps']),
    ),
  ]
}

const checkSteps = (steps: StepRows | undefined, path: ConfigPath): readonly Finding[] =>
  steps === undefined || stepsAscend(steps) ? [] : [{ path, message: 'must ascend by abovePromptTokens' }]
