import type { AttemptIntent, AttemptRecord, AttemptStatus, Booking, BudgetStep } from '../core/attempt.ts'
import { Fault, faultOf } from '../core/fault.ts'
import type { Loss } from '../core/loss.ts'
import { cost, priceAt } from '../core/price.ts'
import type { Attempt } from '../core/route.ts'
import { outputTokens, type Usage, type UsageSource } from '../core/usage.ts'
import type { Reading, ReplyReader } from '../core/reply-reader.ts'
import type { OpenAttempt } from '../core/world.ts'
import { type Account, micros } from './account.ts'
import type { Planned } from './exchange.ts'
import { promptEstimate } from './expected-tokens.ts'
import { Flow } from './flow.ts'
import type { Spoken } from './speech.ts'
import type { World } from './world.ts'

/** How an attempt ended. */
export interface AttemptEnd {
  readonly status: AttemptStatus
  /** Our fault code, or `null` when it completed. */
  readonly reason: string | null
  /** Whether the vendor may have worked for it: a refusal with a status costs nothing, silence may. */
  readonly billed: 'as_read' | 'nothing' | 'unknown'
}

interface AttemptParts {
  readonly world: World
  readonly account: Account
  /** What it waited for a place. */
  readonly queuedMs: number
  readonly spoken: Spoken
}

/** One try at one target, from the intent in the journal to its record. */
export class AttemptRun {
  readonly attempt: Attempt
  readonly flow: Flow
  reader: ReplyReader | undefined
  readonly gatewayUs: number
  readonly timeouts: Attempt['target']['provider']['timeouts']
  readonly #world: World
  readonly #account: Account
  readonly #intent: AttemptIntent
  readonly #planned: Planned
  readonly #spoken: Spoken
  readonly #open: OpenAttempt
  readonly #startedAt: number
  readonly #queueUs: number
  #settled = false
  #progressAt: number
  #progressTokens = 0

  constructor(planned: Planned, attempt: Attempt, { world, account, queuedMs, spoken }: AttemptParts) {
    this.#world = world
    this.#account = account
    this.#planned = planned
    this.#spoken = spoken
    this.attempt = attempt
    this.timeouts = attempt.target.provider.timeouts
    this.flow = new Flow(world.clock)
    this.#startedAt = world.clock.monotonic()
    this.#progressAt = this.#startedAt
    this.#queueUs = micros(queuedMs)
    this.gatewayUs = micros(this.#startedAt - account.ownSince)
    this.#intent = intentOf(planned, attempt, { id: world.newId(), account })
    this.#open = world.ledger.open(this.#intent)
  }

  /** Resolves when the intent is safe: only then may the attempt be sent. */
  get written(): Promise<void> {
    return this.#open.written
  }

  /** Whether it may be at the vendor, and has no record yet. */
  get isUnderWay(): boolean {
    return this.flow.sent && !this.#settled
  }

  get firstByteUs(): number | null {
    const at = this.flow.firstByteAt
    return at === undefined ? null : micros(at - this.#account.arrivedAt)
  }

  get requestId(): string {
    return this.#intent.requestId
  }

  /** Whether the client itself asked for usage at the end of a stream. */
  get usageAsked(): boolean {
    return this.#planned.fields.usageAsked
  }

  /** The prompt as we estimate it, in tokens. */
  get inputEstimate(): number {
    return this.#intent.inputEstimate
  }

  /**
   * Writes the record, once; a second call does nothing. `written` gets it when it is safe, before the client gets its
   * last byte, so that the client can be told its cost.
   */
  settle(end: AttemptEnd, written: (record: AttemptRecord) => void): void {
    if (this.#settled) return
    this.#settled = true
    const record = this.#record(end)
    this.#world.metrics.attempt(record)
    this.#account.spent(record)
    this.#world.forecast.note(record)
    if (end.billed !== 'nothing') this.#account.hasCost = true
    this.#open.settle(record, () => {
      try {
        written(record)
      } catch (error) {
        this.unsent(error)
      }
    })
  }

  /** The record stands; an answer that cannot be sent must not keep its place at the provider. */
  unsent(error: unknown): void {
    const cause = error instanceof Error ? error.message : 'unknown'
    this.#world.log.error({ requestId: this.#account.requestId, cause }, 'the answer could not be sent')
    this.flow.abort(faultOf(error))
    this.#account.abandon()
  }

  /** Ends whatever is still open of it, and records that it failed, or that its client left. */
  abandon(fault: Fault): void {
    if (this.#settled) return
    this.flow.abort(fault)
    const status = this.#account.left ? 'canceled' : 'failed'
    this.settle({ status, reason: fault.code, billed: billedOf(this) }, () => {})
  }

  sweep(nowMs: number): void {
    if (this.#settled) return
    const fault = this.#overdue(nowMs)
    if (fault !== undefined) this.flow.abort(fault)
    else this.#progress(nowMs)
  }

  #overdue(nowMs: number): Fault | undefined {
    const timeouts = this.timeouts
    // One deadline over all attempts.
    if (nowMs - this.#account.arrivedAt > timeouts.totalMs)
      return late('The provider took too long altogether', 'total')
    // A vendor that waits because the client does not read is not silent.
    if (this.#account.stalledSince !== undefined) return undefined
    const opened = this.reader?.opened === true
    const silentMs = nowMs - (opened ? this.flow.lastByteAt : this.#startedAt)
    if (!opened && silentMs > timeouts.firstByteMs) return late('The provider did not answer in time', 'first_byte')
    if (opened && silentMs > timeouts.idleMs) return late('The provider fell silent', 'idle')
    return undefined
  }

  #progress(nowMs: number): void {
    if (this.reader === undefined || !this.#planned.fields.stream) return
    const reading = this.reader.reading()
    // Its client may cancel it, or go on from it elsewhere, while it still streams.
    this.#keptReply(reading)
    const { usage, source } = reading
    if (usage === null || source === null) return
    const tokens = outputTokens(usage)
    const due = nowMs - this.#progressAt >= PROGRESS_MS || tokens - this.#progressTokens >= PROGRESS_TOKENS
    if (!due || tokens === this.#progressTokens) return
    this.#progressAt = nowMs
    this.#progressTokens = tokens
    this.#open.progress(usage, source)
  }

  #record(end: AttemptEnd): AttemptRecord {
    const reading: Reading = this.reader?.reading() ?? NOTHING_READ
    const metered = this.#metered(end, reading)
    const { target } = this.attempt
    // The model that answered is billed: vendors serve another one than was asked for (wire-formats 0, point 10).
    const prices = this.#planned.snapshot.prices.get(`${target.provider.name}/${reading.model}`) ?? target.prices
    const price = priceAt(prices, this.#intent.at)
    // To count tokens is free everywhere.
    const free = end.billed === 'nothing' || this.#intent.operation === 'count_tokens'
    const known = price !== undefined && metered.usage !== null
    const tier = reading.serviceTier ?? undefined
    const costNano = free ? 0 : known ? cost(metered.usage, price, tier) : null
    return {
      ...this.#intent,
      priceVersion: price?.version ?? null,
      status: end.status,
      reason: end.reason,
      httpStatus: this.flow.status === 0 ? null : this.flow.status,
      modelAnswered: reading.model,
      usage: metered.usage,
      usageSource: metered.source,
      serviceTier: reading.serviceTier,
      wire: this.#account.wire,
      vendorWire: this.#spoken.wire,
      losses: lossText([...this.#spoken.losses, ...(this.reader?.losses?.() ?? [])]),
      replyId: this.#keptReply(reading),
      costNano,
      bookings: this.#account.purse?.book(costNano) ?? NO_BOOKINGS,
      pricing: price === undefined ? 'unknown' : 'known',
      queueUs: this.#queueUs,
      gatewayUs: this.gatewayUs,
      firstByteUs: this.firstByteUs,
      totalUs: micros(this.#world.clock.monotonic() - this.#account.arrivedAt),
    }
  }

  /** Only one wire has a name for it that a client can ask for, and only where its vendor was allowed to keep it. */
  #keptReply({ replyId }: Reading): string | null {
    const { wire, same } = this.#spoken
    const kept = same && wire === 'openai-responses' && this.#planned.fields.store !== false
    if (!kept || replyId === undefined || replyId === null) return null
    this.#world.storedReplies.note(replyId, { keyId: this.#intent.keyId, provider: this.#intent.provider })
    return replyId
  }

  #metered(end: AttemptEnd, reading: Reading): { readonly usage: Usage | null; readonly source: UsageSource | null } {
    return end.billed === 'as_read' ? { usage: reading.usage, source: reading.source } : { usage: null, source: null }
  }
}

/** A refusal costs nothing, and neither does what never left. A vendor that took the request and then said nothing may have worked. */
function billedOf({ flow, reader }: AttemptRun): AttemptEnd['billed'] {
  if (!flow.sent || flow.status >= 300 || isTold(reader)) return 'nothing'
  if (reader?.openingFault !== undefined) return 'unknown'
  return reader?.opened === true ? 'as_read' : 'unknown'
}

/** Whether the vendor itself said, where the answer should be, that there is none. */
const isTold = (reader: ReplyReader | undefined): boolean => {
  const reason = reader?.openingFault?.reason
  return reason === 'error_in_stream' || reason === 'error_in_reply'
}

const NO_STEPS: readonly BudgetStep[] = []
const NO_BOOKINGS: readonly Booking[] = []

const lossText = (losses: readonly Loss[]): string | null =>
  losses.length === 0 ? null : losses.map(({ field, what }) => `${field}=${what}`).join(', ')

/** A running figure at most this often, whichever comes first (design, section 6). */
const PROGRESS_MS = 2_000
const PROGRESS_TOKENS = 2_000
const NOTHING_READ: Reading = { model: null, serviceTier: null, usage: null, source: null }

const late = (message: string, reason: string) => new Fault('upstream_timeout', message, { reason })

function intentOf(
  planned: Planned,
  attempt: Attempt,
  { id, account }: { id: string; account: Account },
): AttemptIntent {
  const { target } = attempt
  return {
    id,
    requestId: account.requestId,
    attempt: account.attempts,
    at: account.at,
    keyId: planned.key.id,
    owner: planned.key.owner,
    operation: planned.operation,
    stream: planned.fields.stream,
    modelAsked: planned.fields.model,
    provider: target.provider.name,
    modelSent: target.model,
    priceVersion: priceAt(target.prices, account.at)?.version ?? null,
    inputEstimate: promptEstimate(planned),
    budgets: account.purse?.steps() ?? NO_STEPS,
  }
}
