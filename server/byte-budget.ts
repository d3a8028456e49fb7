/** A bounded amount of memory that many share. */
export class ByteBudget {
  readonly #bytesMax: () => number
  #taken = 0

  constructor(bytesMax: () => number) {
    this.#bytesMax = bytesMax
  }

  /** Takes `bytes`, or nothing at all when they are not there. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#bytesMax()) return false
    this.#taken += bytes
    return true
  }

  give(bytes: number): void {
    this.#taken -= bytes
  }

  get taken(): number {
    return this.#taken
  }
}
