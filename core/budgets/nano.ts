import { NANO_MAX, type Nano } from '../money.ts'

/**
 * `sum + more`, both whole and not negative. A sum stops at `NANO_MAX` instead of losing digits: no budget's amount is larger, so one whose spend has
 * stopped there is exhausted, as it would be with the digits. No decision changes, and the figure reads "at least".
 */
export const plus = (sum: Nano, more: Nano): Nano => Math.min(NANO_MAX, sum + more)

/** The amount as a whole number from 0 to `NANO_MAX`, rounded up; `null` for what is no amount of money (negative, not a number). */
export const wholeNano = (amount: number): Nano | null => (amount >= 0 ? Math.min(NANO_MAX, Math.ceil(amount)) : null)
