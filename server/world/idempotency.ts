import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Pool } from 'pg'
import { Fault } from '../../core/fault.ts'
import type { Log } from '../../core/world.ts'
import {
  type ClaimPlace,
  endClaim,
  findClaim,
  type FoundClaim,
  forgetAnswers,
  keepAnswer,
  releaseClaim,
  sweepClaims,
  takeClaim,
} from '../store/idempotency.sql.ts'
import { openBytes, SealBroken, sealBytes } from './envelope.ts'
import { codeOf } from './error-code.ts'
import type { Keks } from './keks.ts'
import type { Sql } from './sql.ts'

/**
 * What was answered to requests with an Idempotency-Key, so that a repeat costs nothing. In the database alone, because a repeat may come to
 * another process.
 */
export interface Idempotency {
  /** Rejects with `not_ready` when the database does not answer: without it nobody knows whether the request was made before. */
  claim(wanted: WantedClaim): Promise<Claimed>
  /** Waits for what is still being written. */
  close(): Promise<void>
}

export interface WantedClaim {
  /** The virtual key and its organisation: what another key sends is another matter, also under the same name. */
  readonly keyId: string
  readonly organisationId: string
  /** As the client sent it. */
  readonly value: string
  readonly fingerprint: Buffer
  readonly requestId: string
  /** No request takes longer: after that its process is taken for dead. */
  readonly leaseMs: number
}

export type Claimed =
  | { readonly kind: 'claimed'; readonly claim: Claim }
  | { readonly kind: 'kept'; readonly answer: KeptAnswer }
  | { readonly kind: 'in_progress' | 'mismatch' | 'not_replayable' }

/**
 * The right to make a request, and the duty to say how it ended. The first word counts; none of them rejects, and none takes longer than a
 * client may be kept waiting for its last byte.
 *
 * Money: while the lease holds, nobody else makes the request. One that dies without a word is asked again by whoever repeats it after the lease,
 * and the vendor may then be paid twice: once for what the dead process had begun, which the ledger shows as interrupted. A word that the
 * database does not take is the same as none.
 */
export interface Claim {
  /** Whether an answer would be kept. */
  readonly keeps: boolean
  /** The whole answer, before its last byte leaves. */
  keep(answer: KeptAnswer): Promise<void>
  /** It may have cost something, and there is no whole answer. */
  end(): Promise<void>
  /** Nothing can have been charged: it may be made again. */
  release(): Promise<void>
}

/** An answer as its client got it. */
export interface KeptAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

export interface IdempotencyOptions {
  readonly sql: Pick<Sql, 'answers' | 'up'>
  readonly keks: Keks
  readonly config: () => { readonly keep: boolean; readonly hours: number }
  readonly log: Log
  /** Pause between two looks for what is over (milliseconds). */
  readonly sweepMs?: number
}

export const openIdempotency = (options: IdempotencyOptions): Idempotency => new StoredClaims(options)

class StoredClaims implements Idempotency {
  readonly #options: IdempotencyOptions
  readonly #pool: Pool
  readonly #writing = new Set<Promise<void>>()
  readonly #sweeping: NodeJS.Timeout

  constructor(options: IdempotencyOptions) {
    this.#options = options
    this.#pool = options.sql.answers
    this.#sweeping = setInterval(() => this.#sweep(), options.sweepMs ?? SWEEP_MS).unref()
  }

  async claim(wanted: WantedClaim): Promise<Claimed> {
    const { sql, config } = this.#options
    if (!sql.up()) throw away()
    const { keep, hours } = config()
    const place = { keyId: wanted.keyId, keyHash: sha256(wanted.value), requestId: wanted.requestId }
    try {
      for (let looks = 0; looks < LOOKS_MAX; looks++) {
        if (await takeClaim(this.#pool, { ...wanted, ...place, hours })) {
          return { kind: 'claimed', claim: this.#claimOf(wanted, place, keep) }
        }
        const found = await findClaim(this.#pool, place)
        if (found !== undefined) return readFound(found, wanted, { ...this.#options, keep })
        // Released in between: it is free again.
      }
      return { kind: 'in_progress' }
    } catch (cause) {
      // It may have been taken although nobody heard of it; nearly always it was not.
      void this.#write(place, () => releaseClaim(this.#pool, place).then(() => true))
      throw away(cause)
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeping)
    await Promise.all(this.#writing)
  }

  #claimOf(wanted: WantedClaim, place: ClaimPlace, keeps: boolean): Claim {
    const now: { said: Promise<void> | undefined } = { said: undefined }
    const say = (word: () => Promise<boolean>): Promise<void> => {
      now.said ??= this.#write(place, word)
      return now.said
    }
    const end = () => say(() => endClaim(this.#pool, place))
    const store = ({ status, contentType, body }: KeptAnswer) => {
      const { requestId } = place
      const sealed = sealBytes(body, belongingTo(wanted, { requestId, status, contentType }), this.#options.keks)
      return keepAnswer(this.#pool, place, { ...sealed, status, contentType })
    }
    return {
      keeps,
      end,
      release: () => say(() => releaseClaim(this.#pool, place)),
      keep: (answer) => (keeps && answer.body.length <= ANSWER_BYTES_MAX ? say(() => store(answer)) : end()),
    }
  }

  /** Not waited for longer than a client may wait. What is late is not taken back: it may still arrive. */
  #write({ requestId }: ClaimPlace, word: () => Promise<boolean>): Promise<void> {
    const { log } = this.#options
    const written = word()
      .then(
        (isMine) => {
          if (!isMine) log.warn({ requestId }, 'the idempotency key of a request was not its own any more at its end')
        },
        (error: unknown) => log.warn({ requestId, code: codeOf(error) }, WORD_LOST),
      )
      .finally(() => this.#writing.delete(written))
    this.#writing.add(written)
    return Promise.race([written, wait(WORD_MS_MAX, undefined, { ref: false })])
  }

  #sweep(): void {
    const { sql, config, log } = this.#options
    if (!sql.up()) return
    sweep(this.#pool, config()).catch((error: unknown) => log.warn({ code: codeOf(error) }, SWEEP_FAILED))
  }
}

/** The largest answer that is kept. */
export const ANSWER_BYTES_MAX = 1_048_576

function readFound(
  { fingerprint, requestId, state, answer }: FoundClaim,
  wanted: WantedClaim,
  { keep, keks, log }: Pick<IdempotencyOptions, 'keks' | 'log'> & { readonly keep: boolean },
): Claimed {
  if (!fingerprint.equals(wanted.fingerprint)) return { kind: 'mismatch' }
  if (state === 'running') return { kind: 'in_progress' }
  if (answer === undefined || !keep) return { kind: 'not_replayable' }
  const { status, contentType } = answer
  try {
    const body = openBytes(answer, belongingTo(wanted, { requestId, status, contentType }), keks)
    return { kind: 'kept', answer: { status, contentType, body } }
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    log.error({ requestId, reason: error.reason }, 'a kept answer cannot be opened')
    return { kind: 'not_replayable' }
  }
}

/** What an answer is tied to: it opens in no other row, for no other tenant, and for no other request. */
const belongingTo = (
  { organisationId, keyId, value, fingerprint }: WantedClaim,
  { requestId, status, contentType }: { readonly requestId: string } & Omit<KeptAnswer, 'body'>,
): string =>
  JSON.stringify({
    for: 'sekisho v1 answer',
    organisationId,
    keyId,
    value,
    fingerprint: fingerprint.toString('hex'),
    requestId,
    status,
    contentType,
  })

/** Batch after batch, so that no statement holds many rows. */
async function sweep(pool: Pool, { keep, hours }: ReturnType<IdempotencyOptions['config']>): Promise<void> {
  await inBatches(() => sweepClaims(pool, { hours, limit: SWEEP_ROWS }))
  if (!keep) await inBatches(() => forgetAnswers(pool, SWEEP_ROWS))
}

async function inBatches(batch: () => Promise<number>): Promise<void> {
  for (let batches = 0; batches < SWEEP_BATCHES_MAX; batches++) if ((await batch()) < SWEEP_ROWS) return
}

const SWEEP_MS = 180_000
/** Of a mebibyte each, so many are deleted within the limit of a statement also on a slow disk. */
const SWEEP_ROWS = 100
const SWEEP_BATCHES_MAX = 1_000
const WORD_LOST =
  'the end of a request with an idempotency key could not be stored: it may be made again when its lease is over'
const SWEEP_FAILED = 'old answers could not be deleted; the next sweep tries again'
const LOOKS_MAX = 3
/** A client waits so long for its last byte when the database is slow. */
const WORD_MS_MAX = 2_000

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

const away = (cause?: unknown): Fault =>
  new Fault('not_ready', 'The gateway cannot look up idempotency keys now; try again soon', {
    cause,
    retryAfterSeconds: 1,
  })
