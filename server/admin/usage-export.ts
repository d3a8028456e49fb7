import { usageExport } from '../../core/admin/usage.ts'
import type { AttemptRecord } from '../../core/attempt.ts'
import { type Cell, csvLine } from '../../core/csv.ts'
import { Fault } from '../../core/fault.ts'
import { dollars } from '../../core/money.ts'
import { inputTokens, outputTokens } from '../../core/usage.ts'
import { exportedRecords, exportedSums, type UsageCrossTabRow } from '../store/usage-export.sql.ts'
import { GROUP_COLUMNS, type UsageGrouping } from '../store/usage-totals.sql.ts'
import { streamed } from './served.ts'
import { daysOf } from './usage-window.ts'

export const usageExportAction = streamed(usageExport, ({ format, by = [], timeZone, ...window }, context) => {
  checkTimeZone(timeZone)
  const { sql, organisation, reach, now } = context
  const { from, to } = daysOf(window, now)
  const query = { fromDay: from, toDay: to, timeZone, organisation, reach }
  const groups = [...new Set(by)]
  const lines =
    groups.length === 0
      ? mapped(exportedRecords(sql, query), recordLine)
      : mapped(exportedSums(sql, { ...query, by: groups }), (row) => sumsLine(row, groups))
  switch (format) {
    case 'ndjson':
      return { type: 'application/x-ndjson', pieces: written(lines, (line) => `${JSON.stringify(line)}\n`) }
    case 'csv': {
      const names = groups.length === 0 ? RECORD_NAMES : [...groups, ...SUM_NAMES]
      return { type: 'text/csv; charset=utf-8', pieces: table(names, lines) }
    }
  }
})

interface Line {
  readonly [name: string]: Cell
}

async function* mapped<Row>(
  batches: AsyncIterable<readonly Row[]>,
  line: (row: Row) => Line,
): AsyncGenerator<readonly Line[], void> {
  for await (const rows of batches) yield rows.map(line)
}

async function* written(
  batches: AsyncIterable<readonly Line[]>,
  text: (line: Line) => string,
): AsyncGenerator<string, void> {
  for await (const lines of batches) yield lines.map(text).join('')
}

/** The names stand on the first line also where nothing follows. */
async function* table(names: readonly string[], batches: AsyncIterable<readonly Line[]>): AsyncGenerator<string, void> {
  yield csvLine(names)
  yield* written(batches, (line) => csvLine(names.map((name) => line[name] ?? null)))
}

/** Looked up here and not in the database, which takes many a text for a time zone that is none. */
function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone }).format(0)
  } catch (cause) {
    throw new Fault('bad_request', 'timeZone: must be the name of a time zone, as Europe/Berlin', {
      cause,
      field: 'timeZone',
    })
  }
}

const sumsLine = (row: UsageCrossTabRow, by: readonly UsageGrouping[]): Line => ({
  ...Object.fromEntries(by.map((group) => [group, String(row[GROUP_COLUMNS[group]])])),
  requests: Number(row['requests']),
  attempts: Number(row['attempts']),
  complete: Number(row['complete']),
  partial: Number(row['partial']),
  canceled: Number(row['canceled']),
  failed: Number(row['failed']),
  interrupted: Number(row['interrupted']),
  inputTokens: Number(row['input_tokens']),
  cacheReadTokens: Number(row['cache_read_tokens']),
  cacheWriteTokens: Number(row['cache_write_tokens']),
  outputTokens: Number(row['output_tokens']),
  reasoningTokens: Number(row['reasoning_tokens']),
  searches: Number(row['searches']),
  costNano: Number(row['cost_nano']),
  cost: dollars(Number(row['cost_nano'])),
  unpriced: Number(row['unpriced']),
  unknownUsage: Number(row['unknown_usage']),
})

const SUM_NAMES = [
  'requests',
  'attempts',
  'complete',
  'partial',
  'canceled',
  'failed',
  'interrupted',
  'inputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'outputTokens',
  'reasoningTokens',
  'searches',
  'costNano',
  'cost',
  'unpriced',
  'unknownUsage',
]

const recordLine = ({ owner, usage, ...record }: AttemptRecord): Line => ({
  at: new Date(record.at).toISOString(),
  id: record.id,
  requestId: record.requestId,
  attempt: record.attempt,
  organisation: owner.organisationId,
  team: owner.teamId,
  project: owner.projectId,
  user: owner.userId,
  key: record.keyId,
  operation: record.operation,
  provider: record.provider,
  model: record.modelSent,
  modelAsked: record.modelAsked,
  modelAnswered: record.modelAnswered,
  stream: record.stream,
  status: record.status,
  reason: record.reason,
  httpStatus: record.httpStatus,
  inputTokens: usage === null ? null : inputTokens(usage),
  cacheReadTokens: usage?.cacheRead ?? null,
  cacheWriteTokens: usage === null ? null : usage.cacheWrite5m + usage.cacheWrite1h + usage.cacheWriteOther,
  outputTokens: usage === null ? null : outputTokens(usage),
  reasoningTokens: usage?.reasoning ?? null,
  searches: usage?.searches ?? null,
  usageSource: record.usageSource,
  costNano: record.costNano,
  cost: record.costNano === null ? null : dollars(record.costNano),
  serviceTier: record.serviceTier,
  priceVersion: record.priceVersion,
  wire: record.wire,
  vendorWire: record.vendorWire,
  losses: record.losses,
  queueUs: record.queueUs,
  gatewayUs: record.gatewayUs,
  firstByteUs: record.firstByteUs,
  totalUs: record.totalUs,
})

const RECORD_NAMES = [
  'at',
  'id',
  'requestId',
  'attempt',
  'organisation',
  'team',
  'project',
  'user',
  'key',
  'operation',
  'provider',
  'model',
  'modelAsked',
  'modelAnswered',
  'stream',
  'status',
  'reason',
  'httpStatus',
  'inputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'outputTokens',
  'reasoningTokens',
  'searches',
  'usageSource',
  'costNano',
  'cost',
  'serviceTier',
  'priceVersion',
  'wire',
  'vendorWire',
  'losses',
  'queueUs',
  'gatewayUs',
  'firstByteUs',
  'totalUs',
]
