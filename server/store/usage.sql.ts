import type { Kysely } from 'kysely'
import type { AttemptRecord, AttemptStatus } from '../../core/attempt.ts'
import type { WireId } from '../../core/chat.ts'
import { Fault } from '../../core/fault.ts'
import type { Operation } from '../../core/operation.ts'
import type { UsageSource } from '../../core/usage.ts'
import type { Database } from './tables.ts'
import { FIRST_ID, type SearchLimits, searchUsage, type UsageFilters, type UsagePlace } from './usage-search.sql.ts'

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

type Whole = number | bigint

export interface UsageRecordsQuery extends UsageFilters, SearchLimits {
  /** Milliseconds since 1970: the window from here to just before there. */
  readonly from: number
  readonly to: number
  /** At most 500. */
  readonly limit: number
  /** Where the page before ended, as it said. */
  readonly cursor?: string | undefined
}

export interface UsageRecords {
  readonly records: readonly AttemptRecord[]
  /** The cursor of the next page, or `null` on the last one. */
  readonly next: string | null
  /** Where the time for one page was over (milliseconds since 1970): everything back to it was looked at, and `next` goes on there. */
  readonly searchedTo: number | null
}

/** Attempts, newest first. Needs a transaction. */
export async function usageRecords(
  sql: Kysely<Database>,
  { from, to, limit, cursor, ...filters }: UsageRecordsQuery,
): Promise<UsageRecords> {
  const rowsMax = Math.min(limit, ROWS_MAX)
  const until = { at: to, id: FIRST_ID }
  const given = cursor === undefined ? until : readCursor(cursor)
  const after = given.at < to ? given : until
  const { rows, searchedTo } = await searchUsage(sql, { ...filters, from, after, rowsMax: rowsMax + 1 })
  const records = rows.slice(0, rowsMax).map(recordOf)
  const last = records.at(-1)
  if (rows.length > rowsMax && last !== undefined) return { records, next: writeCursor(last), searchedTo: null }
  return { records, next: searchedTo === null ? null : writeCursor({ at: searchedTo, id: FIRST_ID }), searchedTo }
}

const ROWS_MAX = 500

/** A row as the rest of the program knows it. */
export const recordOf = (row: UsageTable): AttemptRecord => ({
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
  // What budgets paid is in their own sums.
  budgets: [],
  bookings: [],
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

const writeCursor = ({ at, id }: UsagePlace): string => Buffer.from(`${at}.${id}`).toString('base64url')

function readCursor(cursor: string): UsagePlace {
  const [, at, id] =
    /^(\d{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(Buffer.from(cursor, 'base64url').toString()) ??
    []
  if (at === undefined || id === undefined)
    throw new Fault('bad_request', 'This cursor was not given by this list', { field: 'cursor' })
  return { at: Number(at), id }
}
