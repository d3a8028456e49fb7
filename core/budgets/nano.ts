import type { Nano } from '../money.ts'

/**
 * The largest amount that a budget counts to: about nine million dollars. Sums stop here instead of losing digits. An amount is never larger, so
 * a budget whose spend has stopped here is exhausted, as it would be with the digits: no decision changes, and the figure reads "at least".
 */
export const NANO_MAX: Nano = Number.MAX_SAFE_INTEGER

/** `sum + more`, at most `NANO_MAX`. Both are whole and not negative. */
export const plus = (sum: Nano, more: Nano): Nano => Math.min(NANO_MAX, sum + more)

/** The amount as a whole number from 0 to `NANO_MAX`, rounded up; `null` for what is no amount of money (negative, not a number). */
export const wholeNano = (amount: number): Nano | null => (amount >= 0 ? Math.min(NANO_MAX, Math.ceil(amount)) : null)
