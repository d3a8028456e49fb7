import type { KeyRecord } from '../../core/key-record.ts'
import type { Owner } from '../../core/owner.ts'
import type { Clock, Keys, Log } from '../../core/world.ts'
import { changesFrom, type SecretRow, secretsChanged, secretsPage } from '../store/key-ring.sql.ts'
import { codeOf } from './error-code.ts'
import type { Sql } from './sql.ts'

/**
 * Every living key of the database in memory, by the hash of its secret. It answers at once, also while the database is away:
 * then with what it knew last. Changes come by notification within milliseconds, and by a look every two seconds where one got
 * lost, so that a revoked key is dead everywhere within five.
 */
export interface KeyRing extends Keys {
  /** Looks now; resolves when what was committed before the call is in force here, rejects when the database does not answer. */
  refresh(): Promise<void>
  /** Milliseconds since it was known to be what the database says: grows while the database is away. */
  ageMs(): number
  /** How many secrets it holds. */
  size(): number
  close(): void
}

export interface KeyRingOptions {
  readonly clock: Clock
  readonly log: Log
  /** Pause between two looks when nothing is told (milliseconds). */
  readonly pollMs?: number
}

/** Reads all keys once, then follows. Rejects when the first reading fails: without keys there is nobody to serve. */
export async function openKeyRing(
  sql: Pick<Sql, 'control' | 'listen'>,
  { clock, log, pollMs = 2_000 }: KeyRingOptions,
): Promise<KeyRing> {
  /** `whole` asks the next look to read everything; `since` is where a partial one begins; `next` is a look that has not begun yet. */
  const now: State = {
    secrets: new Map(),
    since: '0',
    whole: true,
    readAt: 0,
    failed: false,
    listened: false,
    current: Promise.resolve(),
    next: undefined,
  }

  const look = async () => {
    const startedAt = clock.monotonic()
    const { whole } = now
    now.whole = false
    try {
      const deadBefore = new Date(clock.now() - DEAD_KEPT_MS)
      const next = await changesFrom(sql.control)
      if (whole) now.secrets = await readAll(deadBefore)
      else add(now.secrets, await secretsChanged(sql.control, { since: now.since, deadBefore }))
      if (now.failed) log.info({ secrets: now.secrets.size }, 'the key ring follows the database again')
      Object.assign(now, { since: next, readAt: startedAt, failed: false })
    } catch (error) {
      if (!now.failed)
        log.warn({ code: codeOf(error) }, 'the key ring cannot be read; the keys known so far go on working')
      Object.assign(now, { whole: true, failed: true })
      throw error
    }
  }

  /** In pages, so that requests go on between them: a whole ring read at once holds up the loop. */
  const readAll = async (deadBefore: Date) => {
    const secrets = new Map<string, KeyRecord>()
    const limit = now.secrets.size === 0 ? FIRST_PAGE_ROWS : PAGE_ROWS
    for (let after: string | undefined = ''; after !== undefined; ) {
      const rows: readonly SecretRow[] = await secretsPage(sql.control, { after, limit, deadBefore })
      add(secrets, rows)
      after = rows.length < limit ? undefined : rows.at(-1)?.hash
    }
    return secrets
  }

  const add = (secrets: Map<string, KeyRecord>, rows: readonly SecretRow[]) => {
    for (const row of rows) secrets.set(row.hash, recordOf(row, now.secrets.get(row.hash)))
  }

  /** A look that has begun may miss what was just committed: callers share the next one. */
  const refresh = (): Promise<void> => {
    now.next ??= now.current.then(() => {
      now.next = undefined
      const running = look()
      now.current = running.catch(() => undefined)
      return running
    })
    return now.next
  }
  const follow = () => void refresh().catch(() => undefined)

  await refresh()
  const listening = sql.listen('sekisho_keys', {
    notified: follow,
    // The first time, what changed since the reading is enough; later it may be another database: it was restored, or moved.
    connected: () => {
      now.whole ||= now.listened
      now.listened = true
      follow()
    },
  })
  const timer = setInterval(follow, pollMs).unref()
  return {
    find: (hash) => now.secrets.get(hash),
    refresh,
    ageMs: () => clock.monotonic() - now.readAt,
    size: () => now.secrets.size,
    close: () => {
      clearInterval(timer)
      listening.stop()
    },
  }
}

interface State {
  secrets: Map<string, KeyRecord>
  since: string
  whole: boolean
  readAt: number
  failed: boolean
  listened: boolean
  current: Promise<void>
  next: Promise<void> | undefined
}

/** The record before when it still says the same: others hang what they worked out on its identity. */
function recordOf(row: SecretRow, before: KeyRecord | undefined): KeyRecord {
  const record: KeyRecord = {
    id: row.id,
    name: row.name,
    owner: {
      organisationId: row.organisation_id,
      teamId: row.team_id,
      projectId: row.project_id,
      userId: row.owner_user_id,
    },
    ownerMayUse: row.owner_may_use,
    models: frozen(row.models),
    deniedModels: Object.freeze(row.denied_models),
    operations: frozen(row.operations),
    routes: frozen(row.routes),
    ipRanges: frozen(row.ip_ranges),
    expiresAt: row.expires_at?.getTime() ?? null,
    revokedAt: row.revoked_at?.getTime() ?? null,
    lossy: row.lossy,
  }
  return before !== undefined && same(record, before) ? before : Object.freeze(record)
}

const same = (one: KeyRecord, other: KeyRecord): boolean =>
  one.id === other.id &&
  one.name === other.name &&
  one.expiresAt === other.expiresAt &&
  one.revokedAt === other.revokedAt &&
  one.lossy === other.lossy &&
  one.ownerMayUse === other.ownerMayUse &&
  sameOwner(one.owner, other.owner) &&
  sameList(one.models, other.models) &&
  sameList(one.deniedModels, other.deniedModels) &&
  sameList(one.operations, other.operations) &&
  sameList(one.routes, other.routes) &&
  sameList(one.ipRanges, other.ipRanges)

const sameList = (one: readonly string[] | null, other: readonly string[] | null): boolean =>
  one?.length === other?.length && (one ?? []).every((text, at) => text === other?.[at])

const frozen = <Word extends string>(list: Word[] | null): readonly Word[] | null =>
  list === null ? null : Object.freeze(list)

const sameOwner = (one: Owner, other: Owner): boolean =>
  one.organisationId === other.organisationId &&
  one.teamId === other.teamId &&
  one.projectId === other.projectId &&
  one.userId === other.userId

const PAGE_ROWS = 500
/** As long as the ring is empty nobody is served who could be held up. */
const FIRST_PAGE_ROWS = 20_000

/** A key that ended keeps its record this long, so that the log can say `revoked` or `expired` rather than `unknown`. */
const DEAD_KEPT_MS = 30 * 86_400_000
