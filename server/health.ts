import type { Clock } from '../core/world.ts'
import type { ConfigState } from './config/watch.ts'
import type { Degradation, HealthPart } from './health-parts.ts'
import type { RunningLedger } from './world/ledger.ts'
import type { EmbeddedPostgres } from './world/postgres-embedded.ts'
import type { Sql } from './world/sql.ts'

export interface Watched {
  readonly sql: Pick<Sql, 'up'>
  readonly postgres: Pick<EmbeddedPostgres, 'state'> | undefined
  readonly ledger: Pick<RunningLedger, 'status'>
  readonly config: { readonly state: () => ConfigState; readonly pricesBroken: () => boolean }
  /** Whether this process began with the last good configuration instead of the operator's file. */
  readonly startedOnLastGood: boolean
  readonly clock: Clock
}

/** Everything that can be away while inference goes on (reliability 4.1): degraded is always visible. */
export function healthParts({
  sql,
  postgres,
  ledger,
  config,
  startedOnLastGood,
  clock,
}: Watched): readonly HealthPart[] {
  const database = (): Degradation | undefined =>
    sql.up() && postgres?.state() !== 'restarting' ? undefined : 'database_away'
  const journal = (): Degradation | undefined => {
    const { state, behindBytes } = ledger.status()
    if (state !== 'ok') return 'journal_full'
    return behindBytes > BEHIND_BYTES_MAX ? 'journal_behind' : undefined
  }
  // Once the file was good, a file that is refused later is one that was changed.
  const start = { onLastGood: startedOnLastGood }
  const rejected = (): Degradation | undefined => {
    if (config.state().rejected === null) {
      start.onLastGood = false
      return undefined
    }
    return start.onLastGood ? 'config_last_good' : 'config_rejected'
  }
  const prices = (): Degradation | undefined => (config.pricesBroken() ? 'prices_broken' : undefined)
  return [database, journal, rejected, prices].map((look) => sinceWhen(look, clock))
}

/** What a database that answers has caught up with in seconds. */
const BEHIND_BYTES_MAX = 67_108_864

/** Remembers when a state began, as far as anybody looked. */
function sinceWhen(look: () => Degradation | undefined, clock: Clock): HealthPart {
  const last: { reason: Degradation | undefined; since: number } = { reason: undefined, since: 0 }
  return () => {
    const reason = look()
    if (reason !== last.reason) Object.assign(last, { reason, since: clock.now() })
    return reason === undefined ? undefined : { reason, since: last.since }
  }
}
