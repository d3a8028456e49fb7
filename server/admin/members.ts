import {
  membersAdd,
  membersList,
  membersRemove,
  serviceAccountsCreate,
  serviceAccountsDisable,
  serviceAccountsList,
  serviceAccountsToken,
  usersCreate,
  usersDisable,
  usersList,
} from '../../core/admin/members.ts'
import { Fault } from '../../core/fault.ts'
import { mayGrant, type Place } from '../../core/rights.ts'
import { insertServiceToken, rolesOfServiceAccount } from '../store/access.sql.ts'
import {
  deleteMembership,
  disableServiceAccount,
  disableUser,
  findMembership,
  findServiceAccount,
  insertMembership,
  insertServiceAccount,
  insertUser,
  listMemberships,
  listServiceAccounts,
  listUsers,
  type MembershipRow,
  otherOwners,
  type ServiceAccountTable,
  type UserRow,
} from '../store/members.sql.ts'
import { findProject } from '../store/tenants.sql.ts'
import { codeOf } from '../world/error-code.ts'
import { pageOf } from './page.ts'
import { forbidden } from './permission.ts'
import { newId, newSecret } from './secret.ts'
import { type Context, served, userOf } from './served.ts'
import { daysAfter } from './state.ts'
import { organisationFor, placeFor } from './tenants.ts'

export const memberActions = [
  served(usersCreate, async ({ name, email }, { sql, now, random }) => {
    const row = await insertUser(sql, { id: newId(random), name, email: email ?? null, created_at: now })
    if (row === undefined) throw new Fault('conflict', 'There is a user of this name or address already')
    return userView(row)
  }),

  served(usersList, async ({ limit, cursor }, { sql }) => {
    const rows = await listUsers(sql, { cursor, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: ({ id }) => id, view: userView })
  }),

  served(usersDisable, async ({ id }, { sql, now }) => {
    const row = await disableUser(sql, { id, now })
    if (row === 'last') throw new Fault('conflict', 'This is the last operator; make another one first')
    return userView(row)
  }),

  served(membersAdd, async (input, context) => {
    const { sql, caller, now, random } = context
    const { user, serviceAccount, role, team, project } = input
    if ((user === undefined) === (serviceAccount === undefined))
      throw new Fault('bad_request', 'user: give a user or a service account, one of them', { field: 'user' })
    const organisationId = await organisationFor(context)
    const place = await placeFor(context, { organisationId, team, project })
    mustGrant(context, role, place)
    const row = await insertMembership(sql, {
      id: newId(random),
      organisation_id: organisationId,
      team_id: project === undefined ? place.teamId : null,
      project_id: place.projectId,
      user_id: user ?? null,
      service_account_id: serviceAccount ?? null,
      role,
      created_at: now,
      created_by: userOf(caller),
    }).catch(unlessUnknown)
    if (row === undefined) throw new Fault('conflict', 'They have a role there already; take it away first')
    return memberView(row)
  }),

  served(membersList, async ({ limit, cursor }, { sql }) => {
    const rows = await listMemberships(sql, { cursor, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: ({ id }) => id, view: memberView })
  }),

  served(membersRemove, async ({ id }, context) => {
    const { sql, found } = context
    const row = await findMembership(sql, id)
    const before = memberView(row)
    if (row === undefined) throw noMember()
    found(before)
    // Who may not give a role may not take it either: a team's lead does not dismiss an owner.
    mustGrant(context, row.role, await placeOf(context, row))
    const isOwner = row.role === 'owner' && row.team_id === null && row.project_id === null
    if (isOwner && (await otherOwners(sql, row)) === 0 && context.caller.access?.isOperator !== true)
      throw new Fault('conflict', 'This is the last owner; make another one first')
    await deleteMembership(sql, id)
    return before
  }),

  served(serviceAccountsCreate, async ({ name }, context) => {
    const { sql, caller, now, random } = context
    const organisation_id = await organisationFor(context)
    const row = await insertServiceAccount(sql, {
      id: newId(random),
      organisation_id,
      name,
      created_at: now,
      created_by: userOf(caller),
    })
    if (row === undefined)
      throw new Fault('conflict', 'There is a service account of this name already', { field: 'name' })
    return accountView(row)
  }),

  served(serviceAccountsList, async ({ limit, cursor }, { sql }) => {
    const rows = await listServiceAccounts(sql, { cursor, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: ({ id }) => id, view: accountView })
  }),

  served(serviceAccountsToken, async ({ id, expiresInDays }, context) => {
    const { sql, caller, now, random } = context
    const account = await findServiceAccount(sql, id)
    const view = accountView(account)
    if (account === undefined || account.disabled_at !== null)
      throw new Fault('conflict', 'The service account is disabled')
    // Who holds the token has all of its roles: making one is giving them.
    for (const role of await rolesOfServiceAccount(sql, id)) mustGrant(context, role.role, await placeOf(context, role))
    const secret = newSecret('svc', random)
    await insertServiceToken(sql, {
      id: secret.id,
      hash: secret.hash,
      user_id: null,
      organisation_id: account.organisation_id,
      service_account_id: id,
      created_at: now,
      created_by: userOf(caller),
      expires_at: daysAfter(now, expiresInDays),
    })
    return { ...view, tokenId: secret.id, token: secret.text }
  }),

  served(serviceAccountsDisable, async ({ id }, { sql, now, found }) => {
    found(accountView(await findServiceAccount(sql, id)))
    return accountView(await disableServiceAccount(sql, { id, now }))
  }),
]

/** Throws `forbidden` when the caller has less than the role gives there. */
function mustGrant({ caller }: Context, role: MembershipRow['role'], place: Place): void {
  if (caller.access !== null && !mayGrant(caller.access, role, place)) throw forbidden()
}

/** Where a membership holds: its team, its project, which may be in one, or the whole organisation. */
async function placeOf(
  { sql }: Context,
  row: Pick<MembershipRow, 'organisation_id' | 'team_id' | 'project_id'>,
): Promise<Place> {
  const { organisation_id: organisationId, team_id: teamId, project_id: projectId } = row
  if (projectId === null) return { organisationId, teamId, projectId }
  return { organisationId, teamId: (await findProject(sql, projectId))?.team_id ?? null, projectId }
}

/** The table's own keys know who there is: also somebody who is in no organisation yet, and whom this transaction cannot see. */
function unlessUnknown(error: unknown): never {
  if (codeOf(error) !== FOREIGN_KEY_VIOLATION) throw error
  throw new Fault('bad_request', 'user: there is no user or service account of this id', { field: 'user' })
}

const FOREIGN_KEY_VIOLATION = '23503'

const noMember = () => new Fault('not_found', 'There is no membership of this id')

function userView(row: UserRow | undefined) {
  if (row === undefined) throw new Fault('not_found', 'There is no user of this id')
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    isOperator: row.is_operator,
    createdAt: row.created_at.toISOString(),
    disabledAt: row.disabled_at?.toISOString() ?? null,
  }
}

function memberView(row: MembershipRow | undefined) {
  if (row === undefined) throw noMember()
  return {
    id: row.id,
    organisation: row.organisation_id,
    team: row.team_id,
    project: row.project_id,
    user: row.user_id,
    serviceAccount: row.service_account_id,
    name: row.name,
    role: row.role,
    createdAt: row.created_at.toISOString(),
  }
}

function accountView(row: ServiceAccountTable | undefined) {
  if (row === undefined) throw new Fault('not_found', 'There is no service account of this id')
  return {
    id: row.id,
    organisation: row.organisation_id,
    name: row.name,
    createdAt: row.created_at.toISOString(),
    disabledAt: row.disabled_at?.toISOString() ?? null,
  }
}
