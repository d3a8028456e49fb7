import { usageList, usageTotals } from '../../core/admin/usage.ts'
import type { AttemptRecord } from '../../core/attempt.ts'
import { Fault } from '../../core/fault.ts'
import { dollars } from '../../core/money.ts'
import { inputTokens, outputTokens } from '../../core/usage.ts'
import { keyNames } from '../store/keys.sql.ts'
import { usageRecords, type UsageTotal, usageTotals as readTotals } from '../store/usage.sql.ts'
import { served } from './served.ts'

export const usageActions = [
  served(usageTotals, async ({ by, limit, ...window }, { sql, now, reach }) => {
    const to = window.to ?? dayOf(now)
    const from = window.from ?? dayOf(new Date(Date.parse(to) - 29 * DAY_MS))
    if (from > to) throw new Fault('bad_request', 'from: must not be after to', { field: 'from' })
    const { totals, more } = await readTotals(sql, { by, fromDay: from, toDay: to, limit, reach })
    const names =
      by === 'key'
        ? await keyNames(
            sql,
            totals.map(({ group }) => group),
          )
        : new Map<string, string>()
    return { from, to, items: totals.map((total) => totalView(total, names.get(total.group) ?? null)), more }
  }),

  served(usageList, async ({ key, ...filters }, { sql, reach }) => {
    const { records, next } = await usageRecords(sql, { ...filters, keyId: key, reach })
    return { items: records.map(recordView), next }
  }),
]

const DAY_MS = 86_400_000

/** The UTC day. */
const dayOf = (moment: Date): string => moment.toISOString().slice(0, 10)

const totalView = (total: UsageTotal, name: string | null) => ({
  group: total.group,
  name,
  requests: total.requests,
  attempts: total.attempts,
  failed: total.failed,
  inputTokens: total.input_tokens,
  cacheReadTokens: total.cache_read_tokens,
  cacheWriteTokens: total.cache_write_tokens,
  outputTokens: total.output_tokens,
  reasoningTokens: total.reasoning_tokens,
  searches: total.searches,
  costNano: total.cost_nano,
  cost: dollars(total.cost_nano),
  unpriced: total.unpriced,
})

const recordView = (record: AttemptRecord) => ({
  ...record,
  at: new Date(record.at).toISOString(),
  model: record.modelSent,
  inputTokens: record.usage === null ? null : inputTokens(record.usage),
  outputTokens: record.usage === null ? null : outputTokens(record.usage),
  usage: record.usage === null ? null : { ...record.usage },
  cost: record.costNano === null ? null : dollars(record.costNano),
})
