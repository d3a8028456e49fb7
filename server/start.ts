import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Fault } from '../core/fault.ts'
import { inFlight } from '../core/policies/in-flight.ts'
import { firstStart } from './admin/first-start.ts'
import { adminPlane } from './admin/plane.ts'
import { addressOf, bannerLines } from './banner.ts'
import { keepLastGood } from './config/last-good.ts'
import { type ConfigWatch, watchConfig } from './config/watch.ts'
import type { LoadedConfig, LoadResult } from './config.ts'
import { startDemoVendor } from './demo/demo-vendor.ts'
import { drainRequests } from './drain.ts'
import { gauges } from './gauges.ts'
import { healthParts } from './health.ts'
import type { Phase } from './health-parts.ts'
import { type Handler, openServer, routed } from './listen.ts'
import { OpenRequests } from './open-requests.ts'
import { opsRoutes } from './ops.ts'
import { refuse } from './refuse.ts'
import { compile, costOf, type Snapshot } from './snapshot.ts'
import { migrate } from './store/migrate.ts'
import { adminViews } from './views.ts'
import type { World } from './world.ts'
import { CATALOG_FOLDER, loadCatalog } from './world/catalog-files.ts'
import { systemClock } from './world/clock.ts'
import { openConnect } from './world/connect.ts'
import { codeOf } from './world/error-code.ts'
import { openEventLoopDelay } from './world/event-loop-delay.ts'
import { openGates } from './world/gates.ts'
import { openIds } from './world/ids.ts'
import { openKeyRing } from './world/keys.ts'
import { startLedger } from './world/ledger.ts'
import type { OpenLog } from './world/log.ts'
import { openMetrics } from './world/metrics.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './world/postgres-embedded.ts'
import { takeLock } from './world/postgres-lock.ts'
import { openSql, type Sql } from './world/sql.ts'

export interface StartOptions {
  readonly version: string
  readonly loaded: LoadedConfig
  /** Reads the configuration again, for reloads. */
  readonly load: () => Promise<LoadResult>
  readonly configPath: string
  readonly dataDir: string
  /** An outside PostgreSQL, or `undefined` for the embedded one. */
  readonly databaseUrl: string | undefined
  readonly log: OpenLog
  /** Takes one line for the person who started it. */
  readonly print: (line: string) => void
  /** Gives up starting. */
  readonly signal: AbortSignal
}

export interface Gateway {
  readonly address: string
  /** Reads the configuration again, secrets too. */
  reload(): Promise<void>
  /** The end: readiness first, then what runs, then the journal, then the database. `hurry` shortens it to five seconds. */
  stop(): Promise<void>
  hurry(): void
}

/**
 * The only place that builds things, in the order in which they need each other. The port is opened first, so that a taken one is
 * said at once, and answers `503 not_ready` until everything stands.
 */
export async function startGateway(options: StartOptions): Promise<Gateway> {
  const { log, loaded, signal } = options
  const dataDir = resolve(options.dataDir)
  const clock = systemClock
  const state = new GatewayState(loaded)
  const undo: (() => Promise<unknown>)[] = []
  try {
    await makeDataFolder(dataDir)
    const lock = await takeLock({ path: join(dataDir, 'gateway.lock'), what: `The data folder ${dataDir}`, signal })
    undo.push(() => lock.release())
    const server = openServer((request, response) => state.handle(request, response))
    const newId = openIds(clock, randomBytes)
    const openRequests = new OpenRequests()
    const ops = { version: options.version, phase: () => state.phase, log }
    state.handle = notReady(opsRoutes({ ...ops, parts: [], expose: openMetrics({ gauges: [] }).expose }), newId)
    const address = await listen(server, loaded.config.listen)
    undo.push(async () => server.close())

    const catalog = loadCatalog(CATALOG_FOLDER)
    const [{ sql, postgres }, demo] = await Promise.all([
      openDatabase(options, dataDir, undo),
      startDemoVendor({ socketPath: await demoSocket(dataDir) }),
    ])
    undo.push(() => demo.close())
    const { applied } = await migrate(sql, { signal })
    if (applied.length > 0) log.info({ migrations: applied.join(', ') }, 'the database schema was brought up to date')

    const compiled = (config: LoadedConfig, version: number): Snapshot =>
      compile({ version, config: config.config, catalog, secrets: config.secrets, demo })
    let snapshot = compiled(loaded, 1)
    const keys = await openKeyRing(sql, { clock, log })
    undo.push(async () => keys.close())
    const ledger = await startLedger({
      folder: join(dataDir, 'journal'),
      journal: loaded.config.journal,
      pool: sql.ledger,
      price: (record) => costOf(snapshot, record),
      clock,
      log,
    })
    undo.push(() => ledger.drain(DRAIN_LEDGER_MS))

    // What runs is good whether or not the disk takes a copy of it.
    const keep = (config: LoadedConfig) =>
      keepLastGood(dataDir, lastGoodOf(config, clock.now())).catch((error: unknown) => log.warn({ code: codeOf(error) }, 'the configuration could not be kept as the last good one'))
    const watch: ConfigWatch = watchConfig({
      path: options.configPath,
      started: loaded,
      load: options.load,
      apply: async (next) => {
        snapshot = compiled(next, snapshot.version + 1)
        state.loaded = next
        log.setLevel(next.config.log.level)
        await keep(next)
      },
      onChange: ({ running, rejected }) => {
        if (rejected === null) log.info({ revision: running }, 'configuration reloaded')
        else log.error({ revision: rejected.revision, problems: rejected.problems.length, first: rejected.problems[0]?.message }, 'configuration refused')
      },
    })
    undo.push(() => watch.close())

    const gate = openGates()
    const delay = openEventLoopDelay(clock)
    undo.push(async () => delay.close())
    const metrics = openMetrics({
      gauges: gauges({ openRequests, gate, snapshot: () => snapshot, ledger: ledger.status, keys, databaseUp: sql.up, config: () => watch.state(), eventLoopDelay: delay.gauge, version: options.version }),
    })
    const connect = openConnect()
    undo.push(() => connect.close())
    let turns = 0
    const world: World = {
      clock,
      keys,
      ledger,
      log,
      metrics,
      connect,
      gate,
      policies: [inFlight(() => snapshot.config.limits.inFlightMax)],
      snapshot: () => snapshot,
      newId,
      turn: () => turns++,
      openRequests,
    }
    const parts = healthParts({ sql, postgres, ledger, config: watch, startedOnLastGood: loaded.rejected !== null, clock })

    const sweep = setInterval(() => {
      openRequests.sweep(clock.monotonic())
      // So that a state is dated from when it began, also when nobody asks for it.
      for (const part of parts) part()
    }, SWEEP_MS)
    undo.push(async () => clearInterval(sweep))
    const random = (bytes: number) => randomBytes(bytes)
    const actionWorld = { sql, clock, log, random, keys, newId }
    const { admin } = loaded.config
    const controlPlane = adminPlane({ ...actionWorld, views: adminViews(() => state.loaded, () => snapshot), reach: admin })
    const first = await firstStart(actionWorld)
    // The first key must work for whoever pastes the line, the moment it is printed.
    await keys.refresh()
    await keep(loaded)
    state.handle = routed(world, {
      ops: opsRoutes({ ...ops, parts, expose: metrics.expose }),
      controlPlane,
      closed: () => (state.closed ? draining() : undefined),
    })
    state.phase = 'serving'
    const notices = [...(postgres?.note == null ? [] : [postgres.note]), ...snapshot.notices]
    for (const line of bannerLines({ version: options.version, address, first, notices })) options.print(line)
    if (loaded.rejected !== null) log.error({ problems: loaded.rejected.problems.length }, 'the configuration file is broken; the last good one runs')

    const undoAll = () => unwind(undo, log)
    return {
      address,
      reload: async () => {
        await watch.reload()
      },
      hurry: () => {
        state.hurriedAt ??= clock.monotonic()
      },
      stop: async () => {
        state.phase = 'draining'
        const { drain } = snapshot.config
        await pause(drain.readinessMs, () => state.hurriedAt !== undefined)
        state.closed = true
        const begunAt = clock.monotonic()
        const deadlineMs = () => (state.hurriedAt === undefined ? drain.deadlineMs : Math.min(drain.deadlineMs, state.hurriedAt - begunAt + HURRY_MS))
        await drainRequests({ server, openRequests, clock, deadlineMs })
        await undoAll()
      },
    }
  } catch (error) {
    await unwind(undo, log)
    throw error
  }
}

/** What changes while the process lives: how far it is, and what answers. */
class GatewayState {
  phase: Phase = 'starting'
  handle: Handler = (_request, response) => response.destroy()
  loaded: LoadedConfig
  /** New inference requests are refused from now on. */
  closed = false
  /** Monotonic milliseconds of the second request to stop. */
  hurriedAt: number | undefined

  constructor(loaded: LoadedConfig) {
    this.loaded = loaded
  }
}

const SWEEP_MS = 250
const DRAIN_LEDGER_MS = 10_000
const HURRY_MS = 5_000
/** Below the longest path of a Unix socket on every system. */
const SOCKET_PATH_BYTES_MAX = 90
const DATABASE_WAIT_MS = 60_000
/** The longest that a timer takes: more than three weeks. */
const FOR_EVER_MS = 2_147_483_647

function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<string> {
  return new Promise((done, failed) => {
    server.once('error', failed)
    server.listen({ host, port }, () => {
      server.off('error', failed)
      // No error of a listening socket may end the process: it goes on with the connections that it has.
      server.on('error', () => undefined)
      done(addressOf(host, (server.address() as AddressInfo).port))
    })
  })
}

/** The database: our own as a child, or the operator's, for which we wait as long as it takes. */
async function openDatabase(
  { databaseUrl, log, signal }: StartOptions,
  dataDir: string,
  undo: (() => Promise<unknown>)[],
): Promise<{ readonly sql: Sql; readonly postgres: EmbeddedPostgres | undefined }> {
  const postgres = databaseUrl === undefined ? await startEmbeddedPostgres({ dataDir, log, signal }) : undefined
  if (postgres !== undefined) undo.push(() => postgres.stop())
  const sql = openSql(postgres?.connection ?? databaseUrl ?? '', { log })
  undo.push(() => sql.close())
  // Not ending is right for a database that is away: an orchestrator that restarts us would not bring it back.
  await sql.whenUp({ timeoutMs: postgres === undefined ? FOR_EVER_MS : DATABASE_WAIT_MS, signal })
  return { sql, postgres }
}

/** Closed to others; root's is passable, because the unprivileged user that PostgreSQL runs as must get to its own folder inside. */
const makeDataFolder = (dataDir: string) => mkdir(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })

async function demoSocket(dataDir: string): Promise<string> {
  const path = join(dataDir, 'run', 'demo.sock')
  if (Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) return path
  return join(await mkdtemp(join(tmpdir(), 'sekisho-')), 'demo.sock')
}

const lastGoodOf = ({ text, revision, source }: LoadedConfig, now: number) => ({
  text,
  revision,
  path: source.kind === 'none' ? null : source.path,
  at: new Date(now).toISOString(),
})

const draining = () => new Fault('draining', 'The gateway is shutting down', { retryAfterSeconds: 1 })

/** While the parts come up: the ops endpoints answer, everything else is told to come back. */
function notReady(ops: ReadonlyMap<string, Handler>, newId: () => string): Handler {
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    const handler = ops.get(path)
    if (handler !== undefined) return handler(request, response)
    refuse(response, new Fault('not_ready', 'The gateway is starting', { retryAfterSeconds: 1 }), { requestId: newId() })
  }
}

/** Waits until the time is over or `enough` says so. */
async function pause(waitMs: number, enough: () => boolean): Promise<void> {
  const step = Math.min(waitMs, PAUSE_STEP_MS)
  for (let waited = 0; waited < waitMs && !enough(); waited += step) await wait(step)
}

const PAUSE_STEP_MS = 100

/** Takes down what was built, last first. A part that fails to stop does not keep the others from stopping. */
async function unwind(undo: (() => Promise<unknown>)[], log: OpenLog): Promise<void> {
  for (const step of undo.splice(0).toReversed()) {
    await step().catch((error: unknown) => log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'a part did not stop cleanly'))
  }
}
