import { type Kysely, type RawBuilder, sql as raw } from 'kysely'
import type { Reach } from '../../core/rights.ts'
import type { Database } from './tables.ts'
import { inOrganisation, inReachedPlaces, within } from './usage-reach.sql.ts'

/** Sums of a UTC day by all that they are told apart by; the migration says what each one means. */
export interface UsageDailyTable extends UsageDailyKeyTable, UsageDailyModelTable {}

/** The same without the provider and the model. */
export interface UsageDailyKeyTable extends UsageDay {
  readonly key_id: string
  readonly user_id: string
}

/** The same without the key and its owner. */
export interface UsageDailyModelTable extends UsageDay {
  readonly provider: string
  readonly model: string
}

interface UsageDay extends UsageSums {
  /** `2025-11-21` when it is compared; what comes out depends on the driver, so select its text. */
  readonly day: string
  readonly organisation_id: string
  /** Empty where there is none, as is a user. */
  readonly team_id: string
  readonly project_id: string
}

type UsageSums = { readonly [sum in (typeof SUMS)[number]]: number | bigint }

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
export type UsageGrouping = 'key' | 'model' | 'provider' | 'day' | 'project' | 'team' | 'user' | 'organisation'

export interface UsageTotalsQuery {
  readonly by: UsageGrouping
  /** UTC days, `2025-11-21`; both are part of the window. */
  readonly fromDay: string
  readonly toDay: string
  /** At most 500. */
  readonly limit: number
  /** `null` for all of them. */
  readonly organisation: string | null
  readonly reach: Reach
}

/** What was used by one key, model, provider, project, team, user or organisation, or on one day; the group is empty where there is none. */
export type UsageTotal = { readonly group: string } & { readonly [sum in (typeof SUMS)[number]]: number }

/**
 * The dearest first, or the newest day first. `more` says that the limit left some out. In its transaction the planner is told to hash: sums
 * grow faster than the statistics that it guesses their number from, and looping over what it takes for few rows took five times as long.
 */
export async function usageTotals(
  sql: Kysely<Database>,
  query: UsageTotalsQuery,
): Promise<{ readonly totals: readonly UsageTotal[]; readonly more: boolean }> {
  const { by } = query
  const rowsMax = Math.min(query.limit, ROWS_MAX)
  const column = raw.ref(GROUP_COLUMNS[by])
  const group = by === 'day' ? raw`to_char(day, 'YYYY-MM-DD')` : column
  const order = by === 'day' ? raw`1 desc` : raw`cost_nano desc, 1`
  const [from, limit] = [source(query), raw`limit ${rowsMax + 1}`]
  // Of many groups only the dearest are added up in full.
  const dearest = raw`select ${column}, sum(cost_nano) as cost_nano from ${from} group by 1 order by cost_nano desc, 1 ${limit}`
  const which = MANY.includes(by) ? raw`where ${column} in (select ${column} from (${dearest}) as dearest)` : raw``
  await raw`select set_config('work_mem', '32MB', true), set_config('enable_nestloop', 'off', true)`.execute(sql)
  const { rows } = await raw<UsageSums & { readonly group: string }>`
    select ${group} as "group", ${raw.join(SUMS.map((sum) => raw`sum(${raw.ref(sum)}) as ${raw.ref(sum)}`))}
    from ${from} ${which} group by 1 order by ${order} ${limit}
  `.execute(sql)
  return { totals: rows.slice(0, rowsMax).map((row) => numbersOf(row)), more: rows.length > rowsMax }
}

const ROWS_MAX = 500
const MANY: readonly UsageGrouping[] = ['key', 'user']

/**
 * The sums of the window that are within reach, from the smallest table that tells apart what is asked for and whose it is. A person's own
 * are few, so they come from where they can be found; the teams and projects that the person sees beside them stay with the smallest.
 */
function source({ by, fromDay, toDay, organisation, reach }: UsageTotalsQuery): RawBuilder<unknown> {
  const sums = raw.join([GROUP_COLUMNS[by], ...SUMS].map((column) => raw.ref(column)))
  const rows = (table: SumsTable, condition: RawBuilder<boolean>) =>
    raw`select ${sums} from ${raw.table(table)} where day between ${fromDay}::date and ${toDay}::date and ${condition}`
  const { all, own } = TABLES[by]
  if (reach.kind === 'all' || reach.userId === null || all === own)
    return raw`(${rows(all, within(organisation, reach))}) as sums`
  const places = inReachedPlaces(reach)
  const ofOthers = rows(all, raw<boolean>`${inOrganisation(organisation)} and ${places}`)
  const ofPerson = rows(
    own,
    raw<boolean>`${inOrganisation(organisation)} and user_id = ${reach.userId} and not ${places}`,
  )
  return raw`(${ofOthers} union all ${ofPerson}) as sums`
}

type SumsTable = 'usage_daily' | 'usage_daily_keys' | 'usage_daily_models'

/** What is read for everybody, and for what belongs to one person. */
const TABLES: { readonly [by in UsageGrouping]: { readonly all: SumsTable; readonly own: SumsTable } } = {
  key: { all: 'usage_daily_keys', own: 'usage_daily_keys' },
  user: { all: 'usage_daily_keys', own: 'usage_daily_keys' },
  model: { all: 'usage_daily_models', own: 'usage_daily' },
  provider: { all: 'usage_daily_models', own: 'usage_daily' },
  day: { all: 'usage_daily_models', own: 'usage_daily' },
  project: { all: 'usage_daily_models', own: 'usage_daily' },
  team: { all: 'usage_daily_models', own: 'usage_daily' },
  organisation: { all: 'usage_daily_models', own: 'usage_daily' },
}

/** The column of each, in all tables of sums that have it. */
export const GROUP_COLUMNS: { readonly [by in UsageGrouping]: string } = {
  key: 'key_id',
  model: 'model',
  provider: 'provider',
  day: 'day',
  project: 'project_id',
  team: 'team_id',
  user: 'user_id',
  organisation: 'organisation_id',
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
