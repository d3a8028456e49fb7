import type { ByteBudget } from './byte-budget.ts'
import { ANSWER_BYTES_MAX } from './world/idempotency.ts'

/** What went to a client piece by piece, so that it can be kept in one. It gives up when it grows too large, or when there is no room for it. */
export class StreamCopy {
  readonly #budget: ByteBudget
  #chunks: Uint8Array[] | undefined = []
  #bytes = 0

  constructor(budget: ByteBudget) {
    this.#budget = budget
  }

  push(raw: Uint8Array): void {
    if (this.#chunks === undefined) return
    if (this.#bytes + raw.length > ANSWER_BYTES_MAX || !this.#budget.take(raw.length)) return this.drop()
    this.#bytes += raw.length
    this.#chunks.push(raw)
  }

  /** All of it; `undefined` when it has given up. */
  whole(): Buffer | undefined {
    return this.#chunks === undefined ? undefined : Buffer.concat(this.#chunks, this.#bytes)
  }

  /** Gives its memory back. */
  drop(): void {
    this.#chunks = undefined
    this.#budget.give(this.#bytes)
    this.#bytes = 0
  }
}
