/** Counts how many are open at once. Whoever entered leaves exactly once. */
export class Concurrency {
  #open = 0

  get open(): number {
    return this.#open
  }

  enter(): void {
    this.#open++
  }

  /** Never goes below zero: one that leaves twice would otherwise hand out a place that is not there. */
  leave(): void {
    if (this.#open > 0) this.#open--
  }
}
