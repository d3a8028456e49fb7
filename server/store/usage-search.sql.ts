import { type Kysely, type Selectable, sql as raw } from 'kysely'
import type { AttemptStatus } from '../../core/attempt.ts'
import type { Reach } from '../../core/rights.ts'
import { codeOf } from '../world/error-code.ts'
import type { Database } from './tables.ts'
import { within } from './usage-reach.sql.ts'
import type { UsageTable } from './usage.sql.ts'

export interface UsageFilters {
  readonly keyId?: string | undefined
  readonly projectId?: string | undefined
  readonly provider?: string | undefined
  /** As it was sent to the provider. */
  readonly model?: string | undefined
  /** As the client wrote it. */
  readonly modelAsked?: string | undefined
  /** `incomplete`: whatever did not complete. */
  readonly status?: AttemptStatus | 'incomplete' | undefined
  /** `null` for all of them. */
  readonly organisation: string | null
  readonly reach: Reach
}

/** A place in the order of the list: what comes after it is older. Milliseconds since 1970. */
export interface UsagePlace {
  readonly at: number
  readonly id: string
}

/** How long a search may look (milliseconds), and how long at one piece of time; two seconds and half of one where nothing is said. */
export interface SearchLimits {
  readonly searchMsMax?: number
  readonly pieceMsMax?: number
}

export interface UsageSearch extends UsageFilters, SearchLimits {
  /** Milliseconds since 1970; it is part of the window. */
  readonly from: number
  readonly after: UsagePlace
  readonly rowsMax: number
}

/**
 * Looks for attempts newest first, piece by piece of time back from `after`, because the database cannot know how rare they are: what is
 * found is kept when the time is over. `searchedTo` is then the moment (milliseconds since 1970) back to which everything was looked at,
 * otherwise `null`. It needs a transaction, and leaves it with a statement limit.
 */
export async function searchUsage(
  sql: Kysely<Database>,
  { from, after, rowsMax, searchMsMax = SEARCH_MS_MAX, pieceMsMax = PIECE_MS_MAX, ...filters }: UsageSearch,
): Promise<{ readonly rows: readonly UsageRow[]; readonly searchedTo: number | null }> {
  const rows: UsageRow[] = []
  let place = after
  let stepMs = DAY_MS
  let leftMs = await timeLeft(sql, { searchMsMax, pieceMsMax })
  while (place.at >= from && rows.length < rowsMax) {
    if (leftMs <= 0) return { rows, searchedTo: place.at }
    const pieceFrom = Math.max(from, pieceStart(place.at, stepMs))
    const found = await lookAt(sql, { filters, from: pieceFrom, after: place, rowsMax: rowsMax - rows.length })
    if (found !== 'too slow') {
      rows.push(...found)
      if (pieceFrom === from) break
      place = { at: pieceFrom, id: FIRST_ID }
    }
    const before = leftMs
    leftMs = await timeLeft(sql, { searchMsMax, pieceMsMax })
    if (found === 'too slow') stepMs = Math.max(STEP_MS_MIN, Math.floor(stepMs / 8))
    else if (before - leftMs < pieceMsMax / 4) stepMs = Math.min(STEP_MS_MAX, stepMs * 2)
  }
  return { rows, searchedTo: null }
}

/** Nothing of this millisecond comes after it. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000'

type UsageRow = Selectable<UsageTable>

const SEARCH_MS_MAX = 2_000
const PIECE_MS_MAX = 500
const DAY_MS = 86_400_000
/** Further back the planning of so many days costs more than the questions that it saves. */
const STEP_MS_MAX = 8 * DAY_MS
const STEP_MS_MIN = 1_000

/** Long pieces begin with a day, because a day is a partition. */
function pieceStart(at: number, stepMs: number): number {
  return stepMs < DAY_MS ? at - stepMs : Math.floor((at - 1) / DAY_MS) * DAY_MS - (stepMs - DAY_MS)
}

/** What is left of the time for the search, by the database's clock, since its transaction began; sets what the next statement may take of it. */
async function timeLeft(
  sql: Kysely<Database>,
  { searchMsMax, pieceMsMax }: { readonly searchMsMax: number; readonly pieceMsMax: number },
): Promise<number> {
  const { rows } = await raw<{ left: number }>`
    select left_ms::double precision as "left",
      set_config('statement_timeout', greatest(1, least(${pieceMsMax}::integer, left_ms::integer))::text, true)
    from (select ${searchMsMax}::integer - extract(epoch from clock_timestamp() - now()) * 1000 as left_ms) as clock
  `.execute(sql)
  return rows[0]?.left ?? 0
}

interface Piece {
  readonly filters: UsageFilters
  readonly from: number
  readonly after: UsagePlace
  readonly rowsMax: number
}

/** A statement that is ended for its time takes back its savepoint and not the transaction. */
async function lookAt(
  sql: Kysely<Database>,
  { filters, from, after, rowsMax }: Piece,
): Promise<readonly UsageRow[] | 'too slow'> {
  let query = sql
    .selectFrom('usage')
    .selectAll()
    // The first two let PostgreSQL leave out the other days.
    .where('at', '>=', new Date(from))
    .where('at', '<=', new Date(after.at))
    .where(raw<boolean>`(at, id) < (${new Date(after.at)}, ${after.id}::uuid)`)
    .where(within(filters.organisation, filters.reach))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(rowsMax)
  const { keyId, projectId, provider, model, modelAsked, status } = filters
  if (keyId !== undefined) query = query.where('key_id', '=', keyId)
  if (projectId !== undefined) query = query.where('project_id', '=', projectId)
  if (provider !== undefined) query = query.where('provider', '=', provider)
  if (model !== undefined) query = query.where('model_sent', '=', model)
  if (modelAsked !== undefined) query = query.where('model_asked', '=', modelAsked)
  // Written into the text, so that the planner sees that the index of what did not complete fits.
  if (status === 'incomplete') query = query.where('status', '<>', raw.lit<AttemptStatus>('complete'))
  else if (status !== undefined) query = query.where('status', '=', raw.lit(status))
  await raw`savepoint piece`.execute(sql)
  try {
    const rows = await query.execute()
    await raw`release savepoint piece`.execute(sql)
    return rows
  } catch (error) {
    if (codeOf(error) !== QUERY_CANCELED) throw error
    await raw`rollback to savepoint piece`.execute(sql)
    return 'too slow'
  }
}

const QUERY_CANCELED = '57014'
