/** Integer nano-dollars: what records and budgets hold. */
export type Nano = number
/** Integer pico-dollars: what unit prices are given in. $1 per million tokens is 1,000,000 of them per token. */
export type Pico = number

export const PICO_PER_NANO = 1_000
/** The most that one record can hold, about nine million dollars: beyond, a number would lose digits. */
export const NANO_MAX: Nano = Number.MAX_SAFE_INTEGER
const NANO_PER_DOLLAR = 1_000_000_000

/** Dollars for people, exact to the nano-dollar and without trailing zeros: `0.0000125`. */
export function dollars(nano: Nano): string {
  const sign = nano < 0 ? '-' : ''
  const absolute = Math.abs(nano)
  const whole = Math.floor(absolute / NANO_PER_DOLLAR)
  const rest = String(absolute % NANO_PER_DOLLAR)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return rest === '' ? `${sign}${whole}` : `${sign}${whole}.${rest}`
}
