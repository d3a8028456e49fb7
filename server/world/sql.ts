import { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Kysely, Transaction } from 'kysely'
import pg from 'pg'
import type { ClientConfig } from 'pg'
import type { Log } from '../../core/world.ts'
import type { Database } from '../store/tables.ts'
import { lazyKysely } from './kysely.ts'
import { clientSettings, type SqlConnection } from './sql-connection.ts'
import { type Line, openLine } from './sql-line.ts'

/**
 * The records. Never on the hot path. Each pool is for one kind of work, so that a slow report cannot hold up the ledger.
 * While the database is away every query rejects within seconds; nothing here ends the process.
 */
export interface Sql extends Pick<Line, 'up' | 'whenUp' | 'listen'> {
  /** For what the start and the key ring ask, in plain SQL. A statement takes 5 s at most. */
  readonly control: pg.Pool
  /** The control pool through the query builder, for actions. The first call loads it; rejects when it cannot be loaded. */
  queries(): Promise<Kysely<Database>>
  /** For the ledger's shipper alone: batches in plain SQL, 30 s at most each. */
  readonly ledger: pg.Pool
  /** Runs `work` in one transaction of the control pool: all of it, or nothing when it throws. */
  transaction<Result>(work: (transaction: Transaction<Database>) => Promise<Result>): Promise<Result>
  /** A connection of its own, outside the pools, for rare long work such as migrations; the caller connects and ends it. */
  client(limits: { readonly statementMsMax: number }): pg.Client
  /** Ends all connections, within about two seconds. */
  close(): Promise<void>
}

/** Opens the pools at once and connects in the background: ask `up()`, or wait with `whenUp`. Throws PostgresRefused for a URL that is none. */
export function openSql(where: string | SqlConnection, options: { readonly log: Log }): Sql {
  const base = clientSettings(typeof where === 'string' ? { url: where } : where)
  const sockets = trackedSockets()
  const lineSockets = trackedSockets()
  const settings: ClientConfig = { ...base, stream: sockets.open }
  const control = openPool(settings, { connectionsMax: 5, statementMsMax: 5_000 })
  const ledger = openPool(settings, { connectionsMax: 2, statementMsMax: 30_000 })
  const line = openLine({ settings: { ...base, stream: lineSockets.open }, log: options.log, revived: sockets.cut })
  // An idle connection that breaks is dropped by its pool; without a listener Node would end the process.
  for (const pool of [control, ledger]) {
    pool.on('error', () => line.suspect())
    // The pool takes its own listener away while a client is out; a server that says goodbye just then would end the process.
    pool.on('connect', (client) => client.on('error', () => line.suspect()))
  }
  const queries = lazyKysely(control)
  return {
    control,
    queries,
    ledger,
    up: line.up,
    whenUp: line.whenUp,
    listen: line.listen,
    transaction: async (work) => (await queries()).transaction().execute(work),
    client: (limits) => {
      const client = new pg.Client({ ...settings, ...timeLimits(limits.statementMsMax) })
      client.on('error', () => undefined)
      return client
    },
    close: async () => {
      const ends = Promise.allSettled([line.close(), control.end(), ledger.end()])
      // A server that hangs does not say goodbye; its sockets are cut then.
      await Promise.race([ends, wait(closeMsMax, undefined, { ref: false })])
      sockets.cut()
      lineSockets.cut()
      await ends
    },
  }
}

function openPool(
  settings: ClientConfig,
  limits: { readonly connectionsMax: number; readonly statementMsMax: number },
): pg.Pool {
  return new pg.Pool({
    ...settings,
    ...timeLimits(limits.statementMsMax),
    max: limits.connectionsMax,
    idleTimeoutMillis: 60_000,
    idle_in_transaction_session_timeout: limits.statementMsMax,
  })
}

/** The server ends a slow statement itself; a server that says nothing at all is given up a little later. */
const timeLimits = (statementMsMax: number) => ({
  connectionTimeoutMillis: 5_000,
  statement_timeout: statementMsMax,
  query_timeout: statementMsMax + 2_000,
})

/** The sockets that the driver uses, so that those whose other end vanished without a word can be cut. */
function trackedSockets() {
  const open = new Set<Socket>()
  return {
    open: () => {
      const socket = new Socket()
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      return socket
    },
    cut: () => {
      for (const socket of open) socket.destroy(new Error('the connection to the database was cut'))
    },
  }
}

const closeMsMax = 1_500
