import type { AttemptRecord } from '../core/attempt.ts'
import type { FaultCode } from '../core/fault.ts'
import type { Operation } from '../core/operation.ts'
import type { Policy } from '../core/policy.ts'
import type { Clock, Keys, Ledger, Log } from '../core/world.ts'
import type { ByteBudget } from './byte-budget.ts'
import type { Asked } from './exchange.ts'
import type { CostForecast } from './expected-cost.ts'
import type { OpenRequests } from './open-requests.ts'
import type { Snapshot } from './snapshot.ts'
import type { KeyUsage } from './store/key-usage.sql.ts'
import type { Allowances } from './world/allowances.ts'
import type { Budgets } from './world/budgets.ts'
import type { Connect } from './world/connect.ts'
import type { Idempotency } from './world/idempotency.ts'
import type { Translator } from './world/translator.ts'
import type { StoredReplies } from './world/stored-replies.ts'
import type { Gate } from './world/gates.ts'

/** Everything outside, as the hops get it. `server/start.ts` is the only place that builds one. */
export interface World {
  readonly clock: Clock
  readonly keys: Keys
  readonly ledger: Ledger
  readonly log: Log
  readonly metrics: Metrics
  readonly connect: Connect
  /** The places of a provider, by its name. */
  readonly gate: (provider: string) => Gate
  readonly policies: readonly Policy<Asked>[]
  /** The configuration in force now; a request keeps the one it began with. */
  readonly snapshot: () => Snapshot
  /** A new UUIDv7. */
  readonly newId: () => string
  /** Counts up, for balancers that take turns. */
  readonly turn: () => number
  readonly openRequests: OpenRequests
  /** What is away at the moment while requests are served all the same (`database, journal`), or `null`: each answer says so. */
  readonly degraded: () => string | null
  /** Memory for request bodies that are too large to be parsed. */
  readonly largeBodies: ByteBudget
  /** Translates and counts request bodies that are too large to be parsed here. */
  readonly translator: Translator
  /** The limits of a key, on every level of its tenancy. */
  readonly allowances: Pick<Allowances, 'of'>
  /** The budgets that pay for a key, likewise. */
  readonly budgets: Pick<Budgets, 'of'>
  /** Learns how long answers usually are. */
  readonly forecast: Pick<CostForecast, 'note' | 'quoted'>
  /** What a key has used since the beginning of a UTC day; rejects while the database is away. */
  readonly keyUsage: (keyId: string, fromDay: string) => Promise<KeyUsage>
  /** What was answered to requests that carry an idempotency key. */
  readonly idempotency: Idempotency
  /** Memory for copies of streams that are kept for them. */
  readonly streamCopies: ByteBudget
  /** Whose the replies are that vendors keep. */
  readonly storedReplies: StoredReplies
}

/** What is counted of the data plane. Series are resolved once; a call costs an addition (hot-path rule 13). */
export interface Metrics {
  /** One attempt has ended, as it was recorded. */
  attempt(record: AttemptRecord): void
  /** One request has ended. `provider` is null when it never reached one; `status` is what the client got, 499 when it left. */
  request(ended: EndedRequest): void
  /** One request was refused by us. */
  refused(code: FaultCode): void
}

export interface EndedRequest {
  readonly operation: Operation
  readonly provider: string | null
  readonly status: number
  readonly stream: boolean
  /** Whole time since arrival, our own share of it before dispatch, and the vendor's first byte, in microseconds. */
  readonly totalUs: number
  readonly gatewayUs: number
  readonly firstByteUs: number | null
}
