/**
 * How many output tokens the longest answers of one key and model have had lately: the 99th percentile, in the memory of thirty numbers. Answers are
 * counted by powers of two, so what it says is at most twice the truth, and never below it. Old ones fade: when `WEIGHT_MAX` is reached, all count
 * half. It knows no clock. Answers that broke off (the client
 * left, the vendor failed) say nothing and are not to be noted.
 */
export class TypicalOutput {
  /** Weight of the answers with 2^(index - 1) tokens up to, but not at, 2^index. */
  readonly #weights = new Float32Array(BUCKETS)
  #weight = 0
  #seen = 0

  note(outputTokens: number): void {
    if (!(outputTokens >= 0)) return
    const bucket = BITS - Math.clz32(Math.min(TOKENS_MAX, Math.ceil(outputTokens)))
    this.#weights[bucket] = (this.#weights[bucket] ?? 0) + 1
    this.#weight += 1
    this.#seen += 1
    if (this.#weight >= WEIGHT_MAX) this.#fade()
  }

  /** Undefined until 20 answers were seen. */
  get p99(): number | undefined {
    if (this.#seen < SEEN_MIN) return undefined
    let above = this.#weight * SHARE_ABOVE
    let bucket = BUCKETS - 1
    for (; bucket > 0; bucket--) {
      above -= this.#weights[bucket] ?? 0
      if (above < 0) break
    }
    return 2 ** bucket - 1
  }

  #fade(): void {
    this.#weight = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const weight = (this.#weights[bucket] ?? 0) / 2
      this.#weights[bucket] = weight
      this.#weight += weight
    }
  }
}

const SEEN_MIN = 20
const SHARE_ABOVE = 0.01
/** Between 256 and 512 answers are remembered. */
const WEIGHT_MAX = 512
/** One for no tokens at all, and one for each power of two up to an answer of 2^30. */
const BUCKETS = 31
const TOKENS_MAX = 2 ** (BUCKETS - 1) - 1
/** Of the numbers that `Math.clz32` looks at. */
const BITS = 32
