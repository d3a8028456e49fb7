/** What a hash of nothing is. */
export const SEED = 0x811c9dc5

export function withText(hash: number, text: string): number {
  let sum = hash
  for (let index = 0; index < text.length; index++) sum = withNumber(sum, text.charCodeAt(index))
  return sum
}

const HALF = 0x100000000

/**
 * Both halves of a whole number up to 2^53, mixed as MurmurHash2 does: it tells contents apart and proves nothing. Two lists of
 * numbers that differ in one place only never have the same hash.
 */
export function withNumber(hash: number, amount: number): number {
  const low = Math.imul(hash ^ amount, 0x5bd1e995)
  const high = Math.imul(low ^ (low >>> 15) ^ (amount / HALF), 0x5bd1e995)
  return high ^ (high >>> 13)
}

export const hex = (hash: number): string => (hash >>> 0).toString(16).padStart(8, '0')
