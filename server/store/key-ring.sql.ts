import type { Pool } from 'pg'
import type { LossMode } from '../../core/loss.ts'
import type { Operation } from '../../core/operation.ts'
import { ROLE_RIGHTS, ROLES } from '../../core/rights.ts'

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
  readonly operations: Operation[] | null
  readonly denied_models: string[]
  readonly routes: string[] | null
  readonly ip_ranges: string[] | null
  readonly organisation_id: string
  readonly team_id: string | null
  readonly project_id: string | null
  readonly owner_user_id: string | null
  /** Whether its owner, if there is one, may use models where the key stands. */
  readonly owner_may_use: boolean
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

/** As SQL. The names are our own words. */
const USING_ROLES = ROLES.filter((role) => ROLE_RIGHTS[role]['models:use'] !== undefined)
  .map((role) => `'${role}'`)
  .join(', ')

/** `$1` is the moment before which a key or secret has ended for good. */
const living = (from: string): string => `
  SELECT secret.hash, key.id, key.name, key.models, key.revoked_at, key.lossy,
    key.operations, key.denied_models, key.routes, key.ip_ranges,
    key.organisation_id, key.team_id, key.project_id, key.owner_user_id,
    key.owner_user_id IS NULL OR EXISTS (
      SELECT FROM users AS owner WHERE owner.id = key.owner_user_id AND owner.disabled_at IS NULL AND (
        owner.is_operator OR EXISTS (
          SELECT FROM memberships AS held
          WHERE held.user_id = owner.id AND held.organisation_id = key.organisation_id AND held.role IN (${USING_ROLES})
            AND (held.team_id IS NULL OR held.team_id = key.team_id)
            AND (held.project_id IS NULL OR held.project_id = key.project_id)
        )
      )
    ) AS owner_may_use,
    least(key.expires_at, secret.ends_at) AS expires_at
  FROM ${from}
  WHERE (key.revoked_at IS NULL OR key.revoked_at > $1)
    AND coalesce(least(key.expires_at, secret.ends_at) > $1, true)`

// Which table is read first is written out: what the planner believes of a table under row-level security is far from true, and its
// own plan takes 2.4 s for ten thousand keys.
const FROM_KEYS = 'keys AS key CROSS JOIN LATERAL (SELECT * FROM key_secrets WHERE key_id = key.id OFFSET 0) AS secret'
const FROM_SECRETS =
  'key_secrets AS secret CROSS JOIN LATERAL (SELECT * FROM keys WHERE id = secret.key_id OFFSET 0) AS key'

/** The upper end: rows of a restored backup may name transactions that are still to come here. */
const CHANGED = `${living(FROM_KEYS)} AND key.changed >= $2 AND key.changed < pg_snapshot_xmax(pg_current_snapshot())`

const PAGE = `${living(FROM_SECRETS)} AND secret.hash > $2 ORDER BY secret.hash LIMIT $3`
