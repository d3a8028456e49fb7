import type { Pool } from 'pg'
import type { SealedBytes } from '../world/envelope.ts'

/** Which row: a key of a client's own, below its virtual key. */
export interface IdempotencyPlace {
  readonly keyId: string
  /** SHA-256 of what the client sent. */
  readonly keyHash: Buffer
}

/** One request that has such a row. */
export interface ClaimPlace extends IdempotencyPlace {
  readonly requestId: string
}

export interface NewClaim extends ClaimPlace {
  readonly organisationId: string
  readonly fingerprint: Buffer
  /** How long it is believed to be running. */
  readonly leaseMs: number
  /** How long a row is remembered. */
  readonly hours: number
}

/** What stands in the row of another request. */
export interface FoundClaim {
  readonly fingerprint: Buffer
  readonly requestId: string
  readonly state: 'running' | 'kept' | 'gone'
  /** Only of one that is kept. */
  readonly answer: StoredAnswer | undefined
}

export interface StoredAnswer extends SealedBytes {
  readonly status: number
  readonly contentType: string
}

/**
 * Takes the row where there is none, or where the one that is there is over: it is older than `hours`, or its lease has ended and it is for
 * the same request. One statement, so that of several at once exactly one gets `true`. Time is the database's, which all processes share.
 */
export async function takeClaim(pool: Pool, claim: NewClaim): Promise<boolean> {
  const { keyId, keyHash, organisationId, fingerprint, requestId, leaseMs, hours } = claim
  const { rowCount } = await pool.query(TAKE, [keyId, keyHash, organisationId, fingerprint, requestId, leaseMs, hours])
  return rowCount === 1
}

const OVER = (hours: string): string =>
  `held.created_at <= now() - make_interval(hours => ${hours}) AND (held.state <> 'running' OR held.leased_until <= now())`

const TAKE = `
  INSERT INTO idempotency AS held (key_id, key_hash, organisation_id, fingerprint, request_id, state, created_at, leased_until)
  VALUES ($1, $2, $3, $4, $5, 'running', now(), now() + $6::float8 * interval '1 millisecond')
  ON CONFLICT (key_id, key_hash) DO UPDATE SET
    organisation_id = excluded.organisation_id, fingerprint = excluded.fingerprint, request_id = excluded.request_id,
    state = excluded.state, created_at = excluded.created_at, leased_until = excluded.leased_until,
    status = NULL, content_type = NULL, kek_id = NULL, wrapped_key = NULL, nonce = NULL, answer = NULL
  WHERE (held.state = 'running' AND held.leased_until <= now() AND held.fingerprint = excluded.fingerprint)
    OR (${OVER('$7')})`

/** The row as it is; `undefined` when there is none (any more). */
export async function findClaim(pool: Pool, { keyId, keyHash }: IdempotencyPlace): Promise<FoundClaim | undefined> {
  const { rows } = await pool.query<Columns>(FIND, [keyId, keyHash])
  const [row] = rows
  if (row === undefined) return undefined
  return { fingerprint: row.fingerprint, requestId: row.request_id, state: row.state, answer: answerOf(row) }
}

interface Columns {
  readonly fingerprint: Buffer
  readonly request_id: string
  readonly state: FoundClaim['state']
  readonly status: number | null
  readonly content_type: string | null
  readonly kek_id: string | null
  readonly wrapped_key: string | null
  readonly nonce: Buffer | null
  readonly answer: Buffer | null
}

const FIND = `SELECT fingerprint, request_id, state, status, content_type, kek_id, wrapped_key, nonce, answer
  FROM idempotency WHERE key_id = $1 AND key_hash = $2`

function answerOf({ status, content_type, kek_id, wrapped_key, nonce, answer }: Columns): StoredAnswer | undefined {
  const isWhole = status !== null && content_type !== null && kek_id !== null && wrapped_key !== null
  if (!isWhole || nonce === null || answer === null) return undefined
  return { status, contentType: content_type, kekId: kek_id, wrapped: wrapped_key, nonce, ciphertext: answer }
}

/** Each of these ends a claim, and gives `false` when it is another's by now. */
export async function keepAnswer(pool: Pool, place: ClaimPlace, answer: StoredAnswer): Promise<boolean> {
  const { status, contentType, kekId, wrapped, nonce, ciphertext } = answer
  const values = [...valuesOf(place), status, contentType, kekId, wrapped, nonce, ciphertext]
  return (await pool.query(KEEP, values)).rowCount === 1
}

/** It is over, and its answer is nowhere. */
export const endClaim = async (pool: Pool, place: ClaimPlace): Promise<boolean> =>
  (await pool.query(`UPDATE idempotency SET state = 'gone' WHERE ${MINE}`, valuesOf(place))).rowCount === 1

/** As if it had never been asked. */
export const releaseClaim = async (pool: Pool, place: ClaimPlace): Promise<boolean> =>
  (await pool.query(`DELETE FROM idempotency WHERE ${MINE}`, valuesOf(place))).rowCount === 1

const valuesOf = ({ keyId, keyHash, requestId }: ClaimPlace) => [keyId, keyHash, requestId]
const MINE = `key_id = $1 AND key_hash = $2 AND request_id = $3 AND state = 'running'`
const KEEP = `UPDATE idempotency
  SET state = 'kept', status = $4, content_type = $5, kek_id = $6, wrapped_key = $7, nonce = $8, answer = $9 WHERE ${MINE}`

/** Deletes up to `limit` rows that are over, and gives how many. Those that another process is at are left to it. */
export async function sweepClaims(pool: Pool, { hours, limit }: Sweep): Promise<number> {
  const { rowCount } = await pool.query(SWEEP, [hours, limit])
  return rowCount ?? 0
}

/** Forgets up to `limit` answers, because they are to be kept no more; that the requests were made stays known. */
export async function forgetAnswers(pool: Pool, limit: number): Promise<number> {
  const { rowCount } = await pool.query(FORGET, [limit])
  return rowCount ?? 0
}

export interface Sweep {
  readonly hours: number
  readonly limit: number
}

const SWEEP = `DELETE FROM idempotency WHERE (key_id, key_hash) IN (
  SELECT key_id, key_hash FROM idempotency AS held WHERE ${OVER('$1')} ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`
const FORGET = `UPDATE idempotency
  SET state = 'gone', status = NULL, content_type = NULL, kek_id = NULL, wrapped_key = NULL, nonce = NULL, answer = NULL
  WHERE (key_id, key_hash) IN (
    SELECT key_id, key_hash FROM idempotency WHERE state = 'kept' LIMIT $1 FOR UPDATE SKIP LOCKED)`
