import type { KeyRecord } from '../../core/key-record.ts'
import type { LimitSubject } from '../../core/limits/stored-limit.ts'

/** On whose account a key's requests are, from the whole to the part. All are of the key's own organisation. */
export function subjectsOf({ id, owner }: KeyRecord): readonly string[] {
  const { organisationId, teamId, projectId, userId } = owner
  const named = (scope: LimitSubject, subjectId: string) =>
    subjectOf({ organisation_id: organisationId, scope, subject_id: subjectId })
  return [
    named('organisation', organisationId),
    ...(teamId === null ? [] : [named('team', teamId)]),
    ...(projectId === null ? [] : [named('project', projectId)]),
    ...(userId === null ? [] : [named('user', userId)]),
    named('key', id),
  ]
}

/** For whom a limit or budget counts, as the database says it. */
export interface SubjectRow {
  readonly organisation_id: string
  readonly scope: LimitSubject
  readonly subject_id: string
}

/**
 * Its name in a map of subjects. The organisation is part of it, because a user may be a member of several: what one of them sets is neither felt nor seen
 * in another.
 */
export const subjectOf = ({ organisation_id, scope, subject_id }: SubjectRow): string =>
  `${organisation_id} ${scope} ${subject_id}`
