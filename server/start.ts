import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ThresholdReached } from '../core/budgets/thresholds.ts'
import { Fault } from '../core/fault.ts'
import { dollars } from '../core/money.ts'
import { budgets } from '../core/policies/budgets.ts'
import { inFlight } from '../core/policies/in-flight.ts'
import { limits } from '../core/policies/limits.ts'
import { recost } from '../core/recost.ts'
import { firstStart } from './admin/first-start.ts'
import { adminPlane } from './admin/plane.ts'
import { addressOf, bannerLines } from './banner.ts'
import { ByteBudget } from './byte-budget.ts'
import type { LoadedConfig, LoadResult } from './config.ts'
import { demoSocket, makeDataFolder } from './data-folder.ts'
import { openDatabase } from './database.ts'
import { startDemoVendor } from './demo/demo-vendor.ts'
import { drainRequests } from './drain.ts'
import { gauges } from './gauges.ts'
import { healthParts } from './health.ts'
import { degradedParts, type Phase } from './health-parts.ts'
import { type Handler, openServer, routed } from './listen.ts'
import { openCostForecast, payersFor } from './expected-cost.ts'
import { expectedTokens, metersFor } from './expected-tokens.ts'
import { OpenRequests } from './open-requests.ts'
import { opsRoutes } from './ops.ts'
import { wireOfPath } from './endpoints.ts'
import { refuse } from './refuse.ts'
import { RunningConfig } from './running-config.ts'
import { usageOfKey } from './store/key-usage.sql.ts'
import { Teardown } from './teardown.ts'
import { adminViews } from './views.ts'
import type { World } from './world.ts'
import { CATALOG_FOLDER, loadCatalog } from './world/catalog-files.ts'
import { systemClock } from './world/clock.ts'
import { openAllowances } from './world/allowances.ts'
import { openBudgets } from './world/budgets.ts'
import { openConnect } from './world/connect.ts'
import { openStoredReplies } from './world/stored-replies.ts'
import { openTranslator } from './world/translator.ts'
import { openEventLoopDelay } from './world/event-loop-delay.ts'
import { openGates, WaitingGate } from './world/gates.ts'
import { openIdempotency } from './world/idempotency.ts'
import { openIds } from './world/ids.ts'
import { type KekPlace, openKeks } from './world/kek-source.ts'
import { openKeyRing } from './world/keys.ts'
import { type RunningLedger, startLedger } from './world/ledger.ts'
import type { OpenLog } from './world/log.ts'
import { openMetrics } from './world/metrics.ts'
import { openPriceArchive } from './world/price-archive.ts'
import { NO_STORED_PRICES, readStoredPrices } from './world/price-files.ts'
import { takeLock } from './world/postgres-lock.ts'
import { startRetention } from './world/retention.ts'

export interface StartOptions {
  readonly version: string
  readonly loaded: LoadedConfig
  /** Reads the configuration again, for reloads. */
  readonly load: () => Promise<LoadResult>
  readonly configPath: string
  readonly dataDir: string
  /** An outside PostgreSQL, or `undefined` for the embedded one. */
  readonly databaseUrl: string | undefined
  /** The role that owns the tables of the outside one, where the one that serves is another. */
  readonly databaseOwnerUrl: string | undefined
  /** The key-encryption keys, where they are not in the data folder. */
  readonly kek: Omit<KekPlace, 'dataDir'>
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
  const teardown = new Teardown()
  try {
    return await build(options, teardown)
  } catch (error) {
    await teardown.run(options.log)
    throw error
  }
}

async function build(options: StartOptions, teardown: Teardown): Promise<Gateway> {
  const { log, loaded, signal, version } = options
  const dataDir = resolve(options.dataDir)
  const clock = systemClock
  const life = new Life()
  await makeDataFolder(dataDir)
  const lock = await takeLock({ path: join(dataDir, 'gateway.lock'), what: `The data folder ${dataDir}`, signal })
  teardown.add(() => lock.release())
  const keks = await openKeks({ ...options.kek, dataDir })

  const newId = openIds(clock, randomBytes)
  const ops = { version, phase: () => life.phase, log }
  life.handle = notReady(opsRoutes({ ...ops, parts: [], expose: openMetrics({ gauges: [] }).expose }), newId)
  const server = openServer((request, response) => life.handle(request, response))
  const address = await listen(server, loaded.config.listen)
  teardown.add(() => server.close())

  const demo = await startDemoVendor({ socketPath: await demoSocket(dataDir) })
  teardown.add(() => demo.close())
  const { sql, postgres } = await openDatabase(
    { dataDir, url: options.databaseUrl, ownerUrl: options.databaseOwnerUrl, log, signal },
    teardown,
  )
  const catalog = loadCatalog(CATALOG_FOLDER)
  const archive = await openPriceArchive(dataDir)
  const config = new RunningConfig({
    started: loaded,
    path: options.configPath,
    load: options.load,
    catalog,
    stored: await readStoredPrices(dataDir, NO_STORED_PRICES),
    archive,
    demo,
    dataDir,
    clock,
    log,
  })
  teardown.add(() => config.close())
  await config.keepPrices(config.snapshot)
  const keys = await openKeyRing(sql, { clock, log })
  teardown.add(() => keys.close())
  const allowances = await openAllowances(sql, { clock, log })
  teardown.add(() => allowances.close())
  const ledger = await startLedger({
    folder: join(dataDir, 'journal'),
    journal: loaded.config.journal,
    pool: sql.ledger,
    price: (record) => recost(record, archive.known),
    clock,
    log,
  })
  teardown.add(() => ledger.drain(DRAIN_LEDGER_MS))
  const retention = startRetention({
    pool: sql.control,
    keepDays: () => config.snapshot.config.usage.keepDays,
    clock,
    log,
  })
  teardown.add(() => retention.close())

  // What an earlier process left is part of what is spent.
  if (!(await delivered(ledger, signal)))
    log.warn({ behindBytes: ledger.status().behindBytes }, 'budgets do not know yet what is still being delivered')
  const paying = await openBudgets(sql, { clock, log })
  teardown.add(() => paying.close())
  const forecast = openCostForecast(clock.now)

  const idempotency = openIdempotency({ sql, keks, config: () => config.snapshot.config.idempotency, log })
  teardown.add(() => idempotency.close())

  const openRequests = new OpenRequests()
  const gate = openGates()
  const delay = openEventLoopDelay(clock)
  teardown.add(() => delay.close())
  const snapshot = () => config.snapshot
  const metrics = openMetrics({
    gauges: gauges({
      openRequests,
      gate,
      snapshot,
      ledger: ledger.status,
      keys,
      databaseUp: sql.up,
      config: () => config.state(),
      pricesBroken: () => config.pricesBroken(),
      eventLoopDelay: delay.gauge,
      version,
    }),
  })
  const connect = openConnect()
  teardown.add(() => connect.close())
  const translator = openTranslator({ clock })
  teardown.add(() => translator.close())
  const everyRequest = new WaitingGate('gateway')
  const world: World = {
    clock,
    keys,
    ledger,
    log,
    metrics,
    connect,
    gate,
    policies: [
      limits({
        meters: (asked) => metersFor(asked, allowances),
        tokens: expectedTokens,
        now: clock.monotonic,
      }),
      budgets({
        payers: (asked) => payersFor(asked, paying),
        expected: forecast.expected,
        now: clock.now,
        reached: (threshold) => log.warn(thresholdFields(threshold), 'a budget has reached a threshold'),
      }),
      inFlight((onWait) => everyRequest.enter(gateLimits(config.snapshot.config), onWait)),
    ],
    snapshot,
    newId,
    turn: counter(),
    openRequests,
    degraded: () => life.degraded,
    largeBodies: new ByteBudget(() => config.snapshot.config.limits.largeBodiesBytesMax),
    translator,
    idempotency,
    streamCopies: new ByteBudget(() => STREAM_COPIES_BYTES_MAX),
    storedReplies: openStoredReplies(sql.control),
    allowances,
    budgets: paying,
    forecast,
    keyUsage: (keyId, fromDay) => usageOfKey(sql.control, { keyId, fromDay }),
  }
  const parts = healthParts({ sql, postgres, ledger, config, startedOnLastGood: loaded.rejected !== null, clock })
  const sweep = setInterval(() => {
    openRequests.sweep(clock.monotonic())
    // Looked at here, so that a state is dated from when it began, and answers can say it at no cost.
    life.degraded = degradedParts(parts)
  }, SWEEP_MS)
  teardown.add(() => clearInterval(sweep))

  const actionWorld = {
    sql,
    clock,
    log,
    random: (bytes: number) => randomBytes(bytes),
    keys,
    allowances,
    budgets: paying,
    newId,
  }
  const views = adminViews(() => config.loaded, snapshot)
  const controlPlane = adminPlane({ ...actionWorld, views, reach: loaded.config.admin })
  const first = await firstStart(actionWorld)
  // The first key must work for whoever pastes the line, the moment it is printed.
  if (first.demoKey !== null) await keys.refresh()
  await config.keep()
  const closed = () => (life.closed ? draining() : undefined)
  life.handle = routed(world, { ops: opsRoutes({ ...ops, parts, expose: metrics.expose }), controlPlane, closed })
  life.phase = 'serving'

  const notices = [postgres?.note ?? [], config.snapshot.notices].flat()
  for (const line of bannerLines({ version, address, first, notices })) options.print(line)
  if (loaded.rejected !== null) {
    log.error({ problems: loaded.rejected.problems.length }, 'the configuration file is broken; the last good one runs')
  }
  return {
    address,
    reload: () => config.reload(),
    hurry: () => life.hurry(clock.monotonic()),
    stop: async () => {
      const { drain } = config.snapshot.config
      life.phase = 'draining'
      await wait(drain.readinessMs, undefined, { signal: life.hurried }).catch(() => undefined)
      life.closed = true
      const begunAt = clock.monotonic()
      await drainRequests({ server, openRequests, clock, deadlineMs: () => life.deadlineMs(drain.deadlineMs, begunAt) })
      await teardown.run(log)
    },
  }
}

/** Waits until the database has what earlier processes wrote down, for a while: a backlog of hours must not keep requests out. False when it is not there yet. */
async function delivered(ledger: RunningLedger, signal: AbortSignal): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(DELIVERY_MS_MAX)])
  await ledger.recovered
  while (ledger.status().behindBytes > 0 && !limit.aborted)
    await wait(DELIVERY_STEP_MS, undefined, { signal: limit }).catch(() => undefined)
  return ledger.status().behindBytes === 0
}

const DELIVERY_MS_MAX = 10_000
const DELIVERY_STEP_MS = 20

const thresholdFields = ({ budgetId, percent, spentNano, amountNano, mode, periodId }: ThresholdReached) => ({
  budgetId,
  percent,
  spent: dollars(spentNano),
  amount: dollars(amountNano),
  mode,
  periodId,
})

/** How far the process is in its life, and what answers while it is there. */
class Life {
  phase: Phase = 'starting'
  handle: Handler = (_request, response) => response.destroy()
  /** New inference requests are refused from now on. */
  closed = false
  degraded: string | null = null
  readonly #hurry = new AbortController()
  #hurriedAt: number | undefined

  /** Aborts when the end was asked for a second time. */
  get hurried(): AbortSignal {
    return this.#hurry.signal
  }

  hurry(nowMs: number): void {
    this.#hurriedAt ??= nowMs
    this.#hurry.abort()
  }

  /** How long a drain that began at `begunAt` (monotonic milliseconds) may take as things stand. */
  deadlineMs(deadlineMs: number, begunAt: number): number {
    return this.#hurriedAt === undefined ? deadlineMs : Math.min(deadlineMs, this.#hurriedAt - begunAt + HURRY_MS)
  }
}

const SWEEP_MS = 250
/** Beyond, a stream goes to its client and cannot be repeated. */
const STREAM_COPIES_BYTES_MAX = 134_217_728
const DRAIN_LEDGER_MS = 10_000
const HURRY_MS = 5_000

const gateLimits = ({ limits }: LoadedConfig['config']) => ({
  inFlightMax: limits.inFlightMax,
  queueMax: limits.queueMax,
  waitMs: limits.queueWaitMs,
})

/** Counts up, for balancers that take turns. */
function counter(): () => number {
  let turns = 0
  return () => turns++
}

function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<string> {
  return new Promise((done, failed) => {
    server.once('error', failed)
    server.listen({ host, port }, () => {
      server.off('error', failed)
      // No error of a listening socket may end the process: it goes on with the connections that it has.
      server.on('error', () => undefined)
      const at = server.address()
      // A listener on a port has an address with a port; a string is for Unix sockets.
      done(addressOf(host, typeof at === 'object' && at !== null ? at.port : port))
    })
  })
}

const draining = () => new Fault('draining', 'The gateway is shutting down', { retryAfterSeconds: 1 })

/** While the parts come up: the ops endpoints answer, everything else is told to come back. */
function notReady(ops: ReadonlyMap<string, Handler>, newId: () => string): Handler {
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    const handler = ops.get(path)
    if (handler !== undefined) return handler(request, response)
    refuse(response, new Fault('not_ready', 'The gateway is starting', { retryAfterSeconds: 1 }), {
      requestId: newId(),
      wire: wireOfPath(path),
    })
  }
}
