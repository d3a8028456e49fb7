import type { Pool } from 'pg'
import type { LossMode } from '../../core/loss.ts'

/** What the key ring reads of keys and their secrets. Plain SQL, because the ring is read before anything is served. */

/** One secret with what its key may do: a row of the key ring. */
export interface SecretRow {
  readonly hash: string
  readonly id: string
  readonly name: string
  readonly models: string[] | null
  /** Of the key or of the secret, whichever comes first. */
  readonly expires_at: Date | null
  readonly revoked_at: Date | null
  readonly lossy: LossMode | null
  readonly organisation_id: string
  readonly team_id: string | null
  readonly project_id: string | null
  readonly owner_user_id: string | null
}

/**
 * From where to read changes next time: the oldest transaction that is still running. Taken before the reading, so that what
 * commits meanwhile is read twice rather than never.
 */
export async function changesFrom(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ next: string }>('SELECT pg_snapshot_xmin(pg_current_snapshot()) AS next')
  return rows[0]?.next ?? '0'
}

/** Secrets of the keys that changed in transaction `since` or later, without what ended before `deadBefore`. */
export async function secretsChanged(
  pool: Pool,
  { since, deadBefore }: { readonly since: string; readonly deadBefore: Date },
): Promise<readonly SecretRow[]> {
  const { rows } = await pool.query<SecretRow>(CHANGED, [deadBefore, since])
  return rows
}

/** One page of all secrets, in the order of their hashes; `after` is the last one of the page before, empty for the first. */
export async function secretsPage(
  pool: Pool,
  { after, limit, deadBefore }: { readonly after: string; readonly limit: number; readonly deadBefore: Date },
): Promise<readonly SecretRow[]> {
  const { rows } = await pool.query<SecretRow>(PAGE, [deadBefore, after, limit])
  return rows
}

/** `$1` is the moment before which a key or secret has ended for good. */
const LIVING = `
  SELECT secret.hash, key.id, key.name, key.models, key.revoked_at, key.lossy,
    key.organisation_id, key.team_id, key.project_id, key.owner_user_id,
    least(key.expires_at, secret.ends_at) AS expires_at
  FROM key_secrets AS secret JOIN keys AS key ON key.id = secret.key_id
  WHERE (key.revoked_at IS NULL OR key.revoked_at > $1)
    AND coalesce(least(key.expires_at, secret.ends_at) > $1, true)`

/** The upper end: rows of a restored backup may name transactions that are still to come here. */
const CHANGED = `${LIVING} AND key.changed >= $2 AND key.changed < pg_snapshot_xmax(pg_current_snapshot())`

const PAGE = `${LIVING} AND secret.hash > $2 ORDER BY secret.hash LIMIT $3`
