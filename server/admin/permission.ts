import type { Kysely } from 'kysely'
import type { Permission } from '../../core/action.ts'
import { Fault } from '../../core/fault.ts'
import { parseKey } from '../../core/key.ts'
import { type Administrator, findAccess, findSetup } from '../store/access.sql.ts'
import type { Database } from '../store/tables.ts'
import { secretHash } from '../world/secret-hash.ts'
import { stateOf } from './state.ts'

/** Who holds this credential, or a Fault: every bad one gets the same text, whatever is wrong with it. */
export type Permit = (
  credential: string,
  look: { readonly sql: Kysely<Database>; readonly now: Date },
) => Promise<Administrator | null>

/** How each permission is proven. An action whose permission is not in this table cannot be served. */
export const permits: { readonly [permission in Permission]: Permit } = {
  /** The one-time token of the first start, as long as there is no administrator. */
  setup: async (credential, { sql }) => {
    const { setUp, known } = await findSetup(sql, secretHash(credential))
    if (setUp) throw setupDone()
    if (!known) throw unauthorized('unknown')
    return null
  },

  /** A service token that is neither revoked nor expired. Every credential, good or bad, costs one hash and one look. */
  administrator: async (credential, { sql, now }) => {
    const { setUp, token } = await findAccess(sql, secretHash(credential))
    if (!setUp) throw setupRequired()
    if (token === undefined) throw unauthorized(parseKey(credential) === undefined ? 'malformed' : 'unknown')
    const state = stateOf(token, now)
    if (state !== 'active') throw unauthorized(state)
    return { id: token.id, name: token.name }
  },
}

export const setupDone = () => new Fault('conflict', 'There is an administrator already')

const setupRequired = () =>
  new Fault(
    'setup_required',
    'There is no administrator yet: use the setup token that the gateway printed when it started (`sekisho setup`)',
  )

const unauthorized = (reason: string) => new Fault('unauthorized', 'Invalid credential', { reason })
