import type { Pool } from 'pg'

/** What a start asks about the way in, and the one-time token that it may leave. Plain SQL, because every start asks it. */

/** Whether there is an administrator, and whether any key was ever made. */
export async function findFirsts(pool: Pool): Promise<{ readonly administrator: boolean; readonly key: boolean }> {
  const { rows } = await pool.query<{ administrator: boolean; key: boolean }>(
    'SELECT EXISTS (SELECT FROM users) AS administrator, EXISTS (SELECT FROM keys) AS key',
  )
  return { administrator: rows[0]?.administrator === true, key: rows[0]?.key === true }
}

/** Keeps a new setup token beside the newest ones before it: with several gateways each one's first start prints its own. */
export async function insertSetupToken(
  pool: Pool,
  { hash, createdAt }: { readonly hash: string; readonly createdAt: Date },
): Promise<void> {
  await pool.query(INSERT_SETUP_TOKEN, [hash, createdAt, SETUP_TOKENS_MAX - 1])
}

/** One statement, so all or nothing. The token that it adds is not among those that it looks at, and so never removed by it. */
const INSERT_SETUP_TOKEN = `
  WITH added AS (INSERT INTO setup_tokens (hash, created_at) VALUES ($1, $2))
  DELETE FROM setup_tokens WHERE hash NOT IN (
    SELECT hash FROM setup_tokens ORDER BY created_at DESC, hash LIMIT $3
  )`

const SETUP_TOKENS_MAX = 10
