import { tokensIn } from '../token-count.ts'
import type { LimitRule, Meter } from './meter.ts'

/**
 * Asks all meters whether one more request fits, and takes from all of them or from none; nothing can come between, because it does not wait.
 * `tokens` is what the request is expected to use; each meter stands in the list once, and the list stays as it is until the request is settled.
 * A request reserves at least one token, so a token limit that is used up refuses every request; an amount that is none (negative, NaN,
 * endless) fits no token limit.
 */
export function admitAll(
  meters: readonly Meter[],
  { tokens }: { readonly tokens: number },
  nowMs: number,
): Held | Refused {
  const reserved = tokens >= 0 ? Math.max(1, Math.ceil(tokens)) : Number.POSITIVE_INFINITY
  let longestMs = 0
  let slowest: Meter | undefined
  for (const meter of meters) {
    const waitMs = meter.waitMs(reserved, nowMs)
    if (waitMs === undefined) return { verdict: 'deny', rule: meter.rule, retryAfterSeconds: undefined }
    if (waitMs > longestMs) {
      longestMs = waitMs
      slowest = meter
    }
  }
  if (slowest !== undefined) return refused(slowest.rule, longestMs)
  for (const meter of meters) meter.take(reserved, nowMs)
  return new Held(meters, reserved, nowMs)
}

/** An admitted request: what it took, until it is over. */
export class Held {
  readonly verdict = 'pass'
  #meters: readonly Meter[]
  readonly #reservedTokens: number
  readonly #atMs: number

  constructor(meters: readonly Meter[], reservedTokens: number, atMs: number) {
    this.#meters = meters
    this.#reservedTokens = reservedTokens
    this.#atMs = atMs
  }

  /**
   * The end of the request: gives back its places, and puts the tokens that it used where those are that it reserved. `null`, and what no
   * model can have used, means that nobody knows: the reservation stays. Once; a second call does nothing.
   */
  settle(actualTokens: number | null, nowMs: number): void {
    const delta = (tokensIn(actualTokens) ?? this.#reservedTokens) - this.#reservedTokens
    for (const meter of this.#meters) meter.settle(delta, this.#atMs, nowMs)
    this.#meters = NO_METERS
  }
}

/** A request that does not fit. Nothing was taken for it. */
export interface Refused {
  readonly verdict: 'deny'
  /** The one that makes it wait longest, or the first that it never fits. */
  readonly rule: LimitRule
  /** From 1 to the length of the window: asked again then, it fits if nobody else came. `undefined`: it never fits. */
  readonly retryAfterSeconds: number | undefined
}

function refused(rule: LimitRule, waitMs: number): Refused {
  const windowSeconds = Math.ceil(rule.windowMs / 1_000)
  const seconds = Math.min(Math.ceil(waitMs / 1_000), windowSeconds)
  return { verdict: 'deny', rule, retryAfterSeconds: Math.max(1, seconds) }
}

const NO_METERS: readonly Meter[] = []
