import type { Pool } from 'pg'
import { codeOf } from '../world/error-code.ts'

/**
 * Drops the oldest UTC day of the ledger if it is before this one (`2025-11-21`) and a week old; its sums stay. Gives the day, `null` when there is none to drop, or
 * `busy` when somebody used the ledger for so long that the lock was given up, so that nobody had to wait for us.
 */
export async function expireUsageDay(pool: Pool, before: string): Promise<string | null> {
  try {
    const { rows } = await pool.query<{ day: string | null }>('SELECT usage_partition_expire($1::date)::text AS day', [
      before,
    ])
    return rows[0]?.day ?? null
  } catch (error) {
    if (codeOf(error) === LOCK_NOT_AVAILABLE) return BUSY
    throw error
  }
}

export const BUSY = 'busy'

const LOCK_NOT_AVAILABLE = '55P03'
