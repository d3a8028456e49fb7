import { Fault } from '../../core/fault.ts'
import type { LimitSubject } from '../../core/limits/stored-limit.ts'
import { findKey } from '../store/keys.sql.ts'
import { findPlan } from '../store/limits.sql.ts'
import { isMember } from '../store/members.sql.ts'
import { findProject, findTeam } from '../store/tenants.sql.ts'
import type { Context } from './served.ts'

interface Asked {
  readonly organisationId: string
  readonly scope: LimitSubject | 'plan'
  readonly subject: string | undefined
}

/** The id of what a limit, plan or budget is of. Throws a `bad_request` where there is no such thing in the organisation. */
export async function subjectFor(
  { sql }: Pick<Context, 'sql'>,
  { organisationId, scope, subject }: Asked,
): Promise<string> {
  if (scope === 'organisation' && subject === undefined) return organisationId
  if (subject === undefined) throw new Fault('bad_request', 'subject: is needed for this scope', { field: 'subject' })
  const there = await isThere(sql, { organisationId, scope, subject })
  if (!there)
    throw new Fault('bad_request', `subject: there is no ${scope} of this id in the organisation`, { field: 'subject' })
  return subject
}

async function isThere(
  sql: Context['sql'],
  { organisationId, scope, subject }: { organisationId: string; scope: LimitSubject | 'plan'; subject: string },
): Promise<boolean> {
  switch (scope) {
    case 'organisation':
      return subject === organisationId
    case 'team':
      return (await findTeam(sql, subject))?.organisation_id === organisationId
    case 'project':
      return (await findProject(sql, subject))?.organisation_id === organisationId
    case 'user':
      return isMember(sql, { organisationId, userId: subject })
    case 'key':
      return (await findKey(sql, subject))?.organisation_id === organisationId
    case 'plan':
      return (await findPlan(sql, subject))?.organisation_id === organisationId
  }
}
