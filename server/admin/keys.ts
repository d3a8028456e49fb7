import { Fault } from '../../core/fault.ts'
import { DEFAULT_OWNER } from '../../core/owner.ts'
import { keysCreate, keysList, keysRevoke, keysRotate, keysShow } from '../../core/admin/keys.ts'
import { findKey, insertKey, type KeyRow, listKeys, lockKey, revokeKey, rotateSecret } from '../store/keys.sql.ts'
import { pageOf } from './page.ts'
import { newSecret } from './secret.ts'
import { served } from './served.ts'
import { daysAfter, stateOf } from './state.ts'

export const keyActions = [
  served(keysCreate, async ({ name, models, lossy, expiresInDays }, { sql, caller, now, random }) => {
    const { id, text, hash } = newSecret('sek', random)
    const created = { created_at: now, created_by: caller.administrator?.id ?? null }
    const row = await insertKey(sql, {
      id,
      name,
      models,
      lossy,
      hash,
      owner: DEFAULT_OWNER,
      ...created,
      expires_at: daysAfter(now, expiresInDays),
    })
    return { ...view(row, now), key: text }
  }),

  served(keysList, async ({ state, limit, cursor }, { sql, now }) => {
    const rows = await listKeys(sql, { state, now, cursor, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: (row) => row.id, view: (row) => view(row, now) })
  }),

  served(keysShow, async ({ id }, { sql, now }) => view(await findKey(sql, id), now)),

  served(keysRotate, async ({ id, overlapHours }, { sql, now, random }) => {
    // Locked first: what is decided below must still be true when it is written.
    await lockKey(sql, id)
    const before = view(await findKey(sql, id), now)
    if (before.state !== 'active') throw new Fault('conflict', `The key is ${before.state} and cannot be rotated`)
    if (before.earlierSecretUntil !== null && overlapHours > 0) {
      const until = before.earlierSecretUntil
      throw new Fault(
        'conflict',
        `The secret before the current one works until ${until}; an overlap of 0 ends both at once`,
      )
    }
    const { text, hash } = newSecret('sek', random, id)
    const row = await rotateSecret(sql, {
      id,
      hash,
      now,
      earlierEndAt: new Date(now.getTime() + overlapHours * 3_600_000),
    })
    return { ...view(row, now), key: text }
  }),

  served(keysRevoke, async ({ id }, { sql, now }) => view(await revokeKey(sql, { id, now }), now)),
]

function view(row: KeyRow | undefined, now: Date) {
  if (row === undefined) throw new Fault('not_found', 'There is no key of this id')
  const state = stateOf(row, now)
  const earlier = row.earlier_until
  return {
    id: row.id,
    name: row.name,
    state,
    models: row.models,
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    expiresAt: row.expires_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    lossy: row.lossy,
    earlierSecretUntil: state === 'active' && earlier !== null && earlier > now ? earlier.toISOString() : null,
  }
}
