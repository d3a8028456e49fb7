import { setTimeout as wait } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Clock, Log } from '../../core/world.ts'
import { BUSY, expireUsageDay } from '../store/usage-expire.sql.ts'
import { codeOf } from './error-code.ts'

export interface RetentionOptions {
  readonly pool: Pool
  /** How many days before today the ledger keeps; `undefined` for ever. Asked anew every time. */
  readonly keepDays: () => number | undefined
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
  readonly everyMs?: number
  /** Between tries while the ledger is in use, and how many of them there are before the next time. */
  readonly pauseMs?: number
  readonly triesMax?: number
}

/**
 * Drops the days of the ledger that are older than what is kept, at the start and once an hour. Any number of gateways may do so at once. A
 * database that is away, or in use for too long, only makes it later.
 */
export function startRetention(options: RetentionOptions): { readonly close: () => Promise<void> } {
  const end = new AbortController()
  const running = run(options, end.signal)
  return {
    close: async () => {
      end.abort()
      await running
    },
  }
}

async function run(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { log, everyMs = EVERY_MS } = options
  while (!signal.aborted) {
    try {
      await expire(options, signal)
    } catch (error) {
      if (!signal.aborted) log.warn({ reason: codeOf(error) }, 'old usage records could not be dropped')
    }
    await pause(everyMs, signal)
  }
}

async function expire(
  { pool, keepDays, clock, log, pauseMs = PAUSE_MS, triesMax = TRIES_MAX }: RetentionOptions,
  signal: AbortSignal,
): Promise<void> {
  const days = keepDays()
  if (days === undefined) return
  const before = new Date(clock.now() - days * DAY_MS).toISOString().slice(0, 10)
  for (let tries = 0; tries < triesMax && !signal.aborted; ) {
    const dropped = await expireUsageDay(pool, before)
    if (dropped === null) return
    if (dropped === BUSY) {
      tries += 1
      await pause(pauseMs, signal)
    } else {
      log.info({ day: dropped, keepDays: days }, 'the usage records of a day were dropped; its sums stay')
    }
  }
  if (!signal.aborted) log.warn({ before }, 'old usage records are not dropped yet: the ledger is in use')
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  wait(ms, undefined, { signal, ref: false }).catch(() => undefined)

const DAY_MS = 86_400_000
const EVERY_MS = 3_600_000
const PAUSE_MS = 1_000
const TRIES_MAX = 30
