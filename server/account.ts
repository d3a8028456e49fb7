import type { ServerResponse } from 'node:http'
import type { AttemptRecord } from '../core/attempt.ts'
import type { WireId } from '../core/chat.ts'
import { Fault } from '../core/fault.ts'
import type { Meter } from '../core/limits/meter.ts'
import { rateHeaders } from '../core/limits/rate-headers.ts'
import type { Operation } from '../core/operation.ts'
import type { Purse, Spent } from '../core/policy.ts'
import { inputTokens, outputTokens } from '../core/usage.ts'
import type { AttemptRun } from './attempt-run.ts'
import type { Inbound } from './exchange.ts'
import type { Swept } from './open-requests.ts'
import type { World } from './world.ts'
import type { Claim } from './world/idempotency.ts'

/**
 * The one mutable thing of a request: what it holds, what it has tried, and how it ends. It closes exactly once, however
 * the end comes: an answer, a refusal, or a client that leaves.
 */
export class Account implements Swept {
  next: Swept | null = null
  back: Swept | null = null
  readonly requestId: string
  /** Monotonic milliseconds, and the same moment since 1970. */
  readonly arrivedAt: number
  readonly at: number
  readonly operation: Operation
  /** The form in which this client reads errors. */
  readonly wire: WireId
  /** The attempt that is under way, or the last one. */
  run: AttemptRun | undefined
  attempts = 0
  /** The idempotency key that it holds, where its client sent one. */
  claim: Claim | undefined
  /** Whether an attempt has ended that may cost something. */
  hasCost = false
  stream = false
  /** Milliseconds spent waiting for a free place, over all attempts. */
  waitMs = 0
  /** Monotonic milliseconds since which the gateway itself is at work: what it waited for before is not its own time. */
  ownSince: number
  /** Monotonic milliseconds since which the client takes nothing, or `undefined` while it reads. */
  stalledSince: number | undefined
  /** Set once the client has left or the request is over: nothing may be begun any more. */
  closed = false
  /** Whether the client went away by itself. */
  left = false
  readonly #world: World
  readonly #response: ServerResponse
  /** The limits that count for it: what the client is told about. */
  meters: readonly Meter[] = NO_METERS
  /** The budgets that pay for it. */
  purse: Purse | undefined
  readonly #settles: ((spent: Spent) => void)[] = []
  #tokens: number | null = 0
  /** Ends what the request waits for right now; set by whoever waits. */
  #interrupt: ((fault: Fault) => void) | undefined

  constructor(world: World, { operation, endpoint, response }: Inbound) {
    this.#world = world
    this.#response = response
    this.operation = operation
    this.wire = endpoint.wire
    this.requestId = world.newId()
    this.arrivedAt = world.clock.monotonic()
    this.at = world.clock.now()
    this.ownSince = this.arrivedAt
    world.openRequests.add(this)
    // Open until its last byte has left: whoever waits for open requests must not close a connection before.
    response.on('close', () => {
      if (!response.writableFinished) this.#clientLeft()
      world.openRequests.remove(this)
    })
  }

  /** Keeps what must be given back when the request is over. */
  hold(settle: (spent: Spent) => void): void {
    if (this.closed) settle({ tokens: this.#tokens })
    else this.#settles.push(settle)
  }

  /** Counts what an attempt used. One that may have used something and does not say makes the sum unknown. */
  spent({ usage, costNano }: AttemptRecord): void {
    if (usage !== null)
      this.#tokens = this.#tokens === null ? null : this.#tokens + inputTokens(usage) + outputTokens(usage)
    else if (costNano !== 0) this.#tokens = null
  }

  /** Headers that tell the client how much is left, in the words of its own API; names and values in turn. */
  limitHeaders(): readonly string[] {
    if (this.meters.length === 0) return NO_HEADERS
    const { clock } = this.#world
    return rateHeaders(this.wire, this.meters, { nowMs: clock.monotonic(), wallMs: clock.now() })
  }

  /** Ends the claim of a request that has no answer to keep; `undefined` without one. Free again only where nothing can have been charged. */
  endClaim(): Promise<void> | undefined {
    const mayCost = this.hasCost || this.run?.isUnderWay === true
    return mayCost ? this.claim?.end() : this.claim?.release()
  }

  /** What is away at the moment, for the client to see. */
  get degraded(): string | null {
    return this.#world.degraded()
  }

  /** Counts what was waited for a place since `since` (monotonic milliseconds). */
  waited(since: number): void {
    this.ownSince = this.#world.clock.monotonic()
    this.waitMs += this.ownSince - since
  }

  /** While something is waited for: `interrupt` is called when the client leaves. Returns the function that forgets it. */
  onInterrupt(interrupt: (fault: Fault) => void): () => void {
    this.#interrupt = interrupt
    if (this.left) interrupt(clientGone())
    return () => {
      this.#interrupt = undefined
    }
  }

  /** The end, exactly once: gives back what is held and counts the request. `status` is what the client got. */
  close(status: number): void {
    if (this.closed) return
    this.closed = true
    const spent = { tokens: this.#tokens }
    for (const settle of this.#settles) settle(spent)
    // What the client has not taken yet may wait as long as a client may stand still, and no longer.
    if (this.#response.writableLength > 0) this.stalledSince ??= this.#world.clock.monotonic()
    const run = this.run
    this.#world.metrics.request({
      operation: this.operation,
      provider: run?.attempt.target.provider.name ?? null,
      status,
      stream: this.stream,
      totalUs: micros(this.#world.clock.monotonic() - this.arrivedAt),
      gatewayUs: run?.gatewayUs ?? 0,
      firstByteUs: run?.firstByteUs ?? null,
    })
  }

  sweep(nowMs: number): void {
    const run = this.run
    if (run === undefined) return
    run.sweep(nowMs)
    const stalled = this.stalledSince !== undefined && nowMs - this.stalledSince > run.timeouts.clientStallMs
    if (!stalled) return
    if (this.closed) this.#response.destroy()
    else this.#end(new Fault('client_gone', 'The client stopped reading', { reason: 'client_stalled' }))
  }

  /** What the drain deadline does to a request that is still open. */
  cut(fault: Fault): void {
    this.#end(fault)
  }

  /** Nothing can be answered any more: the connection is all that is left to end. */
  abandon(): void {
    this.#response.destroy()
    this.close(500)
  }

  #clientLeft(): void {
    this.left = true
    const fault = clientGone()
    this.#end(fault)
    // Recorded before anything is given back: what the vendor may have begun is paid for, whoever has gone.
    this.run?.abandon(fault)
    this.close(499)
  }

  #end(fault: Fault): void {
    this.#interrupt?.(fault)
    this.run?.flow.abort(fault)
  }
}

const NO_METERS: readonly Meter[] = []
const NO_HEADERS: readonly string[] = []

export const micros = (milliseconds: number): number => Math.max(0, Math.round(milliseconds * 1_000))

const clientGone = () => new Fault('client_gone', 'The client left', { reason: 'client_left' })
