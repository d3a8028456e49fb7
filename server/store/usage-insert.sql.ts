import type { Pool } from 'pg'
import type { AttemptRecord } from '../../core/attempt.ts'
import { DEFAULT_ORGANISATION } from '../../core/owner.ts'
import { OWNER_COLUMNS, SETTLE_COLUMNS, USAGE_COLUMNS, writeSettle } from '../world/journal-record.ts'

/**
 * Inserts ends as they stand in the journal and adds those that were new to the day's sums, both or neither; one that is there already
 * changes nothing. Gives how many were new. The text goes to PostgreSQL as it is, because taking it apart here costs more than all the
 * rest (2 to 3 of 5 microseconds a row).
 */
export async function insertSettled(pool: Pool, payloads: readonly string[]): Promise<number> {
  const isBooked = payloads.some((payload) => !payload.endsWith(NO_BOOKINGS))
  const result = await pool.query<{ inserted: number }>(isBooked ? INSERT_AND_BOOK : INSERT, [`[${payloads.join()}]`])
  return result.rows[0]?.inserted ?? 0
}

/** The same for records that never were in a journal. */
export const insertUsage = (pool: Pool, records: readonly AttemptRecord[]): Promise<number> =>
  insertSettled(pool, records.map(writeSettle))

/** Makes the partitions of these UTC days (`2025-11-21`) where they are missing; safe while other processes do the same. */
export async function ensureUsageDays(pool: Pool, days: readonly string[]): Promise<void> {
  await pool.query('SELECT usage_partition_ensure(day) FROM unnest($1::date[]) AS day ORDER BY day', [days])
}

/** The columns of the table, by where they stand in `payload`. */
const COLUMNS: { readonly [column: string]: string } = {
  at: `to_timestamp(${number('at')} / 1000.0)`,
  id: `(${text('id')})::uuid`,
  cost_nano: number('costNano'),
  input_estimate_tokens: number('inputEstimate'),
  input_tokens: tokens('input'),
  cache_read_tokens: tokens('cacheRead'),
  cache_write_5m_tokens: rare('cacheWrite5m'),
  cache_write_1h_tokens: rare('cacheWrite1h'),
  cache_write_other_tokens: rare('cacheWriteOther'),
  input_audio_tokens: rare('inputAudio'),
  input_image_tokens: rare('inputImage'),
  output_tokens: tokens('output'),
  reasoning_tokens: tokens('reasoning'),
  output_audio_tokens: rare('outputAudio'),
  output_image_tokens: rare('outputImage'),
  searches: rare('searches'),
  queue_us: number('queueUs'),
  gateway_us: number('gatewayUs'),
  first_byte_us: number('firstByteUs'),
  total_us: number('totalUs'),
  attempt: number('attempt'),
  http_status: number('httpStatus'),
  stream: `(${text('stream')})::boolean`,
  priced: `${text('pricing')} = 'known'`,
  request_id: text('requestId'),
  key_id: text('keyId'),
  operation: text('operation'),
  provider: text('provider'),
  model_asked: text('modelAsked'),
  model_sent: text('modelSent'),
  model_answered: text('modelAnswered'),
  status: text('status'),
  reason: text('reason'),
  usage_source: text('usageSource'),
  service_tier: text('serviceTier'),
  price_version: shortPriceVersion(),
  wire: text('wire'),
  vendor_wire: `nullif(${text('vendorWire')}, ${text('wire')})`,
  losses: text('losses'),
  reply_id: text('replyId'),
  // Records of a version before there were organisations do not say.
  organisation_id: `coalesce(${owner('organisationId')}, '${DEFAULT_ORGANISATION}')`,
  team_id: owner('teamId'),
  project_id: owner('projectId'),
  user_id: owner('userId'),
}

function text(column: (typeof SETTLE_COLUMNS)[number]): string {
  return `payload->>${SETTLE_COLUMNS.indexOf(column)}`
}

function number(column: (typeof SETTLE_COLUMNS)[number]): string {
  return `(${text(column)})::bigint`
}

function owner(column: (typeof OWNER_COLUMNS)[number]): string {
  return `payload->${SETTLE_COLUMNS.indexOf('owner')}->>${OWNER_COLUMNS.indexOf(column)}`
}

function tokens(kind: (typeof USAGE_COLUMNS)[number]): string {
  return `(payload->${SETTLE_COLUMNS.indexOf('usage')}->>${USAGE_COLUMNS.indexOf(kind)})::bigint`
}

/** The model is left out of `kind/model@day#hash` where it is the one that was sent, because the row says that already. */
function shortPriceVersion(): string {
  const [version, kind] = [text('priceVersion'), `split_part(${text('priceVersion')}, '/', 1)`]
  const known = `${kind} || '/' || (${text('modelSent')}) || '@'`
  return `CASE WHEN starts_with(${version}, ${known}) THEN ${kind} || '/@' || substr(${version}, length(${known}) + 1) ELSE ${version} END`
}

/** Most attempts have none of these. Null takes no space, where a zero takes eight bytes in every row. */
function rare(kind: (typeof USAGE_COLUMNS)[number]): string {
  return `nullif(${tokens(kind)}, 0)`
}

const names = Object.keys(COLUMNS).join(', ')

/** What is added up for a day, from the rows that were really inserted. */
export const SUMS: { readonly [column: string]: string } = {
  requests: 'count(*) FILTER (WHERE attempt = 1)',
  attempts: 'count(*)',
  complete: "count(*) FILTER (WHERE status = 'complete')",
  partial: "count(*) FILTER (WHERE status = 'partial')",
  canceled: "count(*) FILTER (WHERE status = 'canceled')",
  failed: "count(*) FILTER (WHERE status = 'failed')",
  interrupted: "count(*) FILTER (WHERE status = 'interrupted')",
  unpriced: 'count(*) FILTER (WHERE cost_nano IS NULL)',
  unknown_usage: 'count(*) FILTER (WHERE input_tokens IS NULL)',
  input_tokens: `coalesce(sum(${together('input_tokens', 'cache_read_tokens', 'cache_write_5m_tokens', 'cache_write_1h_tokens', 'cache_write_other_tokens', 'input_audio_tokens', 'input_image_tokens')}), 0)`,
  cache_read_tokens: 'coalesce(sum(cache_read_tokens), 0)',
  cache_write_tokens: `coalesce(sum(${together('cache_write_5m_tokens', 'cache_write_1h_tokens', 'cache_write_other_tokens')}), 0)`,
  output_tokens: `coalesce(sum(${together('output_tokens', 'reasoning_tokens', 'output_audio_tokens', 'output_image_tokens')}), 0)`,
  reasoning_tokens: 'coalesce(sum(reasoning_tokens), 0)',
  searches: 'coalesce(sum(searches), 0)',
  cost_nano: 'coalesce(sum(cost_nano), 0)',
}
const sums = Object.keys(SUMS)

/** Numeric, so that no absurd figure overflows on the way. */
function together(...columns: readonly string[]): string {
  return columns.map((column) => `coalesce(${column}, 0)::numeric`).join(' + ')
}

/** Whose and of what the sums of a day are. */
export const DAILY: { readonly [column: string]: string } = {
  organisation_id: 'organisation_id',
  day: "(at AT TIME ZONE 'UTC')::date",
  key_id: 'key_id',
  provider: 'provider',
  model: 'model_sent',
  team_id: "coalesce(team_id, '')",
  project_id: "coalesce(project_id, '')",
  user_id: "coalesce(user_id, '')",
}

/** The tables of sums, and what they do not tell apart. */
const SUM_TABLES: { readonly [table: string]: readonly string[] } = {
  usage_daily: [],
  usage_daily_keys: ['provider', 'model'],
  usage_daily_models: ['key_id', 'user_id'],
}

/**
 * A statement that does this `INSERT` into the ledger and adds what was really inserted to all sums. The sums' rows are taken in order of
 * their key, so that two processes never wait for each other in a circle.
 */
export const insertAndSum = (insert: string): string => `
WITH inserted AS (
  ${insert}
  RETURNING *
), ${Object.entries(SUM_TABLES)
  .map(([table, without]) => `in_${table} AS (${addTo(table, without)})`)
  .join()}
SELECT count(*)::integer AS inserted FROM inserted`

function addTo(table: string, without: readonly string[]): string {
  const key = Object.keys(DAILY).filter((column) => !without.includes(column))
  const places = key.map((_, at) => at + 1).join(', ')
  return `
  INSERT INTO ${table} AS total (${key.join(', ')}, ${sums.join(', ')})
  SELECT ${key.map((column) => DAILY[column]).join(', ')}, ${Object.values(SUMS).join(', ')}
  FROM inserted GROUP BY ${places} ORDER BY ${places}
  ON CONFLICT (${key.join(', ')}) DO UPDATE
  SET ${sums.map((column) => `${column} = total.${column} + excluded.${column}`).join(', ')}
`
}

const INSERT = insertAndSum(`INSERT INTO usage (${names})
  SELECT ${Object.values(COLUMNS).join(', ')} FROM jsonb_array_elements($1::jsonb) AS batch (payload)
  ON CONFLICT (at, id) DO NOTHING`)

/** How a payload ends that no budget paid for; also those of versions that knew no budgets, which end otherwise, are read right. */
const NO_BOOKINGS = ',[]]'

/**
 * The same, and what budgets paid for the rows that were really inserted is added to what is spent of them: once, also where an end stands twice in a batch,
 * which happens when a journal file is replaced whose last frames may not have reached the disk.
 */
const INSERT_AND_BOOK = INSERT.replace(
  'SELECT count(*)',
  `, booked AS (
  INSERT INTO budget_spend AS spend (budget_id, step_start, spent_nano)
  SELECT budgets.id, to_timestamp((booking->>1)::bigint / 1000.0), sum((booking->>2)::numeric)
  FROM (
    SELECT DISTINCT ON (${text('id')}) payload
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS batch (payload, place) ORDER BY ${text('id')}, place
  ) AS batch
  JOIN inserted ON inserted.id = (${text('id')})::uuid
  CROSS JOIN LATERAL jsonb_array_elements(coalesce(payload->${SETTLE_COLUMNS.indexOf('bookings')}, '[]'::jsonb)) AS booking
  JOIN budgets ON budgets.id = booking->>0
  GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (budget_id, step_start) DO UPDATE SET spent_nano = spend.spent_nano + excluded.spent_nano
)
SELECT count(*)`,
)
