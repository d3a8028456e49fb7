import { type Kysely, sql as raw } from 'kysely'
import type { AttemptRecord, AttemptStatus } from '../../core/attempt.ts'
import type { WireId } from '../../core/chat.ts'
import { Fault } from '../../core/fault.ts'
import type { Reach } from '../../core/rights.ts'
import type { Operation } from '../../core/operation.ts'
import type { UsageSource } from '../../core/usage.ts'
import type { Database } from './tables.ts'

/** One row for each attempt. Whole numbers come as BigInt where a double would round them. */
export interface UsageTable {
  readonly at: Date
  readonly id: string
  readonly cost_nano: Whole | null
  readonly input_estimate_tokens: Whole
  readonly input_tokens: Whole | null
  readonly cache_read_tokens: Whole | null
  readonly cache_write_5m_tokens: Whole | null
  readonly cache_write_1h_tokens: Whole | null
  readonly cache_write_other_tokens: Whole | null
  readonly input_audio_tokens: Whole | null
  readonly input_image_tokens: Whole | null
  readonly output_tokens: Whole | null
  readonly reasoning_tokens: Whole | null
  readonly output_audio_tokens: Whole | null
  readonly output_image_tokens: Whole | null
  readonly searches: Whole | null
  readonly queue_us: Whole
  readonly gateway_us: Whole
  readonly first_byte_us: Whole | null
  readonly total_us: Whole
  readonly attempt: number
  readonly http_status: number | null
  readonly stream: boolean
  readonly priced: boolean
  readonly request_id: string
  readonly key_id: string
  readonly operation: Operation
  readonly provider: string
  readonly model_asked: string
  readonly model_sent: string
  readonly model_answered: string | null
  readonly status: AttemptStatus
  readonly reason: string | null
  readonly usage_source: UsageSource | null
  readonly service_tier: string | null
  readonly price_version: string | null
  readonly wire: WireId | null
  readonly vendor_wire: WireId | null
  readonly losses: string | null
  readonly reply_id: string | null
  readonly organisation_id: string
  readonly team_id: string | null
  readonly project_id: string | null
  readonly user_id: string | null
}

/** Sums of a UTC day; the migration says what each one means. */
export interface UsageDailyTable extends UsageSums {
  /** `2025-11-21` when it is compared; what comes out depends on the driver, so select its text. */
  readonly day: string
  readonly key_id: string
  readonly provider: string
  readonly model: string
  readonly organisation_id: string
  /** Empty where there is none. */
  readonly team_id: string
  readonly project_id: string
  readonly user_id: string
}

type UsageSums = { readonly [sum in (typeof SUMS)[number]]: Whole }
type Whole = number | bigint

const SUMS = [
  'requests',
  'attempts',
  'complete',
  'partial',
  'canceled',
  'failed',
  'interrupted',
  'unpriced',
  'unknown_usage',
  'input_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'searches',
  'cost_nano',
] as const

/** What totals can be given by. */
export type UsageGrouping = 'key' | 'model' | 'provider' | 'day'

export interface UsageTotalsQuery {
  readonly by: UsageGrouping
  /** UTC days, `2025-11-21`; both are part of the window. */
  readonly fromDay: string
  readonly toDay: string
  /** At most 500. */
  readonly limit: number
  readonly reach: Reach
}

/** What was used by one key, model, provider or day. */
export type UsageTotal = { readonly group: string } & { readonly [sum in (typeof SUMS)[number]]: number }

/** The dearest first, or the newest day first. `more` says that the limit left some out. */
export async function usageTotals(
  sql: Kysely<Database>,
  { by, fromDay, toDay, limit, reach }: UsageTotalsQuery,
): Promise<{ readonly totals: readonly UsageTotal[]; readonly more: boolean }> {
  const rowsMax = Math.min(limit, ROWS_MAX)
  const group = GROUPS[by]
  const rows = await sql
    .selectFrom('usage_daily')
    .select(group.as('group'))
    .select((eb) => SUMS.map((sum) => eb.fn.sum<Whole>(sum).as(sum)))
    .where(raw<boolean>`day between ${fromDay}::date and ${toDay}::date`)
    .where(within(reach))
    .groupBy(group)
    .orderBy(by === 'day' ? raw`1` : raw`sum(cost_nano)`, 'desc')
    .orderBy(raw`1`)
    .limit(rowsMax + 1)
    .execute()
  return { totals: rows.slice(0, rowsMax).map((row) => numbersOf(row)), more: rows.length > rowsMax }
}

export interface UsageRecordsQuery {
  readonly keyId?: string | undefined
  readonly provider?: string | undefined
  /** As it was sent to the provider. */
  readonly model?: string | undefined
  /** As the client wrote it. */
  readonly modelAsked?: string | undefined
  readonly status?: AttemptStatus | undefined
  /** At most 500. */
  readonly limit: number
  /** Where the page before ended, as it said. */
  readonly cursor?: string | undefined
  readonly reach: Reach
}

/** Attempts, newest first. `next` is the cursor of the next page, or `null` on the last one. */
export async function usageRecords(
  sql: Kysely<Database>,
  { keyId, provider, model, modelAsked, status, limit, cursor, reach }: UsageRecordsQuery,
): Promise<{ readonly records: readonly AttemptRecord[]; readonly next: string | null }> {
  const rowsMax = Math.min(limit, ROWS_MAX)
  let query = sql
    .selectFrom('usage')
    .selectAll()
    .where(within(reach))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(rowsMax + 1)
  if (keyId !== undefined) query = query.where('key_id', '=', keyId)
  if (provider !== undefined) query = query.where('provider', '=', provider)
  if (model !== undefined) query = query.where('model_sent', '=', model)
  if (modelAsked !== undefined) query = query.where('model_asked', '=', modelAsked)
  // Written into the text, so that the planner sees that the index of what did not complete fits.
  if (status !== undefined) query = query.where('status', '=', raw.lit(status))
  if (cursor !== undefined) {
    const { at, id } = readCursor(cursor)
    // The first condition alone lets PostgreSQL leave out the days after it.
    query = query.where('at', '<=', at).where(raw<boolean>`(at, id) < (${at}, ${id}::uuid)`)
  }
  const records = (await query.execute()).map(recordOf)
  const last = records.length > rowsMax ? records[rowsMax - 1] : undefined
  return { records: records.slice(0, rowsMax), next: last === undefined ? null : writeCursor(last) }
}

/** What was used by those keys that are within reach; both tables name their columns alike. */
const within = (reach: Reach) =>
  reach.kind === 'all'
    ? raw<boolean>`true`
    : raw<boolean>`(team_id = any(${[...reach.teams]}) or project_id = any(${[...reach.projects]}) or user_id = ${reach.userId})`

const ROWS_MAX = 500

const GROUPS = {
  key: raw<string>`key_id`,
  model: raw<string>`model`,
  provider: raw<string>`provider`,
  day: raw<string>`to_char(day, 'YYYY-MM-DD')`,
}

const numbersOf = (row: UsageSums & { readonly group: string }): UsageTotal => ({
  group: row.group,
  requests: Number(row.requests),
  attempts: Number(row.attempts),
  complete: Number(row.complete),
  partial: Number(row.partial),
  canceled: Number(row.canceled),
  failed: Number(row.failed),
  interrupted: Number(row.interrupted),
  unpriced: Number(row.unpriced),
  unknown_usage: Number(row.unknown_usage),
  input_tokens: Number(row.input_tokens),
  cache_read_tokens: Number(row.cache_read_tokens),
  cache_write_tokens: Number(row.cache_write_tokens),
  output_tokens: Number(row.output_tokens),
  reasoning_tokens: Number(row.reasoning_tokens),
  searches: Number(row.searches),
  cost_nano: Number(row.cost_nano),
})

const recordOf = (row: UsageTable): AttemptRecord => ({
  id: row.id,
  requestId: row.request_id,
  attempt: row.attempt,
  at: row.at.getTime(),
  keyId: row.key_id,
  owner: {
    organisationId: row.organisation_id,
    teamId: row.team_id,
    projectId: row.project_id,
    userId: row.user_id,
  },
  operation: row.operation,
  stream: row.stream,
  modelAsked: row.model_asked,
  provider: row.provider,
  modelSent: row.model_sent,
  // The model that was sent is left out of it.
  priceVersion: row.price_version?.replace(/^([^/]+\/)@/, (_, kind: string) => `${kind}${row.model_sent}@`) ?? null,
  inputEstimate: Number(row.input_estimate_tokens),
  status: row.status,
  reason: row.reason,
  httpStatus: row.http_status,
  modelAnswered: row.model_answered,
  usage: row.input_tokens === null ? null : usageOf(row),
  usageSource: row.usage_source,
  serviceTier: row.service_tier,
  wire: row.wire,
  vendorWire: row.vendor_wire ?? row.wire,
  losses: row.losses,
  replyId: row.reply_id,
  costNano: row.cost_nano === null ? null : Number(row.cost_nano),
  pricing: row.priced ? 'known' : 'unknown',
  queueUs: Number(row.queue_us),
  gatewayUs: Number(row.gateway_us),
  firstByteUs: row.first_byte_us === null ? null : Number(row.first_byte_us),
  totalUs: Number(row.total_us),
})

/** The kinds of tokens are known together or not at all; a rare one that is null is none. */
const usageOf = (row: UsageTable) => ({
  input: Number(row.input_tokens),
  cacheRead: Number(row.cache_read_tokens),
  cacheWrite5m: Number(row.cache_write_5m_tokens),
  cacheWrite1h: Number(row.cache_write_1h_tokens),
  cacheWriteOther: Number(row.cache_write_other_tokens),
  inputAudio: Number(row.input_audio_tokens),
  inputImage: Number(row.input_image_tokens),
  output: Number(row.output_tokens),
  reasoning: Number(row.reasoning_tokens),
  outputAudio: Number(row.output_audio_tokens),
  outputImage: Number(row.output_image_tokens),
  searches: Number(row.searches),
})

const writeCursor = ({ at, id }: AttemptRecord): string => Buffer.from(`${at}.${id}`).toString('base64url')

function readCursor(cursor: string): { readonly at: Date; readonly id: string } {
  const [, at, id] =
    /^(\d{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(Buffer.from(cursor, 'base64url').toString()) ??
    []
  if (at === undefined || id === undefined)
    throw new Fault('bad_request', 'This cursor was not given by this list', { field: 'cursor' })
  return { at: new Date(Number(at)), id }
}
