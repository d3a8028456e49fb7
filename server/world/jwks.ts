import { createLocalJWKSet } from 'jose/jwks/local'
import type { CryptoKey, FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from 'jose'
import { Fault } from '../../core/fault.ts'
import type { Json } from '../../core/json.ts'
import type { Clock, Log } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import type { FetchJson } from './fetch-json.ts'

/**
 * The public keys of an issuer: fetched when the first token comes, again when a token names a key that is not among them, and every ten
 * minutes, so that a key that was withdrawn is gone. While the issuer is away, the ones known last go on working.
 *
 * jose has the same in one piece (`createRemoteJWKSet`). It is not used: once its keys are ten minutes old it refuses every token while the
 * issuer is away; after a failure every token asks again; the size of the answer has no limit; it reads the wall clock; and nobody hears
 * that a key is gone.
 */
export interface Jwks {
  /**
   * The key that a token names, and the set that it is of. Rejects with `Fault('not_ready')` when it cannot be known because the issuer is
   * away, and with jose's error when there is no such key.
   */
  find(
    header: JWSHeaderParameters,
    token: FlattenedJWSInput,
  ): Promise<{ readonly key: CryptoKey; readonly set: KeySet }>
  /** The keys as they are known now: the same object until the issuer changes them. */
  current(): KeySet | undefined
  close(): void
}

/** Gives the key for a token's header, by jose's rules: kind of key, `kid`, `use` and `key_ops` must fit, and it must be the only one. */
export type KeySet = ReturnType<typeof createLocalJWKSet>

export interface JwksOptions {
  readonly url: string
  /** For the log. */
  readonly issuer: string
  readonly fetchJson: FetchJson
  readonly clock: Clock
  readonly log: Log
}

export function openJwks({ url, issuer, fetchJson, clock, log }: JwksOptions): Jwks {
  const ending = new AbortController()
  const now: State = { set: undefined, text: '', triedAt: -Infinity, failed: false, running: undefined }

  const load = async () => {
    now.triedAt = clock.monotonic()
    try {
      const json = await fetchJson(url, { signal: ending.signal })
      const text = JSON.stringify(json)
      if (text !== now.text) Object.assign(now, { set: setOf(json), text })
      if (now.failed) log.info({ issuer }, 'the keys of the token issuer can be fetched again')
      now.failed = false
    } catch (error) {
      if (!now.failed && !ending.signal.aborted) {
        log.warn(
          { issuer, code: codeOf(error) },
          'the keys of the token issuer cannot be fetched; those known so far go on working',
        )
      }
      now.failed = true
    }
  }

  /** Everybody who asks meanwhile shares one look. It never rejects. */
  const refresh = (): Promise<void> => {
    now.running ??= load().finally(() => {
      now.running = undefined
    })
    return now.running
  }

  /** Strangers decide how often this is called, so a look is only taken when the last one is old enough. */
  const refreshAfter = async (pauseMs: number) => {
    if (now.running !== undefined || clock.monotonic() - now.triedAt >= pauseMs) await refresh()
  }

  const timer = setInterval(() => {
    if (now.set !== undefined) void refresh()
  }, REFRESH_MS).unref()

  return {
    async find(header, token) {
      if (now.set === undefined) await refreshAfter(FIRST_PAUSE_MS)
      const set = now.set
      if (set === undefined) throw away()
      try {
        return { key: await set(header, token), set }
      } catch (error) {
        if (codeOf(error) !== NO_SUCH_KEY) throw error
      }
      await refreshAfter(UNKNOWN_KEY_PAUSE_MS)
      // It may be a new key that we could not hear of: the token is not bad for that.
      if (now.failed) throw away()
      const newest = now.set ?? set
      return { key: await newest(header, token), set: newest }
    },
    current: () => now.set,
    close() {
      clearInterval(timer)
      ending.abort()
    },
  }
}

interface State {
  set: KeySet | undefined
  /** What the issuer said, to tell when it says something else. */
  text: string
  /** When it was asked last (monotonic milliseconds), with whatever outcome. */
  triedAt: number
  /** Whether the last look failed. */
  failed: boolean
  running: Promise<void> | undefined
}

/** Throws for what is no set of keys: jose looks at its form, whatever the type says. */
const setOf = (json: Json): KeySet => createLocalJWKSet(json as unknown as JSONWebKeySet)

/** Pause between two looks when nobody asks. */
const REFRESH_MS = 600_000
const NO_SUCH_KEY = 'ERR_JWKS_NO_MATCHING_KEY'
/** While there are no keys at all, every token waits for them. */
const FIRST_PAUSE_MS = 1_000
const UNKNOWN_KEY_PAUSE_MS = 30_000

const away = () =>
  new Fault('not_ready', 'The gateway cannot check this token now; try again soon', {
    retryAfterSeconds: 1,
    reason: 'jwks_away',
  })
