import type { WindowLimit } from './sliding-window.ts'

/** What a sliding window should count, kept the plain way: every amount with its moment, and the whole list read for each question. */
export class ExactLog {
  readonly #limit: WindowLimit
  readonly #taken: { readonly atMs: number; units: number }[] = []
  #first = 0

  constructor(limit: WindowLimit) {
    this.#limit = limit
  }

  room(nowMs: number): number {
    return this.#limit.max - this.#held(nowMs)
  }

  take(nowMs: number, units: number): void {
    this.#taken.push({ atMs: nowMs, units })
  }

  /** As much as possible of `delta` at `atMs`: amounts do not go below nothing. */
  adjust(atMs: number, delta: number): void {
    const taken = this.#taken.find((one) => one.atMs === atMs)
    if (taken !== undefined) taken.units = Math.max(0, taken.units + delta)
  }

  #held(nowMs: number): number {
    let held = 0
    while ((this.#taken[this.#first]?.atMs ?? nowMs) + this.#limit.windowMs <= nowMs) this.#first++
    for (let index = this.#first; index < this.#taken.length; index++) held += this.#taken[index]?.units ?? 0
    return held
  }
}

/** The most units that any window holds, wherever it begins. Moments rise. */
export function fullestWindow(
  taken: readonly { readonly atMs: number; readonly units: number }[],
  windowMs: number,
): number {
  let most = 0
  let held = 0
  let first = 0
  for (const { atMs, units } of taken) {
    held += units
    for (; (taken[first]?.atMs ?? atMs) + windowMs <= atMs; first++) held -= taken[first]?.units ?? 0
    most = Math.max(most, held)
  }
  return most
}
