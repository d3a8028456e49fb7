import { utimesSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { takeLock } from './postgres-lock.ts'
import { PostgresRefused } from './postgres-refused.ts'
import { ownIdentity } from './process-identity.ts'

const now = { folder: '' }
const path = () => join(now.folder, 'postgres.lock')
const take = () => takeLock({ path: path(), what: 'The data folder' })
const leave = (holder: object) => writeFile(path(), JSON.stringify({ ...ownIdentity(), ...holder }))

beforeEach(async () => {
  now.folder = await mkdtemp(join(tmpdir(), 'sekisho-lock-'))
})
afterEach(() => rm(now.folder, { recursive: true, force: true }))

test('a lock that is held is refused with the pid of its holder, and free after its release', async () => {
  const lock = await take()
  await expect(take()).rejects.toThrow(`process ${process.pid}`)
  await expect(take()).rejects.toBeInstanceOf(PostgresRefused)
  await lock.release()
  const again = await take()
  await again.release()
  expect(await readdir(now.folder)).toEqual([])
})

test('the lock of a process that ended is taken over, also when its pid has been given to another process since', async () => {
  await leave({ startedAt: '1' })
  const lock = await take()
  expect(await readFile(path(), 'utf8')).toContain(ownIdentity().startedAt)
  await lock.release()
})

test('the lock of a process from before the last start of the machine is taken over at once', async () => {
  await leave({ bootId: 'another boot' })
  await (await take()).release()
})

test("a lock file that a crash left without content is nobody's", async () => {
  await writeFile(path(), '')
  await (await take()).release()
})

test('of many starts that find the same dead lock at once, exactly one gets it', async () => {
  await leave({ startedAt: '1' })
  const tries = await Promise.allSettled(Array.from({ length: 12 }, take))
  const won = tries.filter((each) => each.status === 'fulfilled')
  expect(won).toHaveLength(1)
  const refusals = tries.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  expect(refusals.every((reason) => reason instanceof PostgresRefused)).toBe(true)
  await won[0]?.value.release()
  expect(await readdir(now.folder)).toEqual([])
})

test('a holder in another container is believed as long as it shows signs of life', async () => {
  await leave({ pidNamespace: 'pid:[1]' })
  const beat = setInterval(() => utimesSync(path(), new Date(), new Date()), 200)
  try {
    await expect(take()).rejects.toThrow('in use by another gateway')
  } finally {
    clearInterval(beat)
  }
  await (await take()).release()
}, 15_000)

test('waiting for a holder ends when it is cancelled', async () => {
  await leave({ pidNamespace: 'pid:[1]' })
  const cancelled = new AbortController()
  const taken = takeLock({ path: path(), what: 'The data folder', signal: cancelled.signal })
  cancelled.abort(new Error('enough'))
  await expect(taken).rejects.toThrow()
})
