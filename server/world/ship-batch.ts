import type { Pool } from 'pg'
import { ensureUsageDays, insertSettled } from '../store/usage-insert.sql.ts'
import { codeOf } from './error-code.ts'
import { readAt } from './journal-record.ts'
import type { Refusal } from './quarantine.ts'

/** Days whose partition is known to exist; forgotten when the database disagrees. */
export class UsageDays {
  #known: readonly string[] = []

  async ensure(pool: Pool, payloads: readonly string[]): Promise<void> {
    const missing = daysOf(payloads).filter((day) => !this.#known.includes(day))
    if (missing.length === 0) return
    await ensureUsageDays(pool, missing)
    this.#known = [...this.#known, ...missing].slice(-KNOWN_DAYS_MAX)
  }

  forget(): void {
    this.#known = []
  }
}

/** Inserts the ends that the database takes, as they stand in the journal, and gives back what it refuses for its content. Throws when the database itself is away. */
export async function shipBatch(pool: Pool, days: UsageDays, payloads: readonly string[]): Promise<readonly Refusal[]> {
  if (payloads.length === 0) return []
  try {
    await insert(pool, days, payloads)
    return []
  } catch (error) {
    if (!isDataError(error)) throw error
    // A partition that was dropped by hand looks like bad data, too.
    days.forget()
    const [first] = payloads
    if (payloads.length === 1 && first !== undefined) return await shipOne(pool, days, first)
    const half = payloads.length >> 1
    return [
      ...(await shipBatch(pool, days, payloads.slice(0, half))),
      ...(await shipBatch(pool, days, payloads.slice(half))),
    ]
  }
}

const KNOWN_DAYS_MAX = 100

async function insert(pool: Pool, days: UsageDays, payloads: readonly string[]): Promise<void> {
  await days.ensure(pool, payloads)
  await insertSettled(pool, payloads)
}

async function shipOne(pool: Pool, days: UsageDays, payload: string): Promise<readonly Refusal[]> {
  try {
    await insert(pool, days, [payload])
    return []
  } catch (error) {
    if (!isDataError(error)) throw error
    return [{ payload, reason: codeOf(error) }]
  }
}

/** SQLSTATE classes 22 (a value is wrong), 23 (a constraint says no) and 54 (too large): they fail again however often they are tried. */
const isDataError = (error: unknown): boolean => /^(22|23|54)...$/.test(codeOf(error))

/** The UTC days of the ends; one without a possible date is left to the insert to refuse. */
function daysOf(payloads: readonly string[]): readonly string[] {
  const numbers = new Set(payloads.map((payload) => Math.floor((readAt(payload) ?? Number.POSITIVE_INFINITY) / DAY_MS)))
  return [...numbers].filter((day) => day <= LAST_DAY).map((day) => new Date(day * DAY_MS).toISOString().slice(0, 10))
}

const DAY_MS = 86_400_000
/** The end of the year 9999: later dates are no dates, and their text is another. */
const LAST_DAY = 2_932_896
