import { type Kysely, type RawBuilder, type Selectable, sql as raw } from 'kysely'
import type { AttemptRecord } from '../../core/attempt.ts'
import type { Reach } from '../../core/rights.ts'
import type { Database } from './tables.ts'
import { DAILY, SUMS } from './usage-insert.sql.ts'
import { within } from './usage-reach.sql.ts'
import { recordOf, type UsageTable } from './usage.sql.ts'
import { GROUP_COLUMNS, type UsageGrouping } from './usage-totals.sql.ts'

export interface UsageExportQuery {
  /** Days where clocks show `timeZone`, `2025-11-21`; both are part of the window. */
  readonly fromDay: string
  readonly toDay: string
  /** As PostgreSQL knows it: `Europe/Berlin`. */
  readonly timeZone: string
  /** `null` for all of them. */
  readonly organisation: string | null
  readonly reach: Reach
}

/** Sums of what shares these groups; numbers come as BigInt where a double would round them. */
export interface UsageCrossTabRow {
  readonly [column: string]: string | number | bigint
}

/** Every attempt of the window, oldest first, as many at a time as fit the memory. Needs a transaction, which stays open until the end. */
export async function* exportedRecords(
  sql: Kysely<Database>,
  query: UsageExportQuery,
): AsyncGenerator<readonly AttemptRecord[], void> {
  const rows = raw<Selectable<UsageTable>>`select * from usage where ${inWindow(query)} order by at, id`
  for await (const some of fetched(sql, rows)) yield some.map(recordOf)
}

/**
 * Sums by all of these together, in their order; each row has the columns of the groups and of the sums. Days in UTC come from the sums that are kept,
 * those of another time zone are added up from the attempts.
 */
export function exportedSums(
  sql: Kysely<Database>,
  { by, ...query }: UsageExportQuery & { readonly by: readonly UsageGrouping[] },
): AsyncGenerator<readonly UsageCrossTabRow[], void> {
  const places = raw.join(by.map((_, at) => raw.lit(at + 1)))
  const rows =
    query.timeZone === 'UTC'
      ? raw<UsageCrossTabRow>`
          select ${raw.join(by.map((group) => (group === 'day' ? raw`day::text as "day"` : raw.ref(GROUP_COLUMNS[group]))))},
            ${raw.join(Object.keys(SUMS).map((sum) => raw`sum(${raw.ref(sum)}) as ${raw.ref(sum)}`))}
          from ${raw.table(smallest(by, query.reach))}
          where day between ${query.fromDay}::date and ${query.toDay}::date and ${within(query.organisation, query.reach)}
          group by ${places} order by ${places}`
      : raw<UsageCrossTabRow>`
          select ${raw.join(by.map((group) => sideOf(group, query.timeZone)))},
            ${raw.join(Object.entries(SUMS).map(([sum, added]) => raw`${raw.raw(added)} as ${raw.ref(sum)}`))}
          from usage where ${inWindow(query)} group by ${places} order by ${places}`
  return fetched(sql, rows)
}

const inWindow = ({ fromDay, toDay, timeZone, organisation, reach }: UsageExportQuery) => raw<boolean>`
  at >= ${fromDay}::date::timestamp at time zone ${timeZone}
  and at < (${toDay}::date + 1)::timestamp at time zone ${timeZone} and ${within(organisation, reach)}`

/** The group of a row of the ledger, empty where there is none. */
function sideOf(group: UsageGrouping, timeZone: string): RawBuilder<unknown> {
  if (group === 'day') return raw`(at at time zone ${timeZone})::date::text as "day"`
  const column = GROUP_COLUMNS[group]
  return raw`${raw.raw(DAILY[column] ?? '')} as ${raw.ref(column)}`
}

/** The smallest table of sums that tells these apart, and whose they are. */
function smallest(by: readonly UsageGrouping[], reach: Reach): string {
  const ofPerson = reach.kind === 'part' && reach.userId !== null
  const needsKeys = ofPerson || by.includes('key') || by.includes('user')
  if (!needsKeys) return 'usage_daily_models'
  return by.includes('model') || by.includes('provider') ? 'usage_daily' : 'usage_daily_keys'
}

/** What a query finds, a thousand rows at a time: nobody holds the rest. */
async function* fetched<Row>(sql: Kysely<Database>, query: RawBuilder<Row>): AsyncGenerator<readonly Row[], void> {
  await raw`declare exported no scroll cursor for ${query}`.execute(sql)
  for (;;) {
    const { rows } = await raw<Row>`fetch 1000 from exported`.execute(sql)
    if (rows.length === 0) return
    yield rows
  }
}
