import type { Kysely } from 'kysely'
import { usageList, usageTotals } from '../../core/admin/usage.ts'
import type { AttemptRecord } from '../../core/attempt.ts'
import { dollars } from '../../core/money.ts'
import { inputTokens, outputTokens } from '../../core/usage.ts'
import { keyNames } from '../store/keys.sql.ts'
import { namesIn } from '../store/names.sql.ts'
import type { Database } from '../store/tables.ts'
import { usageRecords } from '../store/usage.sql.ts'
import { type UsageGrouping, type UsageTotal, usageTotals as readTotals } from '../store/usage-totals.sql.ts'
import { served } from './served.ts'
import { usageExportAction } from './usage-export.ts'
import { daysOf, momentsOf } from './usage-window.ts'

export const usageActions = [
  usageExportAction,

  served(usageTotals, async ({ by, limit, ...window }, { sql, now, organisation, reach }) => {
    const { from, to } = daysOf(window, now)
    const { totals, more } = await readTotals(sql, { by, fromDay: from, toDay: to, limit, organisation, reach })
    const ids = totals.map(({ group }) => group).filter((id) => id !== '')
    const names = await namesOf(sql, by, ids)
    return { from, to, items: totals.map((total) => totalView(total, names.get(total.group) ?? null)), more }
  }),

  served(
    usageList,
    async ({ key, project, from, to, limit, cursor, ...filters }, { sql, now, organisation, reach }) => {
      const window = momentsOf({ from, to }, now)
      // What is another organisation's would be looked for in vain, through all of that one's rows.
      const foreign =
        organisation !== null &&
        ((key !== undefined && (await keyNames(sql, [key])).size === 0) ||
          (project !== undefined && (await namesIn(sql, 'projects', [project])).size === 0))
      if (foreign) return { items: [], next: null, searchedTo: null }
      const query = { ...filters, ...window, keyId: key, projectId: project, limit, cursor, organisation, reach }
      const { records, next, searchedTo } = await usageRecords(sql, query)
      return {
        items: records.map(recordView),
        next,
        searchedTo: searchedTo === null ? null : new Date(searchedTo).toISOString(),
      }
    },
  ),
]

/** What people call the groups; a model, a provider and a day have no other name. */
async function namesOf(
  sql: Kysely<Database>,
  by: UsageGrouping,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  switch (by) {
    case 'key':
      return keyNames(sql, ids)
    case 'project':
      return namesIn(sql, 'projects', ids)
    case 'team':
      return namesIn(sql, 'teams', ids)
    case 'user':
      return namesIn(sql, 'users', ids)
    case 'organisation':
      return namesIn(sql, 'organisations', ids)
    case 'model':
    case 'provider':
    case 'day':
      return new Map()
  }
}

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
