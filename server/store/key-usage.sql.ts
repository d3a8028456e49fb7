import type { Pool } from 'pg'

/** What a key has used since a day. Plain SQL, because keys ask for it on the data plane. */
export interface KeyUsage {
  readonly requests: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Nano-dollars, as far as the cost is known. */
  readonly costNano: number
  /** Attempts whose cost is unknown. */
  readonly unpriced: number
}

/** Of the UTC days from `fromDay` on (`2026-11-21`), as far as it has arrived. */
export async function usageOfKey(
  pool: Pool,
  { keyId, fromDay }: { readonly keyId: string; readonly fromDay: string },
): Promise<KeyUsage> {
  const { rows } = await pool.query<{ readonly [sum in keyof KeyUsage]: number | bigint }>(SUMS, [keyId, fromDay])
  const [row] = rows
  if (row === undefined) throw new Error('sums always have a row')
  return {
    requests: Number(row.requests),
    inputTokens: Number(row.inputTokens),
    outputTokens: Number(row.outputTokens),
    costNano: Number(row.costNano),
    unpriced: Number(row.unpriced),
  }
}

const SUMS = `
  SELECT coalesce(sum(requests), 0) AS requests, coalesce(sum(input_tokens), 0) AS "inputTokens",
    coalesce(sum(output_tokens), 0) AS "outputTokens", coalesce(sum(cost_nano), 0) AS "costNano",
    coalesce(sum(unpriced), 0) AS unpriced
  FROM usage_daily_keys WHERE key_id = $1 AND day >= $2::date`
