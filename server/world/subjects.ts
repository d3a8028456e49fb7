import type { KeyRecord } from '../../core/key-record.ts'
import type { LimitSubject } from '../../core/limits/stored-limit.ts'

/** On whose account a key's requests are, from the whole to the part. */
export function subjectsOf({ id, owner }: KeyRecord): readonly string[] {
  const { organisationId, teamId, projectId, userId } = owner
  return [
    subjectOf('organisation', organisationId),
    ...(teamId === null ? [] : [subjectOf('team', teamId)]),
    ...(projectId === null ? [] : [subjectOf('project', projectId)]),
    ...(userId === null ? [] : [subjectOf('user', userId)]),
    subjectOf('key', id),
  ]
}

/** Its name in a map of subjects. */
export const subjectOf = (scope: LimitSubject, id: string): string => `${scope} ${id}`
