import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFile, chown, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { SERVER_ROLE } from '../store/server-role.ts'
import { type Account, runAs } from './postgres-account.ts'
import type { Binaries } from './postgres-binaries.ts'
import { codeOf } from './error-code.ts'
import { PostgresRefused } from './postgres-refused.ts'

export interface ClusterPlan {
  readonly cluster: string
  readonly binaries: Binaries
  readonly account: Account | undefined
  /** `no` only for tests: what a crash of the machine would lose is not written out. */
  readonly sync: 'yes' | 'no'
  readonly signal?: AbortSignal | undefined
}

/**
 * Makes the data directory if there is none, and refuses one that this program must not touch: half made, of another major version,
 * or not a database at all. An existing one is never made again. It appears under its name only when it is complete, so that a
 * start that is killed in between leaves nothing behind that looks like a database.
 */
export async function prepareCluster(plan: ClusterPlan): Promise<'created' | 'found'> {
  const { cluster, binaries } = plan
  const entries = await readdir(cluster).catch((error: unknown): string[] => {
    if (codeOf(error) === 'ENOENT') return []
    throw new PostgresRefused(`${cluster} cannot be read: ${String(error)}. Nothing was changed.`)
  })
  if (entries.length === 0) {
    await createCluster(plan)
    return 'created'
  }
  if (!entries.includes('PG_VERSION')) {
    const what =
      entries.includes('base') || entries.includes('global')
        ? 'holds a half-made database'
        : 'is not empty and holds no database'
    throw new PostgresRefused(
      `${cluster} ${what}. Move it away (or bring back its files from a backup) and start again. Nothing was changed.`,
    )
  }
  const major = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim()
  if (major !== String(binaries.major)) {
    throw new PostgresRefused(
      `${cluster} holds a database of PostgreSQL ${major || '(unknown)'}, and this program brings PostgreSQL ${binaries.major}. ` +
        `Start the version of Sekisho that made it, or serve it with a PostgreSQL ${major || 'of its version'} of your own, ` +
        'dump it with pg_dump, load it where you want it and set SEKISHO_DATABASE_URL. Nothing was changed.',
    )
  }
  const missing = (await Promise.all(VITAL.map((path) => absent(join(cluster, path))))).flatMap((gone, index) =>
    gone ? [VITAL[index]] : [],
  )
  if (missing.length > 0) {
    throw new PostgresRefused(
      `${cluster} holds a half-made or damaged database (${missing.join(', ')} missing). Bring it back from a backup. Nothing was changed.`,
    )
  }
  return 'found'
}

/** Role and database of the gateway: it owns its database and is no superuser, so that no query can reach the machine. */
export const ROLE = 'sekisho'
export const DATABASE = 'sekisho'
/** PostgreSQL's superuser inside the cluster. It has no password and no line that lets it in. */
export const SUPERUSER = 'postgres'

/** The password of one of its roles, kept in the data directory, readable by its owner alone. */
export async function readPassword(cluster: string, role: typeof ROLE | typeof SERVER_ROLE): Promise<string> {
  const path = join(cluster, passwordName(role))
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    throw new PostgresRefused(
      `The password of the database cannot be read (${path}). Bring the file back from a backup. ${String(error)}`,
    )
  }
}

/** Whether the cluster was made before there was a role that only serves. */
export const lacksServer = (cluster: string): Promise<boolean> => absent(join(cluster, passwordName(SERVER_ROLE)))

/** Adds the role that only serves to a cluster of an earlier version. Nothing may run on it. */
export async function addServer(plan: ClusterPlan): Promise<void> {
  const password = newPassword()
  await runSingle(plan, plan.cluster, [
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${SERVER_ROLE}') THEN CREATE ROLE ${SERVER_ROLE} LOGIN; END IF; END $$;`,
    `ALTER ROLE ${SERVER_ROLE} PASSWORD '${password}';`,
  ])
  const hba = await readFile(join(plan.cluster, 'pg_hba.conf'), 'utf8')
  if (!hba.includes(`${hbaLine(SERVER_ROLE)}\n`))
    await appendFile(join(plan.cluster, 'pg_hba.conf'), `${hbaLine(SERVER_ROLE)}\n`)
  // Last, because it says that all of this is done.
  await writePassword(plan, plan.cluster, { role: SERVER_ROLE, password })
}

/** The environment of PostgreSQL's programs, whole: nothing of ours (vendors' credentials among it) is handed on. */
export const ENVIRONMENT: { readonly [name: string]: string } = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

const passwordName = (role: typeof ROLE | typeof SERVER_ROLE): string =>
  role === ROLE ? 'sekisho-password' : 'sekisho-server-password'
const hbaLine = (role: string): string => `local ${DATABASE} ${role} scram-sha-256`
const newPassword = (): string => randomBytes(24).toString('base64url')
const VITAL = ['global/pg_control', 'base/1', 'pg_wal', 'postgresql.conf', 'pg_hba.conf', 'sekisho-password']

async function createCluster(plan: ClusterPlan): Promise<void> {
  const { cluster, account } = plan
  const home = dirname(cluster)
  const prefix = `${basename(cluster)}.new-`
  // Left by starts that were killed; the caller holds the lock, so nobody waits for them.
  for (const entry of await readdir(home)) if (entry.startsWith(prefix)) await throwAway(join(home, entry))
  const draft = join(home, `${prefix}${randomBytes(6).toString('hex')}`)
  await mkdir(draft, { mode: 0o700 })
  try {
    if (account !== undefined) await chown(draft, account.uid, account.gid)
    await fillCluster(plan, draft)
    await rename(draft, cluster)
    await syncFolder(home)
  } catch (error) {
    await throwAway(draft)
    throw error
  }
}

/** An orphaned initdb may still be writing into it for a moment; without its folder it ends by itself. */
const throwAway = (draft: string): Promise<void> =>
  rm(draft, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })

async function fillCluster(plan: ClusterPlan, draft: string): Promise<void> {
  const { binaries, sync } = plan
  const noSync = sync === 'no' ? ['--no-sync'] : []
  await runProgram(plan, {
    program: 'initdb',
    // biome-ignore format: a command line reads as a line
    options: [
      '--pgdata', draft, '--username', SUPERUSER, '--encoding', 'UTF8', '--locale', 'C', '--data-checksums',
      '--auth-local', 'reject', '--auth-host', 'reject', '--no-instructions', ...noSync,
    ],
    input: '',
  })
  await appendFile(join(draft, 'postgresql.conf'), settingsText(binaries.major))
  await writeFile(join(draft, 'pg_hba.conf'), `${hbaLine(ROLE)}\n${hbaLine(SERVER_ROLE)}\n`)
  const passwords = { [ROLE]: newPassword(), [SERVER_ROLE]: newPassword() }
  for (const role of [ROLE, SERVER_ROLE] as const) await writePassword(plan, draft, { role, password: passwords[role] })
  await runSingle(plan, draft, [
    `CREATE ROLE ${ROLE} LOGIN PASSWORD '${passwords[ROLE]}';`,
    `CREATE ROLE ${SERVER_ROLE} LOGIN PASSWORD '${passwords[SERVER_ROLE]}';`,
    `ALTER DATABASE postgres RENAME TO ${DATABASE};`,
    `ALTER DATABASE ${DATABASE} OWNER TO ${ROLE};`,
  ])
}

async function writePassword(
  { account, sync }: ClusterPlan,
  cluster: string,
  { role, password }: { readonly role: typeof ROLE | typeof SERVER_ROLE; readonly password: string },
): Promise<void> {
  const path = join(cluster, passwordName(role))
  await writeFile(path, `${password}\n`, { mode: 0o600, flush: sync === 'yes' })
  if (account !== undefined) await chown(path, account.uid, account.gid)
}

/** Statements as the superuser, who has no other way in: one to a line, on a cluster on which nothing runs. */
const runSingle = (plan: ClusterPlan, cluster: string, statements: readonly string[]): Promise<void> =>
  runProgram(plan, {
    program: 'postgres',
    options: [
      '--single',
      '-D',
      cluster,
      '-c',
      'exit_on_error=on',
      '-c',
      'log_min_error_statement=panic',
      ...(plan.sync === 'no' ? ['-F'] : []),
      'template1',
    ],
    input: `${statements.join('\n')}\n`,
  })

/** Written once, for a small machine; the operator may change them afterwards. What must hold is given at each start instead. */
function settingsText(major: number): string {
  const lines = [
    '',
    '# Sekisho: sizes for a small machine. Yours to change.',
    'max_connections = 30',
    'shared_buffers = 32MB',
    'work_mem = 4MB',
    'maintenance_work_mem = 32MB',
    'min_wal_size = 32MB',
    'max_wal_size = 256MB',
    'wal_level = minimal',
    'max_wal_senders = 0',
    'autovacuum_max_workers = 2',
    'max_parallel_workers_per_gather = 0',
    'max_logical_replication_workers = 0',
    'jit = off',
    // Its helper processes cost more memory than a small database gains from them.
    ...(major >= 18 ? ['io_method = sync'] : []),
  ]
  return `${lines.join('\n')}\n`
}

interface Run {
  readonly program: 'initdb' | 'postgres'
  readonly options: readonly string[]
  readonly input: string
}

/** Runs one of PostgreSQL's programs to its end, in a process group of its own, for at most `runMsMax`. */
async function runProgram(plan: ClusterPlan, run: Run): Promise<void> {
  const limit = AbortSignal.timeout(runMsMax)
  const signal = plan.signal === undefined ? limit : AbortSignal.any([plan.signal, limit])
  signal.throwIfAborted()
  const child = spawn(join(plan.binaries.bin, run.program), run.options, {
    ...runAs(plan.account),
    cwd: '/',
    env: ENVIRONMENT,
    detached: true,
  })
  const said = tail(child.stdout, child.stderr)
  const stop = () => {
    signalGroup(child.pid, 'SIGTERM')
    // Only ever a database in the making, which is thrown away.
    setTimeout(() => signalGroup(child.pid, 'SIGKILL'), graceMs).unref()
  }
  signal.addEventListener('abort', stop)
  try {
    const code = await new Promise<number | null>((done, failed) => {
      child.once('error', failed)
      child.once('close', done)
      child.stdin.on('error', () => undefined)
      child.stdin.end(run.input)
    })
    plan.signal?.throwIfAborted()
    if (code !== 0)
      throw new PostgresRefused(`The database cannot be made: ${run.program} ended with ${code}. ${said()}`)
  } catch (error) {
    throw error instanceof PostgresRefused || plan.signal?.aborted === true ? error : notStarted(run.program, error)
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // It has ended already.
  }
}

/** Why a program did not even begin to run, in words for the operator. */
export const notStarted = (program: string, error: unknown): PostgresRefused =>
  new PostgresRefused(
    `PostgreSQL's ${program} cannot be started (${String(error)}). The built-in programs need a glibc system, and root needs the right to change users; ` +
      'otherwise set SEKISHO_DATABASE_URL to a PostgreSQL of your own (15 to 18).',
  )

/** The last words of a program, bounded. */
function tail(...streams: readonly Readable[]): () => string {
  const kept = { text: '' }
  for (const stream of streams) {
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      kept.text = (kept.text + text).slice(-tailCharactersMax)
    })
  }
  return () => kept.text.trim()
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const absent = (path: string): Promise<boolean> =>
  readFile(path).then(
    () => false,
    (error: unknown) => codeOf(error) === 'ENOENT',
  )

const runMsMax = 120_000
const graceMs = 5_000
const tailCharactersMax = 2_000
