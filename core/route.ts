import { roundRobin } from './balancers/round-robin.ts'
import type { Capabilities } from './capabilities.ts'
import type { WireId } from './chat.ts'
import type { LossMode } from './loss.ts'
import type { Operation } from './operation.ts'
import type { Price } from './price.ts'
import { type Header, type PathAsked, type ProviderKind, type ProviderOptions, usualPath } from './provider.ts'

/** One address that serves a provider's models. */
export interface Node {
  /** Scheme, host and port, as `https://host[:port]`: what a credential is bound to. */
  readonly origin: string
  /** The path of the API at that origin, without a trailing slash: `/v1`, or empty. */
  readonly basePath: string
  /** Where it listens when that is a Unix socket; `origin` is then only a name. */
  readonly socketPath?: string
}

/** Waits towards one provider, all in milliseconds. */
export interface ProviderTimeouts {
  readonly connectMs: number
  readonly firstByteMs: number
  readonly idleMs: number
  readonly totalMs: number
  readonly clientStallMs: number
}

/** A vendor or own node as configured: its kind, with everything that the kind leaves open filled in. */
export interface Provider {
  /** As the operator called it: the first part of `provider/model`. */
  readonly name: string
  readonly kind: ProviderKind
  /** Never empty; all of them serve the same models. */
  readonly nodes: readonly Node[]
  /** Carries the credential, so it is not enumerable: a provider that is printed by mistake does not show it. `null`: none is sent. */
  readonly authHeader: Header | null
  /** Stands for the credential without showing it: what one account signed is given back to it alone. */
  readonly account: string
  readonly options: ProviderOptions
  /** The wires that it is spoken to in, the one to translate to first. */
  readonly wires: readonly [WireId, ...WireId[]]
  readonly inFlightMax: number
  readonly timeouts: ProviderTimeouts
}

/** One provider and one model that can be tried. */
export interface Target {
  /** `provider/model`. */
  readonly id: string
  readonly provider: Provider
  /** As it is sent to the provider. */
  readonly model: string
  /** What it can be asked for; an unlisted model: all that its kind serves. */
  readonly operations: readonly Operation[]
  /** What the model can do, as far as it is known. */
  readonly capabilities: Capabilities
  /** Its largest answer in tokens; `null` when nobody says. */
  readonly outputTokensMax: number | null
  /** Ascending by `from`, ready for `priceAt`. Empty: unknown, which is never zero. */
  readonly prices: readonly Price[]
}

/** Puts the members in the order in which they are tried. `turn` differs from request to request; the members come back all, each once. */
export type Balancer = <Member>(members: readonly Member[], turn: number) => readonly Member[]

/** What a model name leads to. */
export interface Route {
  /** As it was asked for: an alias, a catalogue name, or `provider/model`. */
  readonly name: string
  /** Never empty. */
  readonly targets: readonly Target[]
  readonly order: Balancer
  /** What is done about things that cannot be said to a vendor. Absent: `warn`. */
  readonly lossMode?: LossMode
}

/** One try at one target. */
export interface Attempt {
  readonly target: Target
  readonly node: Node
}

/**
 * The attempts of one request in the order in which they are tried: the targets as the route orders them, and for each its
 * nodes in turn. `turn` is a number that the caller counts up from request to request, so this stays a plain function.
 */
export function plan(route: Route, turn: number): readonly Attempt[] {
  const [only] = route.targets
  // Nearly every route: one target at one address, nothing to order.
  if (only !== undefined && route.targets.length === 1 && only.provider.nodes.length === 1) {
    return only.provider.nodes.map((node) => ({ target: only, node }))
  }
  // Both rings turn by the same number: without the division two targets of two nodes each would use one node of each only.
  const nodeTurn = Math.floor(turn / route.targets.length)
  return route.order(route.targets, turn).flatMap((target) => attemptsAt(target, nodeTurn))
}

/** The path and query of a request to `node`. */
export const requestPath = ({ kind, options }: Provider, node: Node, asked: PathAsked): string =>
  node.basePath + (kind.path?.(asked, options) ?? usualPath(asked))

const attemptsAt = (target: Target, turn: number): readonly Attempt[] =>
  roundRobin(target.provider.nodes, turn).map((node) => ({ target, node }))
