import type { Kysely } from 'kysely'
import { PERMISSIONS, type Permission } from '../../core/action.ts'
import { Fault } from '../../core/fault.ts'
import { parseKey } from '../../core/key.ts'
import { type Access, EVERYTHING, type Reach, reachOf } from '../../core/rights.ts'
import { findAccess, findSetup } from '../store/access.sql.ts'
import type { Database } from '../store/tables.ts'
import { secretHash } from '../world/secret-hash.ts'
import { stateOf } from './state.ts'

/** Whether an action of this permission can be served at all: what is not in the list is nobody's to call. */
export const isPermission = (permission: unknown): boolean => PERMISSIONS.some((known) => known === permission)

/**
 * Who holds this credential, before anything of the request is read; `null` for the holder of the setup token, who is nobody yet. Every bad
 * credential costs one hash and one look, and gets the same Fault, whatever is wrong with it. Throws `forbidden` for a caller who has the
 * permission nowhere.
 */
export async function proveCaller(
  permission: Permission,
  credential: string,
  { sql, now }: { readonly sql: Kysely<Database>; readonly now: Date },
): Promise<Access | null> {
  if (permission === 'setup') {
    const { setUp, known } = await findSetup(sql, secretHash(credential))
    if (setUp) throw setupDone()
    if (!known) throw unauthorized('unknown')
    return null
  }
  const { setUp, token } = await findAccess(sql, secretHash(credential))
  if (!setUp) throw setupRequired()
  if (token === undefined) throw unauthorized(parseKey(credential) === undefined ? 'malformed' : 'unknown')
  const state = stateOf(token, now)
  if (state !== 'active') throw unauthorized(state)
  if (token.disabled) throw unauthorized('disabled')
  const { access } = token
  const organisations = new Set(access.grants.map(({ organisationId }) => organisationId))
  const somewhere =
    permission !== 'operator' && [...organisations].some((id) => reachOf(access, permission, id) !== undefined)
  if (!access.isOperator && !somewhere) throw forbidden()
  return access
}

/** The organisation that a call is for, and how far the caller's right reaches in it. `organisation: null`: all of them, for an operator. */
export interface Scope {
  readonly organisation: string | null
  readonly reach: Reach
}

/**
 * Where a call takes place: in the organisation that it names, else in the caller's only one; an operator who names none asks for all of them.
 * Throws `not_found` for an organisation that the caller is not in, as for one that there is none of, and `forbidden` where the right does not
 * reach far enough.
 */
export function scopeOf(
  { permission, narrows }: { readonly permission: Permission; readonly narrows?: true },
  access: Access | null,
  asked: string | undefined,
): Scope {
  if (access === null || permission === 'setup' || permission === 'operator')
    return { organisation: asked ?? null, reach: EVERYTHING }
  if (access.isOperator) return { organisation: asked ?? null, reach: EVERYTHING }
  const own = new Set(access.grants.map(({ organisationId }) => organisationId))
  if (asked !== undefined && !own.has(asked)) throw new Fault('not_found', 'There is no organisation of this id')
  const [only, ...others] = own
  const organisation = asked ?? (others.length === 0 ? only : undefined)
  if (organisation === undefined)
    throw new Fault('bad_request', 'organisation: you are in several; say which', { field: 'organisation' })
  const reach = reachOf(access, permission, organisation)
  if (reach === undefined || (reach.kind === 'part' && narrows !== true)) throw forbidden()
  return { organisation, reach }
}

export const setupDone = () => new Fault('conflict', 'There is an administrator already')

export const forbidden = () => new Fault('forbidden', 'Your role does not allow this')

const setupRequired = () =>
  new Fault(
    'setup_required',
    'There is no administrator yet: use the setup token that the gateway printed when it started (`sekisho setup`)',
  )

const unauthorized = (reason: string) => new Fault('unauthorized', 'Invalid credential', { reason })
