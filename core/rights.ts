/**
 * Who may do what. A role is held in a whole organisation, in one team or in one project; what it allows is this table and nothing else.
 * Operators of the installation may do everything everywhere.
 */

export const ROLES = ['owner', 'admin', 'member', 'viewer', 'billing', 'auditor'] as const
export type Role = (typeof ROLES)[number]

/** What can be done within an organisation. `models:use` is what an owner lends to keys of their own. */
export const RIGHTS = [
  'organisation:read',
  'organisation:write',
  'members:read',
  'members:write',
  'keys:read',
  'keys:write',
  'limits:read',
  'limits:write',
  'budgets:read',
  'budgets:write',
  'usage:read',
  'audit:read',
  'models:use',
] as const
export type Right = (typeof RIGHTS)[number]

/** `all`: of everything where the role is held. `own`: of what belongs to the person themselves. */
type Extent = 'all' | 'own'

/** Of an owner there must be somebody who may do everything; so it is all of them, however many there will be. */
export const ROLE_RIGHTS: { readonly [role in Role]: { readonly [right in Right]?: Extent } } = {
  owner: {
    'organisation:read': 'all',
    'organisation:write': 'all',
    'members:read': 'all',
    'members:write': 'all',
    'keys:read': 'all',
    'keys:write': 'all',
    'limits:read': 'all',
    'limits:write': 'all',
    'budgets:read': 'all',
    'budgets:write': 'all',
    'usage:read': 'all',
    'audit:read': 'all',
    'models:use': 'all',
  },
  admin: {
    'organisation:read': 'all',
    'organisation:write': 'all',
    'members:read': 'all',
    'members:write': 'all',
    'keys:read': 'all',
    'keys:write': 'all',
    'limits:read': 'all',
    'limits:write': 'all',
    'budgets:read': 'all',
    'budgets:write': 'all',
    'usage:read': 'all',
    'models:use': 'all',
  },
  member: {
    'organisation:read': 'all',
    'keys:read': 'own',
    'keys:write': 'own',
    'usage:read': 'own',
    'models:use': 'all',
  },
  viewer: {
    'organisation:read': 'all',
    'members:read': 'all',
    'keys:read': 'all',
    'limits:read': 'all',
    'budgets:read': 'all',
    'usage:read': 'all',
  },
  billing: {
    'organisation:read': 'all',
    'limits:read': 'all',
    'budgets:read': 'all',
    'budgets:write': 'all',
    'usage:read': 'all',
  },
  auditor: {
    'organisation:read': 'all',
    'members:read': 'all',
    'keys:read': 'all',
    'limits:read': 'all',
    'budgets:read': 'all',
    'usage:read': 'all',
    'audit:read': 'all',
  },
}

/** A role somewhere. Where team and project are `null`, it is held in the whole organisation. */
export interface Grant {
  readonly organisationId: string
  readonly teamId: string | null
  readonly projectId: string | null
  readonly role: Role
}

/** Who asks, and what they were given. */
export interface Access {
  readonly kind: 'user' | 'service-account'
  readonly id: string
  readonly name: string
  readonly isOperator: boolean
  readonly grants: readonly Grant[]
}

/** Where something stands. */
export interface Place {
  readonly organisationId: string
  readonly teamId: string | null
  readonly projectId: string | null
}

/** How far a right reaches within an organisation. */
export type Reach =
  | { readonly kind: 'all' }
  | {
      readonly kind: 'part'
      readonly teams: readonly string[]
      readonly projects: readonly string[]
      /** What belongs to this person is within reach wherever it stands; where they may make something of their own, `holdsIn` says. */
      readonly userId: string | null
    }

export const EVERYTHING: Reach = { kind: 'all' }

/** How far `right` reaches for `access` in this organisation; `undefined` where it does not reach at all. */
export function reachOf(access: Access, right: Right, organisationId: string): Reach | undefined {
  if (access.isOperator) return EVERYTHING
  const grants = access.grants.filter((grant) => grant.organisationId === organisationId)
  const held = grants.flatMap((grant) => {
    const extent = ROLE_RIGHTS[grant.role][right]
    return extent === undefined ? [] : [{ ...grant, extent }]
  })
  if (held.length === 0) return undefined
  const whole = held.filter(({ extent }) => extent === 'all')
  if (whole.some(({ teamId, projectId }) => teamId === null && projectId === null)) return EVERYTHING
  return {
    kind: 'part',
    teams: whole.flatMap(({ teamId }) => teamId ?? []),
    projects: whole.flatMap(({ projectId }) => projectId ?? []),
    userId: access.kind === 'user' && held.some(({ extent }) => extent === 'own') ? access.id : null,
  }
}

/** Whether what stands there, and belongs to this person, is within reach. */
export function reaches(reach: Reach | undefined, place: Place, ownerId: string | null = null): boolean {
  if (reach === undefined) return false
  if (reach.kind === 'all') return true
  if (place.teamId !== null && reach.teams.includes(place.teamId)) return true
  if (place.projectId !== null && reach.projects.includes(place.projectId)) return true
  return reach.userId !== null && ownerId === reach.userId
}

/** Whether a role with this right, be it for their own things only, is held in that place or around it. */
export const holdsIn = (access: Access, right: Right, place: Place): boolean =>
  access.isOperator ||
  access.grants.some(
    ({ organisationId, teamId, projectId, role }) =>
      ROLE_RIGHTS[role][right] !== undefined &&
      organisationId === place.organisationId &&
      (teamId === null || teamId === place.teamId) &&
      (projectId === null || projectId === place.projectId),
  )

/** Whether `access` may give this role there: nobody hands on more than they have (CVE-2026-47101). */
export function mayGrant(access: Access, role: Role, place: Place): boolean {
  return RIGHTS.filter((right) => ROLE_RIGHTS[role][right] !== undefined).every((right) => {
    const reach = reachOf(access, right, place.organisationId)
    return reach?.kind === 'all' || (ROLE_RIGHTS[role][right] === 'all' ? reaches(reach, place) : reach !== undefined)
  })
}
