import type { Pool } from 'pg'
import type { AttemptRecord } from '../../core/attempt.ts'
import { ensureUsageDays, insertUsage } from '../store/usage-insert.sql.ts'
import { codeOf } from './error-code.ts'

/** A settled attempt on its way to the database, with its text in the journal. */
export interface Shipment {
  readonly record: AttemptRecord
  readonly payload: string
}

/** Days whose partition is known to exist; forgotten when the database disagrees. */
export class UsageDays {
  #known: readonly string[] = []

  async ensure(pool: Pool, records: readonly AttemptRecord[]): Promise<void> {
    const missing = daysOf(records).filter((day) => !this.#known.includes(day))
    if (missing.length === 0) return
    await ensureUsageDays(pool, missing)
    this.#known = [...this.#known, ...missing].slice(-KNOWN_DAYS_MAX)
  }

  forget(): void {
    this.#known = []
  }
}

/** Inserts what the database takes and gives back what it refuses for its content. Throws when the database itself is away. */
export async function shipBatch(
  pool: Pool,
  days: UsageDays,
  batch: readonly Shipment[],
): Promise<readonly { readonly shipment: Shipment; readonly reason: string }[]> {
  if (batch.length === 0) return []
  try {
    const records = batch.map((shipment) => shipment.record)
    await days.ensure(pool, records)
    await insertUsage(pool, records)
    return []
  } catch (error) {
    if (!isDataError(error)) throw error
    // A partition that was dropped by hand looks like bad data, too.
    days.forget()
    const [first] = batch
    if (batch.length === 1 && first !== undefined) return await refuseOne(pool, days, first)
    const half = batch.length >> 1
    return [...(await shipBatch(pool, days, batch.slice(0, half))), ...(await shipBatch(pool, days, batch.slice(half)))]
  }
}

const KNOWN_DAYS_MAX = 100

async function refuseOne(pool: Pool, days: UsageDays, shipment: Shipment) {
  try {
    await days.ensure(pool, [shipment.record])
    await insertUsage(pool, [shipment.record])
    return []
  } catch (error) {
    if (!isDataError(error)) throw error
    return [{ shipment, reason: codeOf(error) }]
  }
}

/** SQLSTATE classes 22 (a value is wrong), 23 (a constraint says no) and 54 (too large): they fail again however often they are tried. */
const isDataError = (error: unknown): boolean => /^(22|23|54)...$/.test(codeOf(error))

/** The UTC days of the records; one without a possible date is left to the insert to refuse. */
function daysOf(records: readonly AttemptRecord[]): readonly string[] {
  const numbers = new Set(records.map((record) => Math.floor(record.at / DAY_MS)))
  return [...numbers]
    .filter((number) => number <= LAST_DAY)
    .map((number) => new Date(number * DAY_MS).toISOString().slice(0, 10))
}

const DAY_MS = 86_400_000
/** The end of the year 9999: later dates are no dates, and their text is another. */
const LAST_DAY = 2_932_896
