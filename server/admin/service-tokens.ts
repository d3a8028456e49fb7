import { serviceTokensCreate, serviceTokensList, serviceTokensRevoke } from '../../core/admin/service-tokens.ts'
import { Fault } from '../../core/fault.ts'
import {
  findOrInsertAdministrator,
  insertServiceToken,
  listServiceTokens,
  revokeServiceToken,
  type ServiceTokenRow,
} from '../store/access.sql.ts'
import { findUser } from '../store/members.sql.ts'
import { pageOf } from './page.ts'
import { newId, newSecret } from './secret.ts'
import { type Context, served, userOf } from './served.ts'
import { daysAfter, stateOf } from './state.ts'

export const serviceTokenActions = [
  served(serviceTokensCreate, async ({ administrator, user, expiresInDays }, context) => {
    const { sql, caller, now, random } = context
    const holder = await holderOf(context, { administrator, user })
    const { id, text, hash } = newSecret('svc', random)
    const row = await insertServiceToken(sql, {
      id,
      hash,
      user_id: holder.id,
      created_at: now,
      created_by: userOf(caller),
      expires_at: daysAfter(now, expiresInDays),
    })
    return { ...view(row, now), token: text }
  }),

  served(serviceTokensList, async ({ limit, cursor }, { sql, now }) => {
    const rows = await listServiceTokens(sql, { cursor, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: (row) => row.id, view: (row) => view(row, now) })
  }),

  served(serviceTokensRevoke, async ({ id }, { sql, now }) => {
    const row = await revokeServiceToken(sql, { id, now })
    if (row === 'last') throw new Fault('conflict', 'This is the last token that never expires; make another one first')
    return view(row, now)
  }),
]

/** For whom a token stands: a user who is there, or the administrator of that name. */
async function holderOf(
  { sql, now, random }: Context,
  { administrator, user }: { readonly administrator: string | undefined; readonly user: string | undefined },
): Promise<{ readonly id: string }> {
  if ((administrator === undefined) === (user === undefined))
    throw new Fault('bad_request', 'administrator: give a name or a user, one of them', { field: 'administrator' })
  if (administrator !== undefined)
    return findOrInsertAdministrator(sql, { id: newId(random), name: administrator, created_at: now })
  const found = user === undefined ? undefined : await findUser(sql, user)
  if (found === undefined || found.disabled_at !== null)
    throw new Fault('bad_request', 'user: there is no user of this id', { field: 'user' })
  return found
}

function view(row: ServiceTokenRow | undefined, now: Date) {
  if (row === undefined) throw new Fault('not_found', 'There is no service token of this id')
  return {
    id: row.id,
    administrator: row.administrator,
    state: stateOf(row, now),
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  }
}
