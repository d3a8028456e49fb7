import { Concurrency } from './concurrency.ts'
import { SlidingWindow } from './sliding-window.ts'

/** How much one subject (a key, project, team, organisation, user) may do. */
export interface LimitRule {
  readonly id: string
  readonly measure: 'requests' | 'tokens' | 'concurrent'
  /** Requests, tokens, or requests that are open at once. 0 blocks everything. */
  readonly max: number
  /** Milliseconds; 0 for `concurrent`, which looks at now only. */
  readonly windowMs: number
}

/** What one rule has counted for one subject. `admitAll` asks and takes; others only look. */
export interface Meter {
  readonly rule: LimitRule
  /** Units that are left now. */
  readonly remaining: (nowMs: number) => number
  /** Milliseconds until everything is free again if nobody asks: 0 for `concurrent`, where nobody knows. */
  readonly resetMs: (nowMs: number) => number
  /** Whether it holds nothing: its owner may forget it, and open it again when somebody asks. */
  readonly idle: (nowMs: number) => boolean
  /** The meter to go on with when the rule has changed: this one with all that it counted, or a new one where another thing is measured. */
  readonly setRule: (rule: LimitRule) => Meter
  /** Milliseconds until a request of so many tokens fits if nobody else asks; 0 when it fits now, `undefined` when it never will. */
  readonly waitMs: (tokens: number, nowMs: number) => number | undefined
  readonly take: (tokens: number, nowMs: number) => void
  /** The end of a request that took at `atMs`: it gives back its place, and corrects its tokens by the difference to what it reserved. */
  readonly settle: (deltaTokens: number, atMs: number, nowMs: number) => void
}

export function openMeter(rule: LimitRule): Meter {
  switch (rule.measure) {
    case 'requests':
    case 'tokens':
      return new WindowMeter(rule)
    case 'concurrent':
      return new PlaceMeter(rule)
  }
}

class WindowMeter implements Meter {
  #rule: LimitRule
  readonly #window: SlidingWindow
  readonly #countsTokens: boolean

  constructor(rule: LimitRule) {
    this.#rule = rule
    this.#window = new SlidingWindow(rule)
    this.#countsTokens = rule.measure === 'tokens'
  }

  get rule(): LimitRule {
    return this.#rule
  }

  remaining(nowMs: number): number {
    return this.#window.room(nowMs)
  }

  resetMs(nowMs: number): number {
    return this.#window.resetMs(nowMs)
  }

  idle(nowMs: number): boolean {
    return this.#window.idle(nowMs)
  }

  setRule(rule: LimitRule): Meter {
    if (rule.measure !== this.#rule.measure) return openMeter(rule)
    this.#rule = rule
    this.#window.setLimit(rule)
    return this
  }

  waitMs(tokens: number, nowMs: number): number | undefined {
    return this.#window.waitMs(nowMs, this.#countsTokens ? tokens : 1)
  }

  take(tokens: number, nowMs: number): void {
    this.#window.take(nowMs, this.#countsTokens ? tokens : 1)
  }

  /** A request that was admitted stays counted, also when it fails later: failing on purpose would be a way around the limit. */
  settle(deltaTokens: number, atMs: number, nowMs: number): void {
    if (this.#countsTokens) this.#window.adjust(atMs, deltaTokens, nowMs)
  }
}

class PlaceMeter implements Meter {
  #rule: LimitRule
  readonly #places = new Concurrency()

  constructor(rule: LimitRule) {
    this.#rule = rule
  }

  get rule(): LimitRule {
    return this.#rule
  }

  remaining(): number {
    return Math.max(0, this.#rule.max - this.#places.open)
  }

  resetMs(): number {
    return 0
  }

  idle(): boolean {
    return this.#places.open === 0
  }

  setRule(rule: LimitRule): Meter {
    if (rule.measure !== this.#rule.measure) return openMeter(rule)
    this.#rule = rule
    return this
  }

  waitMs(): number | undefined {
    const { max } = this.#rule
    if (this.#places.open < max) return 0
    return max >= 1 ? PLACE_WAIT_MS : undefined
  }

  take(): void {
    this.#places.enter()
  }

  settle(): void {
    this.#places.leave()
  }
}

/** Nobody knows when a request ends: the shortest time that `Retry-After` can say. */
const PLACE_WAIT_MS = 1_000
