import type { Pool } from 'pg'

/** The key and the provider of a reply, by the vendor's id of it. */
export async function ownerOfReply(
  pool: Pool,
  id: string,
): Promise<{ readonly keyId: string; readonly provider: string } | undefined> {
  const { rows } = await pool.query<{ key_id: string; provider: string }>(
    'SELECT key_id, provider FROM usage WHERE reply_id = $1 ORDER BY at LIMIT 1',
    [id],
  )
  const [row] = rows
  return row === undefined ? undefined : { keyId: row.key_id, provider: row.provider }
}
