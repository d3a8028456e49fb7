import type { Pool } from 'pg'
import type { AttemptRecord } from '../../core/attempt.ts'
import type { Usage } from '../../core/usage.ts'

/** Inserts records and adds those that were new to the day's sums, both or neither; a record that is there already changes nothing. Gives how many were new. */
export async function insertUsage(pool: Pool, records: readonly AttemptRecord[]): Promise<number> {
  const values = COLUMNS.map((column) => column.literal(records))
  const result = await pool.query<{ inserted: number }>(INSERT, values)
  return result.rows[0]?.inserted ?? 0
}

/** Makes the partitions of these UTC days (`2025-11-21`) where they are missing; safe while other processes do the same. */
export async function ensureUsageDays(pool: Pool, days: readonly string[]): Promise<void> {
  await pool.query('SELECT usage_partition_ensure(day) FROM unnest($1::date[]) AS day ORDER BY day', [days])
}

/** A column of the batch as one parameter: PostgreSQL's array text, which is cheaper to write than to let the driver make. */
interface Column {
  readonly name: string
  readonly type: string
  /** How the array's element becomes the column's value; the plain column when it is absent. */
  readonly as?: string
  readonly literal: (records: readonly AttemptRecord[]) => string
}

const numbers = (name: string, of: (record: AttemptRecord) => number | null): Column => ({
  name,
  type: 'bigint',
  literal: (records) => {
    let text = ''
    for (const record of records) text += `,${of(record) ?? 'NULL'}`
    return `{${text.slice(1)}}`
  },
})

const tokens = (name: string, kind: keyof Usage): Column =>
  numbers(name, (record) => (record.usage === null ? null : record.usage[kind]))

const texts = (name: string, of: (record: AttemptRecord) => string | null): Column => ({
  name,
  type: 'text',
  literal: (records) => {
    let text = ''
    for (const record of records) {
      const value = of(record)
      text += value === null ? ',NULL' : `,"${plain(value)}"`
    }
    return `{${text.slice(1)}}`
  },
})

const flags = (name: string, of: (record: AttemptRecord) => boolean): Column => ({
  name,
  type: 'boolean',
  literal: (records) => `{${records.map((record) => (of(record) ? 't' : 'f')).join()}}`,
})

/** PostgreSQL keeps no NUL in text; quotes and backslashes are escaped as array elements ask. */
const plain = (text: string): string =>
  SPECIAL.test(text) ? text.replaceAll('\0', '\u{fffd}').replace(/["\\]/g, '\\$&') : text
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what must be found
const SPECIAL = /["\\\0]/

const COLUMNS: readonly Column[] = [
  { ...numbers('at', (record) => record.at), as: 'to_timestamp(at / 1000.0)' },
  { ...texts('id', (record) => record.id), type: 'uuid' },
  numbers('cost_nano', (record) => record.costNano),
  numbers('input_estimate_tokens', (record) => record.inputEstimate),
  tokens('input_tokens', 'input'),
  tokens('cache_read_tokens', 'cacheRead'),
  tokens('cache_write_5m_tokens', 'cacheWrite5m'),
  tokens('cache_write_1h_tokens', 'cacheWrite1h'),
  tokens('cache_write_other_tokens', 'cacheWriteOther'),
  tokens('input_audio_tokens', 'inputAudio'),
  tokens('input_image_tokens', 'inputImage'),
  tokens('output_tokens', 'output'),
  tokens('reasoning_tokens', 'reasoning'),
  tokens('output_audio_tokens', 'outputAudio'),
  tokens('output_image_tokens', 'outputImage'),
  tokens('searches', 'searches'),
  numbers('queue_us', (record) => record.queueUs),
  numbers('gateway_us', (record) => record.gatewayUs),
  numbers('first_byte_us', (record) => record.firstByteUs),
  numbers('total_us', (record) => record.totalUs),
  numbers('attempt', (record) => record.attempt),
  numbers('http_status', (record) => record.httpStatus),
  flags('stream', (record) => record.stream),
  flags('priced', (record) => record.pricing === 'known'),
  texts('request_id', (record) => record.requestId),
  texts('key_id', (record) => record.keyId),
  texts('operation', (record) => record.operation),
  texts('provider', (record) => record.provider),
  texts('model_asked', (record) => record.modelAsked),
  texts('model_sent', (record) => record.modelSent),
  texts('model_answered', (record) => record.modelAnswered),
  texts('status', (record) => record.status),
  texts('reason', (record) => record.reason),
  texts('usage_source', (record) => record.usageSource),
  texts('service_tier', (record) => record.serviceTier),
  texts('price_version', (record) => record.priceVersion),
]

const names = COLUMNS.map((column) => column.name).join(', ')

/** What is added up for a day, from the rows that were really inserted. */
const SUMS: { readonly [column: string]: string } = {
  requests: 'count(*) FILTER (WHERE attempt = 1)',
  attempts: 'count(*)',
  complete: "count(*) FILTER (WHERE status = 'complete')",
  partial: "count(*) FILTER (WHERE status = 'partial')",
  canceled: "count(*) FILTER (WHERE status = 'canceled')",
  failed: "count(*) FILTER (WHERE status = 'failed')",
  interrupted: "count(*) FILTER (WHERE status = 'interrupted')",
  unpriced: 'count(*) FILTER (WHERE cost_nano IS NULL)',
  unknown_usage: 'count(*) FILTER (WHERE input_tokens IS NULL)',
  input_tokens: `coalesce(sum(input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens
    + cache_write_other_tokens + input_audio_tokens::numeric + input_image_tokens), 0)`,
  cache_read_tokens: 'coalesce(sum(cache_read_tokens), 0)',
  cache_write_tokens:
    'coalesce(sum(cache_write_5m_tokens + cache_write_1h_tokens + cache_write_other_tokens::numeric), 0)',
  output_tokens:
    'coalesce(sum(output_tokens + reasoning_tokens + output_audio_tokens + output_image_tokens::numeric), 0)',
  reasoning_tokens: 'coalesce(sum(reasoning_tokens), 0)',
  searches: 'coalesce(sum(searches), 0)',
  cost_nano: 'coalesce(sum(cost_nano), 0)',
}
const sums = Object.keys(SUMS)

/** The sums' rows are taken in order of their key, so that two processes never wait for each other in a circle. */
const INSERT = `
WITH incoming AS (
  SELECT * FROM unnest(${COLUMNS.map((column, index) => `$${index + 1}::${column.type}[]`).join(', ')}) AS batch (${names})
), inserted AS (
  INSERT INTO usage (${names})
  SELECT ${COLUMNS.map((column) => column.as ?? column.name).join(', ')} FROM incoming
  ON CONFLICT (at, id) DO NOTHING
  RETURNING *
), counted AS (
  INSERT INTO usage_daily AS total (day, key_id, provider, model, ${sums.join(', ')})
  SELECT (at AT TIME ZONE 'UTC')::date, key_id, provider, model_sent, ${Object.values(SUMS).join(', ')}
  FROM inserted GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (day, key_id, provider, model) DO UPDATE
  SET ${sums.map((column) => `${column} = total.${column} + excluded.${column}`).join(', ')}
)
SELECT count(*)::integer AS inserted FROM inserted`
