import { hash } from 'node:crypto'
import { demo as demoKind } from '../../core/providers/demo.ts'
import { findKind } from '../../core/providers/index.ts'
import type { Header, ProviderKind } from '../../core/provider.ts'
import type { Node, Provider } from '../../core/route.ts'
import type { Secrets } from '../config/secrets.ts'
import type { Config, ProviderConfig } from '../config-schema.ts'

export interface ProviderInputs {
  readonly config: Config
  readonly secrets: Secrets
  readonly demo: { readonly socketPath: string } | null
}

/** The providers that can be called, in the order of the configuration; the built-in one only if it runs. */
export function compileProviders({ config, secrets, demo }: ProviderInputs): ReadonlyMap<string, Provider> {
  const providers = new Map<string, Provider>()
  for (const [name, configured] of Object.entries(config.providers)) {
    const kind = findKind(configured.kind)
    if (kind === undefined) continue
    const nodes = kind === demoKind ? demoNodes(demo) : nodesOf(configured, kind)
    if (nodes.length > 0) providers.set(name, compileProvider({ name, kind, nodes, configured, config, secrets }))
  }
  return providers
}

const demoNodes = (demo: ProviderInputs['demo']): readonly Node[] =>
  demo === null ? [] : [{ origin: 'http://demo.localhost', basePath: '/v1', socketPath: demo.socketPath }]

const nodesOf = ({ nodes, baseUrl }: ProviderConfig, kind: ProviderKind): readonly Node[] =>
  (nodes ?? [baseUrl ?? kind.baseUrl]).flatMap((address) => {
    const url = address === null ? null : URL.parse(address)
    return url === null ? [] : [{ origin: url.origin, basePath: url.pathname.replace(/\/+$/, '') }]
  })

interface Parts {
  readonly name: string
  readonly kind: ProviderKind
  readonly nodes: readonly Node[]
  readonly configured: ProviderConfig
  readonly config: Config
  readonly secrets: Secrets
}

function compileProvider({ name, kind, nodes, configured, config, secrets }: Parts): Provider {
  const provider: Provider = {
    name,
    kind,
    nodes,
    authHeader: authHeaderOf(configured, kind, secrets),
    account: accountOf(name, configured, secrets),
    options: {
      ...(configured.apiVersion === undefined ? {} : { apiVersion: configured.apiVersion }),
      ...(configured.pathStyle === undefined ? {} : { pathStyle: configured.pathStyle }),
      ...(configured.store === undefined ? {} : { store: configured.store }),
      ...(configured.region === undefined ? {} : { region: configured.region }),
    },
    wires: wiresOf(configured, kind),
    inFlightMax: configured.inFlightMax,
    timeouts: { ...config.timeouts, ...definedOf(configured.timeouts ?? {}) },
  }
  // Not enumerable: neither JSON nor a log line of the whole provider can show the credential.
  return Object.defineProperty(provider, 'authHeader', { enumerable: false })
}

function authHeaderOf({ credential }: ProviderConfig, kind: ProviderKind, secrets: Secrets): Header | null {
  const secret = credential === undefined ? undefined : secrets.get(credential)
  if (secret === undefined) return null
  return kind.auth?.(secret.reveal()) ?? ['authorization', `Bearer ${secret.reveal()}`]
}

const wiresOf = ({ wires }: ProviderConfig, kind: ProviderKind): Provider['wires'] => {
  const [first, ...more] = wires ?? []
  return first === undefined ? kind.wires : [first, ...more]
}

/** A digest of the credential behind the provider's name: another key may be another account, and nobody can tell which. */
function accountOf(name: string, { credential }: ProviderConfig, secrets: Secrets): string {
  const secret = credential === undefined ? undefined : secrets.get(credential)
  return secret === undefined ? name : `${name}:${hash('sha256', secret.reveal(), 'hex').slice(0, ACCOUNT_DIGITS)}`
}

const ACCOUNT_DIGITS = 12

/** The fields that are set: one that is `undefined` must not hide the general value. */
const definedOf = (times: NonNullable<ProviderConfig['timeouts']>): Partial<Config['timeouts']> =>
  Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined))
