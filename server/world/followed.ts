import type { Log } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import type { Sql } from './sql.ts'

export interface Follow {
  /** Which notification says that something has changed. */
  readonly channel: string
  /** What is followed, for the log: `the limits`. */
  readonly what: string
  readonly log: Log
  /** Reads everything and takes it over. */
  readonly look: () => Promise<void>
  /** Pause between two looks when nothing is told (milliseconds). */
  readonly pollMs?: number | undefined
}

/** What keeps up with the database. */
export interface Followed {
  /** Looks now; resolves when what was committed before the call is in force here, rejects when the database does not answer. */
  refresh(): Promise<void>
  close(): void
}

/** Looks once, then whenever something is told, and now and then in case that got lost. Rejects when the first look fails. */
export async function follow(sql: Pick<Sql, 'listen'>, options: Follow): Promise<Followed> {
  const { channel, what, log, look, pollMs = 10_000 } = options
  const now: { failed: boolean; current: Promise<void>; next: Promise<void> | undefined } = {
    failed: false,
    current: Promise.resolve(),
    next: undefined,
  }
  const looked = async () => {
    try {
      await look()
      if (now.failed) log.info({}, `${what} follow the database again`)
      now.failed = false
    } catch (error) {
      if (!now.failed) log.warn({ code: codeOf(error) }, `${what} cannot be read; those known so far go on holding`)
      now.failed = true
      throw error
    }
  }
  /** A look that has begun may miss what was just committed: callers share the next one. */
  const refresh = (): Promise<void> => {
    now.next ??= now.current.then(() => {
      now.next = undefined
      const running = looked()
      now.current = running.catch(() => undefined)
      return running
    })
    return now.next
  }
  const again = () => void refresh().catch(() => undefined)
  await refresh()
  const listening = sql.listen(channel, { notified: again, connected: again })
  const timer = setInterval(again, pollMs).unref()
  return {
    refresh,
    close: () => {
      clearInterval(timer)
      listening.stop()
    },
  }
}
