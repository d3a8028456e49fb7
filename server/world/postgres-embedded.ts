import { rmdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { Log } from '../../core/world.ts'
import { SERVER_ROLE } from '../store/server-role.ts'
import { type BinariesPackage, findBinaries, forgetOtherCopies, readyBinaries } from './postgres-binaries.ts'
import {
  addServer,
  type ClusterPlan,
  DATABASE,
  lacksServer,
  prepareCluster,
  ROLE,
  readPassword,
} from './postgres-data.ts'
import { takeLock } from './postgres-lock.ts'
import { keepLogSmall } from './postgres-log.ts'
import { type Place, placeFor, socketFolder } from './postgres-place.ts'
import {
  findPostmaster,
  type Postmaster,
  type PostmasterPlan,
  ready,
  runsFrom,
  startPostmaster,
  stopPostmaster,
} from './postgres-postmaster.ts'
import { PostgresRefused } from './postgres-refused.ts'
import { clientSettings, type SqlConnection } from './sql-connection.ts'

/** The PostgreSQL that the gateway brings along, running. */
export interface EmbeddedPostgres {
  /** As the role that serves. */
  readonly connection: SqlConnection
  /** As the role that owns the tables, for migrations. */
  readonly owner: SqlConnection
  /** It was still running, left by a gateway that was killed. */
  readonly adopted: boolean
  /** What the operator must be told once, in one line; `null` when there is nothing unusual. */
  readonly note: string | null
  /** `restarting`: it ended by itself and is being brought back. */
  state(): 'running' | 'restarting' | 'stopped'
  /** The server process, while there is one. */
  pid(): number | undefined
  /** Ends it cleanly, within half a minute at most, and gives the data folder free. Calling it again waits for the same end. */
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  /** The gateway's data folder; made when it is not there. The database is in `postgres` below it. */
  readonly dataDir: string
  readonly log: Log
  /** Gives up starting. */
  readonly signal?: AbortSignal | undefined
  /** Where the programs come from: the npm package unless said otherwise. */
  readonly binaries?: BinariesPackage
  /** Where root puts what the unprivileged user cannot reach in the data folder or the program's own. */
  readonly systemDir?: string
}

/**
 * Starts PostgreSQL on the data folder, or takes over the one that still runs there, and keeps it running until `stop`.
 * Throws PostgresRefused, with a message for the operator, when the folder is used by another gateway or is not fit.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { log, signal } = options
  const dataDir = resolve(options.dataDir)
  const source = options.binaries ?? (await findBinaries())
  const place = await placeFor(dataDir, options.systemDir ?? '/var/lib/sekisho')
  const lock = await takeLock({ path: join(place.home, 'postgres.lock'), what: `The data folder ${dataDir}`, signal })
  try {
    const binaries = await readyBinaries({ source, account: place.account, home: place.home })
    const cluster: ClusterPlan = { cluster: place.cluster, binaries, account: place.account, sync: 'yes', signal }
    await prepareCluster(cluster)
    if (await lacksServer(place.cluster)) {
      const left = await findPostmaster(place.cluster)
      if (left !== undefined) await stopPostmaster(left.pid)
      await addServer(cluster)
    }
    const plan: PostmasterPlan = {
      binaries,
      account: place.account,
      cluster: place.cluster,
      socketFolder: await socketFolder(place),
      logPath: join(place.home, 'postgres.log'),
      group: 'own',
    }
    const as = async (user: typeof ROLE | typeof SERVER_ROLE): Promise<SqlConnection> => ({
      host: plan.socketFolder,
      database: DATABASE,
      user,
      password: await readPassword(place.cluster, user),
    })
    const [connection, owner] = [await as(SERVER_ROLE), await as(ROLE)]
    const found = await adopt({ plan, connection, log, signal })
    const postmaster = found ?? (await startPatiently({ ...plan, signal }))
    await forgetOtherCopies(place.home, binaries)
    const supervised = supervise({ plan, first: postmaster, log })
    const logFile = keepLogSmall(plan.logPath)
    return {
      connection,
      owner,
      adopted: found !== undefined,
      note: noteOf({ dataDir, place, binaries }),
      state: supervised.state,
      pid: supervised.pid,
      stop: once(async () => {
        await supervised.stop()
        logFile.stop()
        await rmdir(plan.socketFolder).catch(() => undefined)
        await lock.release()
      }),
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}

interface Adoption {
  readonly plan: PostmasterPlan
  readonly connection: SqlConnection
  readonly log: Log
  readonly signal: AbortSignal | undefined
}

/**
 * The postmaster that a killed gateway left, when it is the one that we would start: same programs, same socket, and it answers.
 * Any other is stopped cleanly first, because there must never be two on one cluster.
 */
async function adopt({ plan, connection, log, signal }: Adoption): Promise<Postmaster | undefined> {
  const found = await findPostmaster(plan.cluster)
  if (found === undefined) return undefined
  try {
    await ready({ pid: found.pid, cluster: plan.cluster, signal })
    if (found.socketFolder === plan.socketFolder && (await runsFrom(found.pid, plan.binaries))) {
      await answers(connection)
      log.info({ pid: found.pid }, 'took over the PostgreSQL that was still running')
      return found
    }
  } catch (error) {
    signal?.throwIfAborted()
    log.warn(
      { pid: found.pid, reason: String(error) },
      'the PostgreSQL that was still running does not answer; starting it anew',
    )
  }
  if (await stopPostmaster(found.pid)) return undefined
  throw new PostgresRefused(
    `A PostgreSQL (process ${found.pid}) still runs on ${plan.cluster}, does not answer and does not stop. End it, then start again.`,
  )
}

async function answers(connection: SqlConnection): Promise<void> {
  const client = new pg.Client({
    ...clientSettings(connection),
    connectionTimeoutMillis: answerMsMax,
    query_timeout: answerMsMax,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select 1')
  } finally {
    await client.end()
  }
}

/** Children of a postmaster that was killed may hold its memory for a moment; PostgreSQL rightly refuses until they are gone. */
async function startPatiently(plan: PostmasterPlan): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startPostmaster(plan)
    } catch (error) {
      if (attempt === attemptsMax || !(error instanceof PostgresRefused)) throw error
      await wait(attempt * 250, undefined, { signal: plan.signal })
    }
  }
}

/** Brings the postmaster back whenever it ends, until stopped; for as long as it takes, at most every `pauseMsMax`. */
function supervise({ plan, first, log }: { plan: PostmasterPlan; first: Postmaster; log: Log }) {
  const stopping = new AbortController()
  const now: { postmaster: Postmaster | undefined; state: ReturnType<EmbeddedPostgres['state']> } = {
    postmaster: first,
    state: 'running',
  }
  const watch = async () => {
    for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(pauseMs * 2, pauseMsMax)) {
      const startedAt = performance.now()
      await now.postmaster?.ended(stopping.signal)
      if (stopping.signal.aborted) return
      if (performance.now() - startedAt > steadyMs) pauseMs = pauseMsMin
      if (now.postmaster !== undefined)
        log.error({ pid: now.postmaster.pid, log: plan.logPath }, 'PostgreSQL ended by itself; starting it again')
      now.postmaster = undefined
      now.state = 'restarting'
      await wait(pauseMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined)
      now.postmaster = await startPostmaster({ ...plan, signal: stopping.signal }).catch((error: unknown) => {
        if (!stopping.signal.aborted)
          log.error({ reason: String(error), log: plan.logPath }, 'PostgreSQL does not start')
        return undefined
      })
      if (now.postmaster === undefined) continue
      now.state = 'running'
      log.info({ pid: now.postmaster.pid }, 'PostgreSQL is back')
    }
  }
  const watched = watch()
  return {
    state: () => now.state,
    pid: () => now.postmaster?.pid,
    stop: async () => {
      stopping.abort()
      await watched
      now.state = 'stopped'
      const { postmaster } = now
      now.postmaster = undefined
      if (postmaster === undefined || (await stopPostmaster(postmaster.pid))) return
      log.error({ pid: postmaster.pid }, 'PostgreSQL does not stop; it is left running for the next start to take over')
    },
  }
}

function noteOf({
  dataDir,
  place,
  binaries,
}: {
  dataDir: string
  place: Place
  binaries: { copied: boolean }
}): string | null {
  const moved = [...(place.home === dataDir ? [] : ['data']), ...(binaries.copied ? ['programs'] : [])]
  if (moved.length === 0) return null
  const why =
    place.account === undefined
      ? 'the installed programs cannot be prepared where they are'
      : `it runs as the user ${place.account.name}, who cannot enter this folder`
  return `PostgreSQL keeps its ${moved.join(' and ')} in ${place.home}: ${why}.`
}

function once(work: () => Promise<void>): () => Promise<void> {
  const called: { end?: Promise<void> } = {}
  return () => {
    called.end ??= work()
    return called.end
  }
}

const answerMsMax = 5_000
const attemptsMax = 3
const pauseMsMin = 100
const pauseMsMax = 5_000
const steadyMs = 60_000
