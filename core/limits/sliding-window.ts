/** How much, in how long: at most `max` units in any `windowMs` milliseconds. */
export interface WindowLimit {
  /** Units. What is no amount (negative, NaN) is 0 and blocks everything. */
  readonly max: number
  /** Milliseconds, above 0. */
  readonly windowMs: number
}

/**
 * Counts units so that no window of `windowMs`, wherever it begins, holds more than `max` of them. A unit taken at t is free again at
 * t + `windowMs`. All times are monotonic milliseconds; one that goes back counts as the newest.
 *
 * It is a log of how much was taken when, in which neighbours share an entry and leave together, with the youngest of them. So it errs to the
 * safe side only, and by no more than one entry: the one at the edge of the window. Neighbours share where that costs next to nothing:
 * - while they are together at most 1/256 of `max`. A subject far below its limit has a handful of entries, and a limit of up to 256
 *   requests is exact, where a ring of fixed buckets would refuse every fourth of those that a limit of one allows;
 * - while they are within 1/256 of the window, once there are 256 entries: there are never more than 511.
 * Each delays less than 1/256 of what an exact log would let through, so both together stay under 1 %. An entry has 16 bytes; the first are made on
 * first use. A subject that lives at a limit of tokens has some 300 of them, one that uses a tenth of it some 30.
 *
 * Amounts are whole numbers, and what is held stays below 2^53, so that sums are exact whatever was handed in.
 */
export class SlidingWindow {
  #max = 0
  #windowMs = 0
  /** Units up to which neighbours share an entry. */
  #sharedMax = 1
  /** A ring of entries: when the youngest unit was taken, and how many units. Its number of entries is 0 or a power of two. */
  #ring: Float64Array = NO_ENTRIES
  #oldest = 0
  #count = 0
  #held = 0
  /** When the newest entry was begun. */
  #newestFromMs = 0

  constructor(limit: WindowLimit) {
    this.setLimit(limit)
  }

  /** Changes the limit and keeps what was counted, as far as it lies in the new window: a new plan is no second allowance. */
  setLimit({ max, windowMs }: WindowLimit): void {
    this.#max = amount(max)
    this.#windowMs = windowMs
    this.#sharedMax = Math.ceil(this.#max / SHARES)
  }

  /** Units that are left now: 0 also where a settlement went above `max`. */
  room(nowMs: number): number {
    this.#drop(nowMs)
    return Math.max(0, this.#max - this.#held)
  }

  /** Counts units, whether they fit or not: the caller has asked `room` or `waitMs`. A fraction counts as a whole unit, what is no amount as none. */
  take(nowMs: number, units: number): void {
    this.#drop(nowMs)
    const taken = Math.min(amount(Math.ceil(units)), HELD_MAX - this.#held)
    if (taken === 0) return
    this.#held += taken
    if (this.#count === 0 || !this.#join(nowMs, taken)) this.#append(nowMs, taken)
  }

  /**
   * Corrects what was taken at `atMs` (as it was given to `take`) when the truth is known. What has left the window since is left alone;
   * what is still in it may go above `max`, and then the next ones are refused. Never takes away more than the entry holds; NaN changes nothing.
   */
  adjust(atMs: number, deltaUnits: number, nowMs: number): void {
    this.#drop(nowMs)
    if (atMs + this.#windowMs <= nowMs) return
    const index = this.#indexAt(atMs)
    if (index === this.#count) return
    const slot = this.#slot(index)
    const units = this.#ring[slot + 1] ?? 0
    const delta = Math.max(-units, Math.min(Math.trunc(deltaUnits) || 0, HELD_MAX - this.#held))
    this.#ring[slot + 1] = units + delta
    this.#held += delta
  }

  /** Milliseconds until `units` fit if nobody else takes any: 0 when they fit now, `undefined` when they never will, being more than `max` or no amount. */
  waitMs(nowMs: number, units: number): number | undefined {
    if (!(units >= 0 && units <= this.#max)) return undefined
    this.#drop(nowMs)
    let excess = this.#held + units - this.#max
    if (excess <= 0) return 0
    let index = 0
    // Everything that is held is more than the excess, so the loop ends before the last entry does.
    for (; index < this.#count - 1; index++) {
      excess -= this.#ring[this.#slot(index) + 1] ?? 0
      if (excess <= 0) break
    }
    return this.#leavesInMs(index, nowMs)
  }

  /** Milliseconds until all of `max` is free again. */
  resetMs(nowMs: number): number {
    this.#drop(nowMs)
    // An entry that was settled to nothing keeps its place, because more may still be settled into it.
    for (let index = this.#count - 1; index >= 0; index--) {
      if ((this.#ring[this.#slot(index) + 1] ?? 0) > 0) return this.#leavesInMs(index, nowMs)
    }
    return 0
  }

  /** Whether nothing is left to remember: one that is made anew would answer the same. */
  idle(nowMs: number): boolean {
    this.#drop(nowMs)
    return this.#count === 0
  }

  /** How many entries it keeps: its memory. */
  get entries(): number {
    return this.#count
  }

  /** Forgets what has left the window. Each entry is dropped once, so this costs as much as taking did. */
  #drop(nowMs: number): void {
    while (this.#count > 0 && (this.#ring[this.#slot(0)] ?? 0) + this.#windowMs <= nowMs) {
      this.#held -= this.#ring[this.#slot(0) + 1] ?? 0
      this.#oldest = (this.#oldest + 1) & (this.#ring.length / FIELDS - 1)
      this.#count--
    }
  }

  /** Puts units into the newest entry where they may share it. */
  #join(nowMs: number, units: number): boolean {
    const slot = this.#slot(this.#count - 1)
    const together = (this.#ring[slot + 1] ?? 0) + units
    const spanMs = nowMs - this.#newestFromMs
    const later = nowMs > (this.#ring[slot] ?? 0)
    const few = together <= this.#sharedMax && spanMs < this.#windowMs / LONG_SPANS
    const close = this.#count >= SHARES && spanMs < this.#windowMs / SHARES
    if (later && !few && !close) return false
    if (later) this.#ring[slot] = nowMs
    this.#ring[slot + 1] = together
    return true
  }

  #append(atMs: number, units: number): void {
    if (this.#count * FIELDS === this.#ring.length) this.#grow()
    const slot = this.#slot(this.#count)
    this.#ring[slot] = atMs
    this.#ring[slot + 1] = units
    this.#newestFromMs = atMs
    this.#count++
  }

  #grow(): void {
    const larger = new Float64Array(Math.max(FIRST_ENTRIES * FIELDS, this.#ring.length * 2))
    const start = this.#slot(0)
    larger.set(this.#ring.subarray(start))
    larger.set(this.#ring.subarray(0, start), this.#ring.length - start)
    this.#ring = larger
    this.#oldest = 0
  }

  /** The first entry whose youngest unit is of `atMs` or later: the one that what was taken then went into. */
  #indexAt(atMs: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ring[this.#slot(middle)] ?? 0) < atMs) low = middle + 1
      else high = middle
    }
    return low
  }

  #leavesInMs(index: number, nowMs: number): number {
    return (this.#ring[this.#slot(index)] ?? 0) + this.#windowMs - nowMs
  }

  #slot(index: number): number {
    return ((this.#oldest + index) * FIELDS) & (this.#ring.length - 1)
  }
}

/** A whole number from 0 to the largest exact one. What is no amount is 0. */
const amount = (units: number): number => (units > 0 ? Math.min(Math.floor(units), HELD_MAX) : 0)

const HELD_MAX = Number.MAX_SAFE_INTEGER
/** The share of the limit, and of the window, by which the count may err: 0.4 %. */
const SHARES = 256
/** However few units share an entry, they are together within this part of the window: what is settled later may make many of them. */
const LONG_SPANS = 16
const FIELDS = 2
const FIRST_ENTRIES = 4
const NO_ENTRIES = new Float64Array(0)
