import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { open, readFile, readlink, realpath, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Account, runAs } from './postgres-account.ts'
import type { Binaries } from './postgres-binaries.ts'
import { ENVIRONMENT, notStarted } from './postgres-data.ts'
import { PostgresRefused } from './postgres-refused.ts'
import { startOf } from './process-identity.ts'

/** A running PostgreSQL server. */
export interface Postmaster {
  readonly pid: number
  /** The folder of its Unix socket. */
  readonly socketFolder: string
  /** Resolves when the process has ended, however that came. Stops waiting when `signal` is aborted. */
  ended(signal: AbortSignal): Promise<void>
}

export interface PostmasterPlan {
  readonly binaries: Binaries
  readonly account: Account | undefined
  readonly cluster: string
  readonly socketFolder: string
  /** The file that its messages are appended to. */
  readonly logPath: string
  /** Beside what always holds; for tests. */
  readonly settings?: readonly string[]
  /** `own` (a session of its own): Ctrl-C in our terminal does not reach it, nor our death. */
  readonly group: 'own' | 'ours'
  readonly signal?: AbortSignal | undefined
}

/** Starts PostgreSQL and waits until it takes connections; a recovery after a crash is waited out, up to `readyMsMax`. */
export async function startPostmaster(plan: PostmasterPlan): Promise<Postmaster> {
  plan.signal?.throwIfAborted()
  const logStart = await sizeOf(plan.logPath)
  const log = openSync(plan.logPath, 'a', 0o600)
  const child = spawn(join(plan.binaries.bin, 'postgres'), optionsOf(plan), {
    ...runAs(plan.account),
    cwd: '/',
    env: ENVIRONMENT,
    detached: plan.group === 'own',
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.unref()
  const end = new AbortController()
  const failure = new Promise<never>((_, fail) => {
    child.once('error', (error) => fail(notStarted('postgres', error)))
  })
  failure.catch(() => end.abort())
  child.once('exit', () => end.abort())
  const { pid } = child
  // Without a pid nothing runs, and the error event follows.
  if (pid === undefined) return await failure
  const postmaster = {
    pid,
    socketFolder: plan.socketFolder,
    ended: (signal: AbortSignal) => aborted(AbortSignal.any([end.signal, signal])),
  }
  try {
    await ready({ pid, cluster: plan.cluster, signal: plan.signal, end: end.signal })
    return postmaster
  } catch (error) {
    if (end.signal.aborted)
      throw new PostgresRefused(
        `PostgreSQL ended while it was starting. Its last words (${plan.logPath}): ${await wordsSince(plan.logPath, logStart)}`,
      )
    await stopPostmaster(pid)
    throw error
  }
}

/**
 * The postmaster that already runs on this cluster, or `undefined`. A process that merely has the pid which an old file names is told
 * apart, and that file is removed: PostgreSQL would take it for a server that still runs.
 */
export async function findPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const file = await readPidFile(cluster)
  if (file === undefined || startOf(file.pid) === undefined) return undefined
  if (!(await servesCluster(file.pid, cluster))) {
    await rm(join(cluster, PID_FILE), { force: true })
    return undefined
  }
  return {
    pid: file.pid,
    socketFolder: file.socketFolder,
    ended: (signal) => gone(file.pid, { signal, everyMs: watchMs, ref: false }),
  }
}

/** Whether the process was started from these programs: one from others (an update came) is started anew rather than adopted. */
export async function runsFrom(pid: number, binaries: Binaries): Promise<boolean> {
  if (process.platform !== 'linux') return true
  const running = await readlink(`/proc/${pid}/exe`).catch(() => '')
  return running === (await realpath(join(binaries.bin, 'postgres')))
}

/** Waits until the cluster's postmaster takes connections. */
export async function ready(asked: {
  readonly pid: number
  readonly cluster: string
  readonly signal?: AbortSignal | undefined
  readonly end?: AbortSignal
}): Promise<void> {
  const limit = AbortSignal.timeout(readyMsMax)
  const signal = AbortSignal.any([limit, ...(asked.signal ? [asked.signal] : []), ...(asked.end ? [asked.end] : [])])
  for (;;) {
    const file = await readPidFile(asked.cluster)
    if (file?.pid === asked.pid && file.status === 'ready') return
    asked.signal?.throwIfAborted()
    if (asked.end?.aborted === true || startOf(asked.pid) === undefined)
      throw new PostgresRefused('PostgreSQL ended while it was being waited for.')
    if (limit.aborted)
      throw new PostgresRefused(
        `PostgreSQL did not come up within ${readyMsMax / 1000} s. It may still be recovering; start again later.`,
      )
    await wait(stepMs, undefined, { signal }).catch(() => undefined)
  }
}

/**
 * Stops a postmaster: first so that it closes every session and writes everything out, then, if that takes too long, at once (the
 * next start recovers). It is never killed: that would leave its children behind. False when it still runs after both.
 */
export async function stopPostmaster(pid: number): Promise<boolean> {
  for (const [signal, msMax] of STOPS) {
    if (!signalled(pid, signal)) return true
    const limit = AbortSignal.timeout(msMax)
    await gone(pid, { signal: limit, everyMs: stepMs, ref: true })
    if (startOf(pid) === undefined) return true
  }
  return false
}

const STOPS = [
  ['SIGINT', 15_000],
  ['SIGQUIT', 10_000],
] as const

function optionsOf(plan: PostmasterPlan): readonly string[] {
  const settings = [
    'listen_addresses=',
    `unix_socket_directories=${quoted(plan.socketFolder)}`,
    'unix_socket_permissions=0700',
    'port=5432',
    'fsync=on',
    'full_page_writes=on',
    'synchronous_commit=on',
    'timezone=UTC',
    'logging_collector=off',
    'log_destination=stderr',
    // Neither statements nor rows: they hold what people gave us.
    'log_min_error_statement=panic',
    'log_error_verbosity=terse',
    ...(plan.settings ?? []),
  ]
  return ['-D', plan.cluster, ...settings.flatMap((setting) => ['-c', setting])]
}

/** The setting is a list: a folder with a blank or a comma in its name stands in quotes. */
const quoted = (folder: string): string => `"${folder.replaceAll('"', '""')}"`

interface PidFile {
  readonly pid: number
  readonly socketFolder: string
  readonly status: string
}

/** `postmaster.pid`: pid, data directory, start time, port, socket folder, address, memory key, status; one line each. */
async function readPidFile(cluster: string): Promise<PidFile | undefined> {
  const text = await readFile(join(cluster, PID_FILE), 'utf8').catch(() => '')
  const lines = text.split('\n').map((line) => line.trim())
  const pid = Number(lines[0])
  return Number.isInteger(pid) && pid > 0 ? { pid, socketFolder: lines[4] ?? '', status: lines[7] ?? '' } : undefined
}

/** A postmaster works in its data directory, as the owner of it. */
async function servesCluster(pid: number, cluster: string): Promise<boolean> {
  if (process.platform !== 'linux') return true
  const [folder, owner, runner] = await Promise.all([
    readlink(`/proc/${pid}/cwd`).catch(() => ''),
    stat(cluster),
    stat(`/proc/${pid}`).catch(() => undefined),
  ])
  return folder === (await realpath(cluster)) && runner?.uid === owner.uid
}

/** For a process that is not our child: nobody tells us its end, so we look. `ref`: whether the wait keeps our own process going. */
async function gone(
  pid: number,
  look: { readonly signal: AbortSignal; readonly everyMs: number; readonly ref: boolean },
): Promise<void> {
  const start = startOf(pid)
  while (start !== undefined && startOf(pid) === start && !look.signal.aborted) {
    await wait(look.everyMs, undefined, { signal: look.signal, ref: look.ref }).catch(() => undefined)
  }
}

function signalled(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (found) => found.size,
    () => 0,
  )

async function wordsSince(path: string, start: number): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(wordsBytesMax), 0, wordsBytesMax, start)
    return buffer.toString('utf8', 0, bytesRead).trim()
  } finally {
    await file.close()
  }
}

const PID_FILE = 'postmaster.pid'
const readyMsMax = 120_000
const stepMs = 15
const watchMs = 250
const wordsBytesMax = 2_000
