import type { KeyRecord } from '../../core/key-record.ts'
import { type Meter, openMeter } from '../../core/limits/meter.ts'
import { ruleOf } from '../../core/limits/stored-limit.ts'
import type { Clock, Log } from '../../core/world.ts'
import { type AllowanceRow, readAllowances } from '../store/allowances.sql.ts'
import { follow } from './followed.ts'
import type { Sql } from './sql.ts'
import { subjectOf, subjectsOf } from './subjects.ts'

/** What counts for a request: the meter, and for which models. */
export interface Allowance {
  readonly meter: Meter
  /** Patterns, or `null` for every model. */
  readonly models: readonly string[] | null
}

/**
 * Every limit in memory, and what it has counted in this process. It answers at once, also while the database is away: then by the limits that it knew
 * last. A change comes by notification within milliseconds, and by a look every ten seconds where one got lost.
 */
export interface Allowances {
  /** Those that count for this key, on every level of its tenancy. The same list as long as nothing changes. */
  of(key: KeyRecord): readonly Allowance[]
  /** Looks now; resolves when what was committed before the call is in force here, rejects when the database does not answer. */
  refresh(): Promise<void>
  close(): void
}

export interface AllowancesOptions {
  readonly clock: Clock
  readonly log: Log
  /** Pause between two looks when nothing is told (milliseconds). */
  readonly pollMs?: number
}

/** Reads all limits once, then follows. Rejects when the first reading fails: nobody is served without the limits that bind them. */
export async function openAllowances(
  sql: Pick<Sql, 'control' | 'listen'>,
  { clock, log, pollMs }: AllowancesOptions,
): Promise<Allowances> {
  const now: State = { bySubject: new Map(), meters: new Map(), compiled: new WeakMap() }
  const followed = await follow(sql, {
    channel: 'sekisho_allowances',
    what: 'the limits',
    log,
    pollMs,
    look: async () => take(now, await readAllowances(sql.control), clock.monotonic()),
  })
  return { of: (key) => allowancesOf(now, key), refresh: followed.refresh, close: followed.close }
}

interface State {
  /** By their names: `subjectOf`. */
  bySubject: ReadonlyMap<string, readonly AllowanceRow[]>
  /** What each limit has counted for each subject: `limit subject`. */
  readonly meters: Map<string, Meter>
  /** Worked out once for each key, until something changes. */
  compiled: WeakMap<KeyRecord, readonly Allowance[]>
}

/** Takes over what was read. Meters of limits that still hold go on counting; those of limits that are gone go with the last request that they hold. */
function take(now: State, rows: readonly AllowanceRow[], nowMs: number): void {
  now.bySubject = Map.groupBy(rows, subjectOf)
  now.compiled = new WeakMap()
  const living = new Map(rows.map((row) => [meterName(row), row]))
  for (const [name, meter] of now.meters) {
    const row = living.get(name)
    if (row === undefined || meter.idle(nowMs)) now.meters.delete(name)
    else now.meters.set(name, meter.setRule(ruleOf(row)))
  }
}

function allowancesOf(now: State, key: KeyRecord): readonly Allowance[] {
  const known = now.compiled.get(key)
  if (known !== undefined) return known
  const compiled = subjectsOf(key).flatMap((subject) =>
    (now.bySubject.get(subject) ?? []).map((row) => ({ meter: meterOf(now, row), models: row.models })),
  )
  now.compiled.set(key, compiled)
  return compiled
}

function meterOf(now: State, row: AllowanceRow): Meter {
  const name = meterName(row)
  const known = now.meters.get(name)
  if (known !== undefined) return known
  const meter = openMeter(ruleOf(row))
  now.meters.set(name, meter)
  return meter
}

const meterName = (row: AllowanceRow): string => `${row.id} ${subjectOf(row)}`
