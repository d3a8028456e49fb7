import { cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { NO_USAGE } from '../../core/usage.ts'
import type { Journal, JournalOptions } from './journal.ts'
import { listFrames } from './journal-frame.ts'
import { lockPath, recover } from './journal-recovery.ts'
import { readSegmentHead } from './journal-segment.ts'
import {
  faultyDisk,
  intentOf,
  recordOf,
  settled,
  settlesIn,
  temporaryFolder,
  testJournal,
  testLog,
} from './ledger-test-kit.ts'
import { takeLock } from './postgres-lock.ts'

describe('recovery', () => {
  test('settles what a dead process left open, with its last figures, once', async () => {
    const root = await temporaryFolder()
    const [streamed, silent, ended] = [intentOf(), intentOf({ inputEstimate: 40 }), intentOf()]
    await deadWriter(root, 'a', async (journal) => {
      const stream = journal.open(streamed)
      const open = journal.open(silent)
      const done = journal.open(ended)
      await open.written
      stream.progress({ ...NO_USAGE, input: 3, output: 5 }, 'running')
      stream.progress({ ...NO_USAGE, input: 3, output: 9 }, 'running')
      await settled(done, recordOf(ended))
    })
    const first = await recoverInto(root, 'b')
    expect(first.sources.map(({ writer }) => writer)).toEqual(['a'])
    expect(byId(first.settled)).toEqual({
      [streamed.id]: expect.objectContaining({
        status: 'interrupted',
        reason: 'process_died',
        usage: { ...NO_USAGE, input: 3, output: 9 },
        usageSource: 'running',
        costNano: 77,
        pricing: 'known',
        at: streamed.at,
      }),
      [silent.id]: expect.objectContaining({
        status: 'interrupted',
        usage: { ...NO_USAGE, input: 40 },
        usageSource: 'counted',
      }),
    })
    await first.release()
    expect((await recoverInto(root, 'c')).settled).toEqual([])
  })

  test('removes an end that was cut short, at whatever byte, and books its attempt as interrupted', async () => {
    const root = await temporaryFolder()
    const [whole, cut] = [intentOf(), intentOf()]
    const folder = await deadWriter(root, 'a', async (journal) => {
      await settled(journal.open(whole), recordOf(whole))
      const attempt = journal.open(cut)
      await attempt.written
      await settled(attempt, recordOf(cut))
    })
    const path = join(folder, '00000001.journal')
    const bytes = await readFile(path)
    const records = readSegmentHead(bytes)?.end ?? 0
    const last = listFrames(bytes.subarray(records)).at(-2)
    if (last === undefined) throw new Error('no frame')
    const lastStart = records + last.end
    for (let length = lastStart; length < bytes.length; length++) {
      const place = join(await temporaryFolder(), 'journal')
      await mkdir(join(place, 'a'), { recursive: true })
      await writeFile(join(place, 'a', '00000001.journal'), bytes.subarray(0, length))
      const recovered = await recoverInto(place, 'b')
      expect(recovered.settled.map(({ id }) => id)).toEqual([cut.id])
      expect((await readFile(join(place, 'a', '00000001.journal'))).length).toBe(lastStart)
      await recovered.release()
    }
  })

  test('finds the records behind a damaged place in the middle', async () => {
    const root = await temporaryFolder()
    const intents = Array.from({ length: 30 }, () => intentOf())
    const folder = await deadWriter(root, 'a', async (journal) => {
      const attempts = intents.map((intent) => ({ intent, attempt: journal.open(intent) }))
      for (const { attempt, intent } of attempts.slice(0, 20)) await settled(attempt, recordOf(intent))
    })
    const path = join(folder, '00000001.journal')
    const bytes = await readFile(path)
    // The end of the fifth attempt loses a byte: its attempt looks open again, the others are as they were.
    const at = bytes.lastIndexOf(`["${intents[4]?.id}"`)
    bytes[at + 60] = (bytes[at + 60] ?? 0) ^ 1
    await writeFile(path, bytes)
    const recovered = await recoverInto(root, 'b')
    expect(recovered.settled.map(({ id }) => id).toSorted()).toEqual(
      intents
        .filter((_, index) => index === 4 || index >= 20)
        .map(({ id }) => id)
        .toSorted(),
    )
  })

  test('finds a stream that was open over several files in the newest one, with the figures it was carried with', async () => {
    const root = await temporaryFolder()
    const open = intentOf()
    const folder = await deadWriter(
      root,
      'a',
      async (journal) => {
        const stream = journal.open(open)
        await stream.written
        stream.progress({ ...NO_USAGE, input: 3, output: 5 }, 'running')
        while (journal.carriedIn < 4) {
          const intent = intentOf()
          await settled(journal.open(intent), recordOf(intent))
        }
      },
      { segmentBytesMax: 2_000 },
    )
    // The older files may have been shipped and deleted.
    for (const number of [1, 2, 3]) await truncate(join(folder, `0000000${number}.journal`), 0)
    const recovered = await recoverInto(root, 'b')
    expect(recovered.settled).toMatchObject([{ id: open.id, usage: { input: 3, output: 5 }, usageSource: 'running' }])
  })

  test('goes back a file when the process died while it carried its open attempts over', async () => {
    const root = await temporaryFolder()
    const open = [intentOf(), intentOf(), intentOf()]
    const folder = await deadWriter(
      root,
      'a',
      async (journal) => {
        for (const intent of open) await journal.open(intent).written
        while (journal.carriedIn < 2) {
          const intent = intentOf()
          await settled(journal.open(intent), recordOf(intent))
        }
      },
      { segmentBytesMax: 3_000 },
    )
    const path = join(folder, '00000002.journal')
    const bytes = await readFile(path)
    const end = readSegmentHead(bytes)?.end ?? 0
    const firstCarry = listFrames(bytes.subarray(end))[0]
    await truncate(path, end + (firstCarry?.end ?? 0) + 20)
    const recovered = await recoverInto(root, 'b')
    const lostEnd = recovered.settled.filter(({ id }) => !open.some((intent) => intent.id === id))
    expect(recovered.settled.filter(({ id }) => open.some((intent) => intent.id === id))).toHaveLength(3)
    // Whatever stood behind the cut: its own intent may be in the first file.
    expect(lostEnd.length).toBeLessThanOrEqual(1)
  })

  test('writes each end once when it dies in the middle and starts again', async () => {
    const root = await temporaryFolder()
    const open = [intentOf(), intentOf(), intentOf()]
    const dead = await deadWriter(root, 'a', async (journal) => {
      for (const intent of open) await journal.open(intent).written
    })
    const untouched = join(await temporaryFolder(), 'a')
    await cp(dead, untouched, { recursive: true })
    const first = await recoverInto(root, 'b')
    expect(first.settled).toHaveLength(3)
    await first.release()
    // As if it had died after writing two of them, and before it marked the journal of the dead as settled.
    await cp(untouched, dead, { recursive: true, force: true })
    await rm(join(dead, 'settled'))
    const path = join(root, 'b', '00000001.journal')
    const bytes = await readFile(path)
    await truncate(path, bytes.lastIndexOf('["') - 4)
    const second = await recoverInto(root, 'c')
    expect(second.settled).toHaveLength(1)
    expect([...(await settlesIn(join(root, 'b'))), ...second.settled].map(({ id }) => id).toSorted()).toEqual(
      open.map(({ id }) => id).toSorted(),
    )
  })

  test('leaves the journal of a living process alone', async () => {
    const root = await temporaryFolder()
    await deadWriter(root, 'a', async (journal) => {
      await journal.open(intentOf()).written
    })
    const lock = await takeLock({ path: lockPath(join(root, 'a')), what: 'The journal' })
    const during = await recoverInto(root, 'b')
    expect(during.sources).toEqual([])
    await lock.release()
    expect((await recoverInto(root, 'c')).settled).toHaveLength(1)
  })

  test('settles from a reserve that was in use', async () => {
    const root = await temporaryFolder()
    const [ended, open] = [intentOf(), intentOf()]
    const disk = faultyDisk()
    await deadWriter(
      root,
      'a',
      async (journal) => {
        const attempt = journal.open(ended)
        await journal.open(open).written
        disk.full = true
        await settled(attempt, recordOf(ended))
      },
      { disk, retryEveryMs: 60_000, reserveBytes: 1_000_000 },
    )
    expect((await recoverInto(root, 'b')).settled.map(({ id }) => id)).toEqual([open.id])
    // The zeros that were left of it are no damage.
    expect((await readFile(join(root, 'a', '00000002.journal'))).length).toBeLessThan(2_000)
  })
})

/** The folder of a process that was killed after `write`: its files as they stood, its lock gone with it. */
async function deadWriter(
  root: string,
  writer: string,
  write: (journal: Journal) => Promise<void>,
  options: Partial<JournalOptions> = {},
): Promise<string> {
  const working = join(await temporaryFolder(), writer)
  const folder = join(root, writer)
  await mkdir(working, { recursive: true })
  const journal = await testJournal(working, { writer, ...options })
  await write(journal)
  await cp(working, folder, { recursive: true })
  return folder
}

/** Recovers everything under `root` into the journal of a new writer. */
async function recoverInto(root: string, writer: string) {
  const folder = join(root, writer)
  await mkdir(folder)
  const lock = await takeLock({ path: lockPath(folder), what: 'The journal' })
  const journal = await testJournal(folder, { writer })
  const sources = await recover({ root, journal, known: new Set([writer]), price: () => 77, log: testLog() })
  const release = async () => {
    for (const source of sources) await source.release()
    await lock.release()
  }
  onTestFinished(release)
  return { sources, settled: await settlesIn(folder), release }
}

const byId = (records: readonly { readonly id: string }[]) =>
  Object.fromEntries(records.map((record) => [record.id, record]))
