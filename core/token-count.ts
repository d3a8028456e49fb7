import { asCount, type Json } from './json.ts'

/** A vendor's count of anything that is used up. One that no model can produce (negative, broken, above a billion) counts as missing. */
export function tokensIn(value: Json | undefined): number | undefined {
  const count = asCount(value)
  return count === undefined || count > TOKENS_MAX ? undefined : count
}

/** Gives out parts of a total, and never more than there is: details have added up to more. */
export function taker(total: number): (wanted: number) => number {
  let left = total
  return (wanted) => {
    const taken = Math.max(0, Math.min(wanted, left))
    left -= taken
    return taken
  }
}

const TOKENS_MAX = 1_000_000_000
