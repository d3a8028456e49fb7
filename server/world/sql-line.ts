import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { ClientConfig } from 'pg'
import type { Log } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import { PostgresRefused } from './postgres-refused.ts'
import { openChannels, type Listener } from './sql-channels.ts'

/** One connection that is always kept: it knows at any moment whether the database is there, and hears its notifications. */
export interface Line {
  up(): boolean
  /** Resolves once the database is there; rejects with PostgresRefused when it is not fit or not there in time. */
  whenUp(wait: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined }): Promise<void>
  listen(channel: string, listener: Listener): { stop(): void }
  /** Something failed elsewhere: look now rather than at the next beat. */
  suspect(): void
  close(): Promise<void>
}

export interface LineOptions {
  readonly settings: ClientConfig
  readonly log: Log
  /** Runs when the database answers again after it had been silent: connections from before may be dead without a word. */
  readonly revived: () => void
}

/** Connects in the background and again after each loss, with pauses up to 2 s; a server that answers nothing for 2 s counts as lost. */
export function openLine({ settings, log, revived }: LineOptions): Line {
  const channels = openChannels(log)
  const events = new EventEmitter()
  const closing = new AbortController()
  /** `failure` is why the database is away; `undefined` before the first try, and while it is there. */
  const now: { state: 'away' | 'up'; failure: unknown; pause: AbortController } = {
    state: 'away',
    failure: undefined,
    pause: new AbortController(),
  }

  const pause = async (pauseMs: number) => {
    now.pause = new AbortController()
    const signal = AbortSignal.any([closing.signal, now.pause.signal])
    await wait(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
  }

  const gained = () => {
    if (now.failure !== undefined) log.info({}, 'the database is back')
    if (isSilence(now.failure)) revived()
    now.failure = undefined
    now.state = 'up'
    events.emit('change')
  }

  const lost = (error: unknown) => {
    if (closing.signal.aborted) return
    if (now.failure === undefined)
      log.warn({ code: codeOf(error), reason: wordsOf(error) }, 'the database cannot be reached')
    now.state = 'away'
    // Silence is remembered until the database is back: a refusal in between does not revive a dead connection.
    if (!isSilence(now.failure) || error instanceof PostgresRefused) now.failure = error
    events.emit('change')
  }

  /** Lives as long as the connection does; always ends by throwing what ended it. */
  const hold = async (client: pg.Client): Promise<never> => {
    const broken = new Promise<never>((_, fail) => {
      client.once('error', fail)
      client.once('end', () => fail(new Error('the connection was closed')))
    })
    broken.catch(() => undefined)
    client.on('error', () => undefined)
    await client.connect()
    await refuseOld(client, log)
    gained()
    await channels.join(client)
    for (;;) {
      await Promise.race([pause(beatMs), broken])
      closing.signal.throwIfAborted()
      await client.query('SELECT 1')
    }
  }

  const live = async () => {
    for (let pauseMs = pauseMsMin; !closing.signal.aborted; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      const client = new pg.Client({ ...settings, connectionTimeoutMillis: answerMsMax, query_timeout: answerMsMax })
      try {
        await hold(client)
      } catch (error) {
        if (now.state === 'up') pauseMs = pauseMsMin
        lost(error)
      }
      void client.end().catch(() => undefined)
      if (!closing.signal.aborted) await pause(pauseMs)
    }
  }
  const lived = live()

  return {
    up: () => now.state === 'up',
    suspect: () => now.pause.abort(),
    whenUp: async ({ timeoutMs, signal }) => {
      const limit = AbortSignal.timeout(timeoutMs)
      const either = signal === undefined ? limit : AbortSignal.any([signal, limit])
      while (now.state === 'away') {
        if (now.failure instanceof PostgresRefused) throw now.failure
        signal?.throwIfAborted()
        if (limit.aborted) throw new PostgresRefused(`The database cannot be reached: ${wordsOf(now.failure)}`)
        await once(events, 'change', { signal: either }).catch(() => undefined)
      }
    },
    listen: channels.add,
    close: async () => {
      closing.abort()
      await lived
    },
  }
}

async function refuseOld(client: pg.Client, log: Log): Promise<void> {
  const { rows } = await client.query<{ server_version_num: string; server_version: string }>(
    "SELECT current_setting('server_version_num') AS server_version_num, current_setting('server_version') AS server_version",
  )
  const version = Number(rows[0]?.server_version_num)
  if (version < OLDEST * 10_000) {
    throw new PostgresRefused(
      `The database is PostgreSQL ${rows[0]?.server_version}; Sekisho needs PostgreSQL 15 to 18.`,
    )
  }
  if (version >= (NEWEST + 1) * 10_000) {
    log.warn({ version }, 'this PostgreSQL is newer than those that Sekisho is tested with (15 to 18)')
  }
}

/** The server did not refuse and did not hang up: it said nothing. */
const isSilence = (failure: unknown): boolean => failure instanceof Error && /timeout/i.test(failure.message)

/** A host with several addresses fails with an error that has no message of its own. */
const wordsOf = (failure: unknown): string =>
  failure instanceof Error ? failure.message || codeOf(failure) : 'no answer'

const OLDEST = 15
const NEWEST = 18
const beatMs = 2_000
const answerMsMax = 2_000
const pauseMsMin = 50
const pauseMsMax = 2_000
