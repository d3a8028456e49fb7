import { Fault } from '../../core/fault.ts'
import { keysCreate, keysList, keysRevoke, keysRotate, keysShow } from '../../core/admin/keys.ts'
import { findKey, insertKey, type KeyRow, listKeys, lockKey, revokeKey, rotateSecret } from '../store/keys.sql.ts'
import { reaches } from '../../core/rights.ts'
import { pageOf } from './page.ts'
import { forbidden } from './permission.ts'
import { newSecret } from './secret.ts'
import { type Context, served, userOf } from './served.ts'
import { daysAfter, stateOf } from './state.ts'
import { organisationFor, placeFor } from './tenants.ts'

export const keyActions = [
  served(keysCreate, async (input, context) => {
    const { sql, caller, now, random, reach } = context
    const { name, models, lossy, expiresInDays, team, project } = input
    const place = await placeFor(context, { organisationId: await organisationFor(context), team, project })
    // Who may only make their own keys makes their own, whether they say so or not.
    const userId = input.owner ?? (reach.kind === 'part' ? reach.userId : null)
    if (!reaches(reach, place, userId)) throw forbidden()
    const { id, text, hash } = newSecret('sek', random)
    const created = { created_at: now, created_by: userOf(caller) }
    const row = await insertKey(sql, {
      id,
      name,
      models,
      lossy,
      hash,
      owner: { ...place, userId },
      ...created,
      expires_at: daysAfter(now, expiresInDays),
    })
    return { ...view(row, now), key: text }
  }),

  served(keysList, async ({ state, limit, cursor }, { sql, now, reach }) => {
    const rows = await listKeys(sql, { state, now, cursor, reach, limit: limit + 1 })
    return pageOf(rows, { limit, cursorOf: (row) => row.id, view: (row) => view(row, now) })
  }),

  served(keysShow, async ({ id }, context) => view(await keyWithin(context, id), context.now)),

  served(keysRotate, async ({ id, overlapHours }, context) => {
    const { sql, now, random, found } = context
    // Locked first: what is decided below must still be true when it is written.
    await lockKey(sql, id)
    const before = view(await keyWithin(context, id), now)
    found(before)
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

  served(keysRevoke, async ({ id }, context) => {
    const { sql, now, found } = context
    found(view(await keyWithin(context, id), now))
    return view(await revokeKey(sql, { id, now }), now)
  }),
]

/** A key that is out of the caller's reach is one that there is none of. */
async function keyWithin({ sql, reach }: Context, id: string): Promise<KeyRow | undefined> {
  const row = await findKey(sql, id)
  if (row === undefined) return undefined
  const place = { organisationId: row.organisation_id, teamId: row.team_id, projectId: row.project_id }
  return reaches(reach, place, row.owner_user_id) ? row : undefined
}

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
    organisation: row.organisation_id,
    team: row.team_id,
    project: row.project_id,
    owner: row.owner_user_id,
    earlierSecretUntil: state === 'active' && earlier !== null && earlier > now ? earlier.toISOString() : null,
  }
}
