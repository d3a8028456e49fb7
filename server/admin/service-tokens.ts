import { serviceTokensCreate, serviceTokensList, serviceTokensRevoke } from '../../core/admin/service-tokens.ts'
import { Fault } from '../../core/fault.ts'
import {
  findOrInsertAdministrator,
  insertServiceToken,
  listServiceTokens,
  revokeServiceToken,
  type ServiceTokenRow,
} from '../store/access.sql.ts'
import { pageOf } from './page.ts'
import { newId, newSecret } from './secret.ts'
import { served } from './served.ts'
import { daysAfter, stateOf } from './state.ts'

export const serviceTokenActions = [
  served(serviceTokensCreate, async ({ administrator, expiresInDays }, { sql, caller, now, random }) => {
    const holder = await findOrInsertAdministrator(sql, { id: newId(random), name: administrator, created_at: now })
    const { id, text, hash } = newSecret('svc', random)
    const row = await insertServiceToken(sql, {
      id,
      hash,
      user_id: holder.id,
      created_at: now,
      created_by: caller.administrator?.id ?? null,
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
