import pg from 'pg'
import type { AttemptRecord } from '../../core/attempt.ts'
import type { Usage } from '../../core/usage.ts'
import { exactNumbers } from '../../server/world/sql-values.ts'

const STATEMENT_MS_MAX = 10_000
const ROWS_MAX = 100_000

/** A record as it stands in the database: what the gateway's own reader would say is not asked. */
export type UsageRow = AttemptRecord

/** Reads the ledger from outside, oldest first: past the gateway, so that a test sees what is really there. */
export async function readUsageRows(connection: pg.ClientConfig): Promise<readonly UsageRow[]> {
  const client = new pg.Client({
    ...connection,
    types: exactNumbers,
    connectionTimeoutMillis: STATEMENT_MS_MAX,
    query_timeout: STATEMENT_MS_MAX,
  })
  // A server that is taken away says so on the query; the same word on the client would end the test's process.
  client.on('error', () => {})
  await client.connect()
  try {
    const { rows } = await client.query<Columns>(`SELECT * FROM usage ORDER BY at, id LIMIT ${ROWS_MAX}`)
    return rows.map(rowOf)
  } finally {
    await client.end()
  }
}

/** The columns as the driver gives them. */
interface Columns {
  readonly at: Date
  readonly id: string
  readonly cost_nano: number | null
  readonly input_estimate_tokens: number
  readonly input_tokens: number | null
  readonly cache_read_tokens: number
  readonly cache_write_5m_tokens: number | null
  readonly cache_write_1h_tokens: number | null
  readonly cache_write_other_tokens: number | null
  readonly input_audio_tokens: number | null
  readonly input_image_tokens: number | null
  readonly output_tokens: number
  readonly reasoning_tokens: number
  readonly output_audio_tokens: number | null
  readonly output_image_tokens: number | null
  readonly searches: number | null
  readonly queue_us: number
  readonly gateway_us: number
  readonly first_byte_us: number | null
  readonly total_us: number
  readonly attempt: number
  readonly http_status: number | null
  readonly stream: boolean
  readonly priced: boolean
  readonly request_id: string
  readonly key_id: string
  readonly operation: UsageRow['operation']
  readonly provider: string
  readonly model_asked: string
  readonly model_sent: string
  readonly model_answered: string | null
  readonly status: UsageRow['status']
  readonly reason: string | null
  readonly usage_source: UsageRow['usageSource']
  readonly service_tier: string | null
  readonly price_version: string | null
  readonly wire: UsageRow['wire']
  readonly vendor_wire: UsageRow['vendorWire']
  readonly losses: string | null
  readonly reply_id: string | null
  readonly organisation_id: string
  readonly team_id: string | null
  readonly project_id: string | null
  readonly user_id: string | null
}

const rowOf = (row: Columns): UsageRow => ({
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
  priceVersion: row.price_version?.replace('/@', () => `/${row.model_sent}@`) ?? null,
  inputEstimate: row.input_estimate_tokens,
  budgets: [],
  bookings: [],
  status: row.status,
  reason: row.reason,
  httpStatus: row.http_status,
  modelAnswered: row.model_answered,
  usage: usageOf(row),
  usageSource: row.usage_source,
  serviceTier: row.service_tier,
  wire: row.wire,
  vendorWire: row.vendor_wire ?? row.wire,
  losses: row.losses,
  replyId: row.reply_id,
  costNano: row.cost_nano,
  pricing: row.priced ? 'known' : 'unknown',
  queueUs: row.queue_us,
  gatewayUs: row.gateway_us,
  firstByteUs: row.first_byte_us,
  totalUs: row.total_us,
})

function usageOf(row: Columns): Usage | null {
  if (row.input_tokens === null) return null
  return {
    input: row.input_tokens,
    cacheRead: row.cache_read_tokens,
    cacheWrite5m: row.cache_write_5m_tokens ?? 0,
    cacheWrite1h: row.cache_write_1h_tokens ?? 0,
    cacheWriteOther: row.cache_write_other_tokens ?? 0,
    inputAudio: row.input_audio_tokens ?? 0,
    inputImage: row.input_image_tokens ?? 0,
    output: row.output_tokens,
    reasoning: row.reasoning_tokens,
    outputAudio: row.output_audio_tokens ?? 0,
    outputImage: row.output_image_tokens ?? 0,
    searches: row.searches ?? 0,
  }
}
