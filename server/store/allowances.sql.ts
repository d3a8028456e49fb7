import type { Pool } from 'pg'
import type { LimitPeriod, LimitSubject, StoredLimit } from '../../core/limits/stored-limit.ts'

/** What every gateway knows of limits, for all organisations at once. Plain SQL, because it is read before anything is served. */

/** A limit, and for whom it counts: its own subject, or one that was given its plan. */
export interface AllowanceRow extends StoredLimit {
  readonly scope: LimitSubject
  readonly subject_id: string
}

interface Row {
  readonly id: string
  readonly scope: LimitSubject
  readonly subject_id: string
  readonly measure: StoredLimit['measure']
  readonly max: number
  readonly per: LimitPeriod | null
  readonly models: string[] | null
}

/** Every limit that holds now, each once for each subject for which it counts. */
export async function readAllowances(pool: Pool): Promise<readonly AllowanceRow[]> {
  const { rows } = await pool.query<Row>(READ)
  return rows
}

const READ = `
  SELECT id, scope, subject_id, measure, max, per, models FROM limits WHERE removed_at IS NULL AND scope <> 'plan'
  UNION ALL
  SELECT one.id, given.scope, given.subject_id, one.measure, one.max, one.per, one.models
  FROM given_plans AS given
  JOIN plans AS plan ON plan.id = given.plan_id AND plan.archived_at IS NULL
  JOIN limits AS one ON one.scope = 'plan' AND one.subject_id = plan.id AND one.removed_at IS NULL
  ORDER BY id, subject_id`
