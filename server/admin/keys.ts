import type * as z from 'zod'
import { Fault } from '../../core/fault.ts'
import {
  keysCreate,
  keysCreateMany,
  keysList,
  keysRevoke,
  keysRotate,
  keysShow,
  keysUpdate,
} from '../../core/admin/keys.ts'
import {
  changeKey,
  findKey,
  insertKey,
  type KeyRow,
  listKeys,
  lockKey,
  revokeKey,
  rotateSecret,
} from '../store/keys.sql.ts'
import { isMember } from '../store/members.sql.ts'
import { given } from '../../core/given.ts'
import { holdsIn, type Place, reaches } from '../../core/rights.ts'
import { pageOf } from './page.ts'
import { forbidden } from './permission.ts'
import { newSecret } from './secret.ts'
import { type Context, served, userOf } from './served.ts'
import { daysAfter, stateOf } from './state.ts'
import { organisationFor, placeFor } from './tenants.ts'

export const keyActions = [
  served(keysCreate, async (input, context) => {
    const { row, text } = await makeKey(context, { ...(await belongingOf(context, input)), ...input })
    return { ...view(row, context.now), key: text }
  }),

  served(keysCreateMany, async ({ count, name, ...input }, context) => {
    const belonging = await belongingOf(context, input)
    const made: Awaited<ReturnType<typeof makeKey>>[] = []
    for (let number = 1; number <= count; number++)
      made.push(await makeKey(context, { ...belonging, ...input, name: `${name} ${number}` }))
    return {
      organisation: belonging.place.organisationId,
      ids: made.map(({ id }) => id),
      keys: made.map(({ text }) => text),
    }
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

  served(keysUpdate, async ({ id, name, ...rules }, context) => {
    const { sql, now, found } = context
    await lockKey(sql, id)
    const before = view(await keyWithin(context, id), now)
    found(before)
    if (before.state === 'revoked') throw new Fault('conflict', 'The key is revoked and stays what it was')
    return view(await changeKey(sql, id, { ...given({ name }), ...rulesOf(rules) }), now)
  }),

  served(keysRevoke, async ({ id }, context) => {
    const { sql, now, found } = context
    found(view(await keyWithin(context, id), now))
    return view(await revokeKey(sql, { id, now }), now)
  }),
]

interface Belonging {
  readonly place: Place
  readonly userId: string | null
}

/**
 * Whose a new key is. Throws `forbidden` where the caller may make none, and a `bad_request` for an owner who is not in the organisation: what a key
 * uses counts on its owner, and what the owner may use it may.
 */
async function belongingOf(
  context: Context,
  asked: {
    readonly team?: string | undefined
    readonly project?: string | undefined
    readonly owner?: string | undefined
  },
): Promise<Belonging> {
  const { reach, caller } = context
  const organisationId = await organisationFor(context)
  const place = await placeFor(context, { organisationId, team: asked.team, project: asked.project })
  // Who may only make their own keys makes their own, whether they say so or not.
  const userId = asked.owner ?? (reach.kind === 'part' ? reach.userId : null)
  if (!reaches(reach, place, userId)) throw forbidden()
  if (caller.access !== null && !holdsIn(caller.access, 'keys:write', place)) throw forbidden()
  if (userId !== null && !(await isMember(context.sql, { organisationId, userId })))
    throw new Fault('bad_request', 'owner: there is no member of this id in the organisation', { field: 'owner' })
  return { place, userId }
}

type KeyInput = z.output<typeof keysCreate.input>

async function makeKey(
  { sql, caller, now, random }: Context,
  { place, userId, ...input }: Belonging & Omit<KeyInput, 'organisation' | 'team' | 'project' | 'owner'>,
): Promise<{ readonly id: string; readonly text: string; readonly row: KeyRow | undefined }> {
  const { id, text, hash } = newSecret('sek', random)
  const row = await insertKey(sql, {
    id,
    hash,
    name: input.name,
    ...rulesOf(input),
    owner: { ...place, userId },
    created_at: now,
    created_by: userOf(caller),
    expires_at: daysAfter(now, input.expiresInDays),
  })
  return { id, text, row }
}

/** The rules that are named, by the names of their columns. */
const rulesOf = (input: { readonly [Rule in keyof KeyInput]?: KeyInput[Rule] | undefined }) =>
  given({
    models: input.models,
    denied_models: input.deniedModels,
    routes: input.routes,
    operations: input.operations,
    ip_ranges: input.ipRanges,
    tags: input.tags,
    metadata: input.metadata,
    environment: input.environment,
    lossy: input.lossy,
  })

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
    deniedModels: row.denied_models,
    routes: row.routes,
    operations: row.operations,
    ipRanges: row.ip_ranges,
    tags: row.tags,
    metadata: { ...row.metadata },
    environment: row.environment,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
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
