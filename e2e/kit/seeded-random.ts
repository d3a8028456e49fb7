/** Chance that can be had again: a test that fails names its seed. */
export interface SeededRandom {
  /** At least 0, below 1. */
  next(): number
  /** A whole number between both, which belong to it. */
  between(least: number, most: number): number
}

/** Mulberry32: small, fast, and the same everywhere. */
export function seededRandom(seed: number): SeededRandom {
  const state = new Uint32Array([seed])
  const next = (): number => {
    const grown = ((state[0] ?? 0) + 0x6d2b79f5) >>> 0
    state[0] = grown
    let mixed = Math.imul(grown ^ (grown >>> 15), grown | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { next, between: (least, most) => least + Math.floor(next() * (most - least + 1)) }
}
