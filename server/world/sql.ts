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
  /** For what the start and the key ring ask, in plain SQL, across all organisations. A statement takes 5 s at most. */
  readonly control: pg.Pool
  /** The control pool through the query builder, for what is asked before it is known whose it is. The first call loads it; rejects when it cannot be loaded. */
  queries(): Promise<Kysely<Database>>
  /** For the ledger's shipper alone: batches in plain SQL across all organisations, 30 s at most each. */
  readonly ledger: pg.Pool
  /** For what was answered to requests with an Idempotency-Key: they alone wait for it, and for 2 s at most. In plain SQL across all organisations. */
  readonly answers: pg.Pool
  /**
   * Runs `work` in one transaction that sees one organisation, or with `EVERY_ORGANISATION` all of them: all of it is done, or nothing when it
   * throws. Outside of it the connections of this pool see nothing that belongs to anybody (row-level security, design 8).
   */
  within<Result>(organisation: string, work: (transaction: Transaction<Database>) => Promise<Result>): Promise<Result>
  /** The same for what is read for minutes, on one of two connections apart: a statement takes a minute at most, and so does a reader who pauses. */
  reading<Result>(organisation: string, work: (transaction: Transaction<Database>) => Promise<Result>): Promise<Result>
  /** The pool of `within`, for tests that look what it sees without an organisation. */
  readonly tenants: pg.Pool
  /** A connection of its own, outside the pools, for rare long work such as migrations; the caller connects and ends it. */
  client(limits: { readonly statementMsMax: number }): pg.Client
  /** Ends all connections, within about two seconds. */
  close(): Promise<void>
}

export interface SqlOptions {
  readonly log: Log
  /** Whom the pools act as, where that is another than who logs in: it may do less. */
  readonly role?: string | undefined
}

/** In the place of an organisation: the process itself, and operators, see them all. */
export const EVERY_ORGANISATION = '*'

/** Opens the pools at once and connects in the background: ask `up()`, or wait with `whenUp`. Throws PostgresRefused for a URL that is none. */
export function openSql(where: string | SqlConnection, options: SqlOptions): Sql {
  const connection = typeof where === 'string' ? { url: where } : where
  const role = options.role === undefined ? {} : { role: options.role }
  const everything = { ...role, 'sekisho.organisation': EVERY_ORGANISATION }
  const base = clientSettings(connection, everything)
  const sockets = trackedSockets()
  const lineSockets = trackedSockets()
  const settings: ClientConfig = { ...base, stream: sockets.open }
  const control = openPool(settings, { connectionsMax: 5, statementMsMax: 5_000 })
  const ledger = openPool(settings, { connectionsMax: 2, statementMsMax: 30_000 })
  const answers = openPool(settings, { connectionsMax: 5, statementMsMax: 2_000 })
  // Said although it is the default, because a role may have been given another one.
  const nobodys = { ...clientSettings(connection, { ...role, 'sekisho.organisation': '' }), stream: sockets.open }
  const tenants = openPool(nobodys, { connectionsMax: 5, statementMsMax: 5_000 })
  const readers = openPool(nobodys, { connectionsMax: 2, statementMsMax: 60_000 })
  const line = openLine({ settings: { ...base, stream: lineSockets.open }, log: options.log, revived: sockets.cut })
  // An idle connection that breaks is dropped by its pool; without a listener Node would end the process.
  for (const pool of [control, ledger, answers, tenants, readers]) {
    pool.on('error', () => line.suspect())
    // The pool takes its own listener away while a client is out; a server that says goodbye just then would end the process.
    pool.on('connect', (client) => client.on('error', () => line.suspect()))
  }
  const queries = lazyKysely(control)
  return {
    control,
    queries,
    ledger,
    answers,
    up: line.up,
    whenUp: line.whenUp,
    listen: line.listen,
    within: inTransactions(tenants),
    reading: inTransactions(readers),
    tenants,
    client: (limits) => {
      const client = new pg.Client({ ...settings, ...timeLimits(limits.statementMsMax) })
      client.on('error', () => undefined)
      return client
    },
    close: async () => {
      const ends = Promise.allSettled([
        line.close(),
        control.end(),
        ledger.end(),
        answers.end(),
        tenants.end(),
        readers.end(),
      ])
      // A server that hangs does not say goodbye; its sockets are cut then.
      await Promise.race([ends, wait(closeMsMax, undefined, { ref: false })])
      sockets.cut()
      lineSockets.cut()
      await ends
    },
  }
}

function inTransactions(pool: pg.Pool): Sql['within'] {
  const queries = lazyKysely(pool)
  return async (organisation, work) => {
    const [builder, { setOrganisation }] = await Promise.all([queries(), import('../store/tenant.sql.ts')])
    return builder.transaction().execute(async (transaction) => {
      await setOrganisation(transaction, organisation)
      return work(transaction)
    })
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
