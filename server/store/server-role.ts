import { PostgresRefused } from '../world/postgres-refused.ts'
import { codeOf } from '../world/error-code.ts'
import type { Sql } from '../world/sql.ts'

/** Whom the gateway acts as when it serves: a role that owns nothing, so that row-level security holds for it (design, section 8). */
export const SERVER_ROLE = 'sekisho_server'

/**
 * Makes the serving role where it is missing, and lets `sql`'s own role act as it where that is how it serves. Throws PostgresRefused, with what
 * the operator has to do, when it may not.
 */
export async function ensureServerRole(sql: Sql, { toSwitch }: { readonly toSwitch: boolean }): Promise<void> {
  const client = sql.client({ statementMsMax: 5_000 })
  try {
    await client.connect()
    const { rows } = await client.query<{ there: boolean; member: boolean }>(LOOK, [SERVER_ROLE])
    const found = rows[0]
    if (found?.there !== true) await client.query(`CREATE ROLE ${SERVER_ROLE}`).catch(unlessThere)
    if (toSwitch && found?.member !== true) await client.query(`GRANT ${SERVER_ROLE} TO CURRENT_USER`)
  } catch (error) {
    if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) throw error
    throw new PostgresRefused(
      `The gateway serves as the role ${SERVER_ROLE}, which the role of SEKISHO_DATABASE_URL may not make or act as. ` +
        `As a superuser run: CREATE ROLE ${SERVER_ROLE}; GRANT ${SERVER_ROLE} TO <your role>;`,
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Refuses a role for which row-level security would be no wall. */
export async function refuseOwner(sql: Sql): Promise<void> {
  const { rows } = await sql.control.query<{ role: string; free: boolean }>(FREE)
  const [row] = rows
  if (row?.free !== true) return
  throw new PostgresRefused(
    `The gateway would serve as the role ${row.role}, which owns its tables or passes by row-level security. ` +
      'Set SEKISHO_DATABASE_OWNER_URL to that role, and SEKISHO_DATABASE_URL to one that owns nothing.',
  )
}

/** Another gateway that starts at the same time may have been quicker. */
function unlessThere(error: unknown): void {
  if (codeOf(error) !== DUPLICATE_OBJECT && codeOf(error) !== UNIQUE_VIOLATION) throw error
}

const LOOK = `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS there,
  coalesce((SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = $1), false) AS member`
const FREE = `SELECT current_user AS role, rolsuper OR rolbypassrls
    OR EXISTS (SELECT FROM pg_class WHERE relname = 'keys' AND relowner = pg_roles.oid) AS free
  FROM pg_roles WHERE rolname = current_user`
const INSUFFICIENT_PRIVILEGE = '42501'
const DUPLICATE_OBJECT = '42710'
const UNIQUE_VIOLATION = '23505'
