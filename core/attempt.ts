import type { WireId } from './chat.ts'
import type { Operation } from './operation.ts'
import type { Owner } from './owner.ts'
import type { Usage, UsageSource } from './usage.ts'

/** What is known of an attempt before it is sent. One attempt is one try at one target. */
export interface AttemptIntent {
  /** UUIDv7, made before dispatch: the identity that makes every later insert idempotent. */
  readonly id: string
  readonly requestId: string
  /** 1 for the first try of a request. */
  readonly attempt: number
  /** Milliseconds since 1970 at which the request arrived. The day partition of the record follows from it. */
  readonly at: number
  readonly keyId: string
  /** To whom the key belonged then. */
  readonly owner: Owner
  readonly operation: Operation
  readonly stream: boolean
  /** As the client wrote it. */
  readonly modelAsked: string
  readonly provider: string
  /** As it was sent to the provider. */
  readonly modelSent: string
  /** The version of the price that was in force, or `null` when the model has none. */
  readonly priceVersion: string | null
  /** Our estimate of the prompt, in tokens: what an interrupted attempt is booked with. */
  readonly inputEstimate: number
  /** The budgets that pay for it, each with the step of its period in which it began. */
  readonly budgets: readonly BudgetStep[]
}

/** One step of a budget's period: a row of what is spent of it. */
export interface BudgetStep {
  readonly budgetId: string
  /** Milliseconds since 1970. */
  readonly stepMs: number
}

/** What was booked on a budget. */
export interface Booking extends BudgetStep {
  /** Whole nano-dollars. */
  readonly nano: number
}

/** How far an open attempt has come: at most every two seconds or two thousand tokens. */
export interface AttemptProgress {
  readonly id: string
  readonly usage: Usage
  readonly source: UsageSource
}

/**
 * `complete`: the vendor ended as its wire says. `partial`: it broke off after content. `canceled`: the client left.
 * `failed`: no content came. `interrupted`: this process died, found at the next start.
 */
export type AttemptStatus = 'complete' | 'partial' | 'canceled' | 'failed' | 'interrupted'

/** Everything that is kept of an attempt: self-contained, so that one record alone can be shipped and costed again. No prompt or answer text. */
export interface AttemptRecord extends AttemptIntent {
  readonly status: AttemptStatus
  /** When it did not complete: our fault code, or the more exact word behind it (`idle`, `missing_terminal`, `status_429`); else `null`. */
  readonly reason: string | null
  /** The vendor's HTTP status, or `null` when none came. */
  readonly httpStatus: number | null
  /** The model that the vendor says answered. Priced by this one. */
  readonly modelAnswered: string | null
  /** `null`: nothing is known, which is not zero. */
  readonly usage: Usage | null
  readonly usageSource: UsageSource | null
  readonly serviceTier: string | null
  /** The client's wire, and the provider's; `null` where a process died, and in records of older versions. */
  readonly wire: WireId | null
  readonly vendorWire: WireId | null
  /** What was left out, changed or imitated on the way to the provider, as `field=what`; `null` when nothing was. */
  readonly losses: string | null
  /** The vendor's own name of a reply that it keeps and that can be asked for again; else `null`. */
  readonly replyId: string | null
  /** Integer nano-dollars, or `null` when the price or the usage is unknown. */
  readonly costNano: number | null
  readonly pricing: 'known' | 'unknown'
  /** What its budgets paid, which is more than its cost where that is unknown. */
  readonly bookings: readonly Booking[]
  /** Durations in microseconds: waiting for a free place, our own work before dispatch, and since arrival: first byte and end. */
  readonly queueUs: number
  readonly gatewayUs: number
  readonly firstByteUs: number | null
  readonly totalUs: number
}
