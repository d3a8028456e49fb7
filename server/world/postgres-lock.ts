import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import { codeOf } from './error-code.ts'
import { PostgresRefused } from './postgres-refused.ts'
import { lifeOf, ownIdentity, type ProcessIdentity } from './process-identity.ts'

/** The right to be the only one who works with a folder, until it is released or this process dies. */
export interface Lock {
  release(): Promise<void>
}

export interface LockRequest {
  readonly path: string
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Takes the lock file at `path` for this process. A holder that is gone is replaced; one that lives is an error that names its pid.
 * `what` is the folder in the operator's words. Waits for at most `waitMsMax` (and only where another start is in the way, or
 * the holder lives in another container and must be watched for signs of life).
 */
export async function takeLock(asked: LockRequest): Promise<Lock> {
  const own = { ...ownIdentity(), nonce: randomUUID() }
  const ours = JSON.stringify(own)
  const draft = `${asked.path}.${own.nonce}`
  const limit = AbortSignal.timeout(waitMsMax)
  await writeDurably(draft, ours)
  try {
    while (!(await placed(asked, draft, own))) {
      asked.signal?.throwIfAborted()
      if (limit.aborted)
        throw new PostgresRefused(
          `${asked.what} is being taken by other starts again and again. Try once more when they have ended.`,
        )
      await wait(stepMs, undefined, { signal: asked.signal })
    }
  } finally {
    await rm(draft, { force: true })
  }
  return held(asked.path, ours)
}

/** One try to put the draft in place: false when the state changed under our hands and must be read again. */
async function placed(asked: LockRequest, draft: string, own: ProcessIdentity): Promise<boolean> {
  if (await linked(draft, asked.path)) return true
  const found = await textOf(asked.path)
  if (found === undefined) return false
  const holder = readHolder(found)
  if (holder !== undefined && (await lives(asked, holder, own))) {
    throw new PostgresRefused(
      `${asked.what} is in use by another gateway (process ${holder.pid} on ${holder.host}). ` +
        'Stop that one first, or give this one another folder with --data.',
    )
  }
  return await replaced({ path: asked.path, draft, stale: found })
}

/** The lock file never vanishes during a takeover, and only who holds the guard may replace it: two starts cannot both win. */
async function replaced(takeover: { path: string; draft: string; stale: string }): Promise<boolean> {
  const guard = `${takeover.path}.takeover`
  if (!(await linked(takeover.draft, guard))) {
    await forgetOldGuard(guard)
    return false
  }
  try {
    if ((await textOf(takeover.path)) !== takeover.stale) return false
    await rename(takeover.draft, takeover.path)
    return true
  } finally {
    await rm(guard, { force: true })
  }
}

/** A takeover lasts a few file calls; a guard that is older belongs to a process that was killed in between. */
async function forgetOldGuard(guard: string): Promise<void> {
  const made = await stat(guard).catch(() => undefined)
  if (made !== undefined && Date.now() - made.ctimeMs > guardMsMax) await rm(guard, { force: true })
}

async function lives({ path, signal }: LockRequest, holder: ProcessIdentity, own: ProcessIdentity): Promise<boolean> {
  const life = lifeOf(holder, own)
  if (life !== 'elsewhere') return life === 'alive'
  const before = await touchedAt(path)
  await wait(beatMs * 3, undefined, { signal })
  return (await touchedAt(path)) !== before
}

function held(path: string, ours: string): Lock {
  // The beat is what a process in another container can see of us.
  const beat = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => undefined)
  }, beatMs)
  beat.unref()
  return {
    release: async () => {
      clearInterval(beat)
      if ((await textOf(path)) === ours) await rm(path, { force: true })
    },
  }
}

const holderSchema = z.object({
  pid: z.int(),
  startedAt: z.string(),
  bootId: z.string(),
  pidNamespace: z.string(),
  host: z.string(),
})

/** Content that is not ours to read comes from a disk that lost it: nobody holds the lock then. */
function readHolder(text: string): ProcessIdentity | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A hard link appears with its content or not at all, and never over another. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

const textOf = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined)
const touchedAt = (path: string): Promise<number | undefined> =>
  stat(path).then(
    (found) => found.mtimeMs,
    () => undefined,
  )

const waitMsMax = 10_000
const stepMs = 20
const beatMs = 1_000
const guardMsMax = 10_000
