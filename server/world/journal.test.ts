import { readdir } from 'node:fs/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { waitUntil, within } from '../../e2e/kit/wait.ts'
import { NO_USAGE } from '../../core/usage.ts'
import { localDisk } from './journal-disk.ts'
import {
  faultyDisk,
  framesIn,
  intentOf,
  recordOf,
  settled,
  temporaryFolder,
  testJournal,
  testLog,
} from './ledger-test-kit.ts'

describe('the journal', () => {
  test('has an intent in the file when it says so, and an end before it calls back', async () => {
    const folder = await temporaryFolder()
    const journal = await testJournal(folder)
    const intent = intentOf()
    const attempt = journal.open(intent)
    await attempt.written
    expect(await framesIn(folder)).toMatchObject([{ type: 'intent', id: intent.id, segment: 1 }])
    attempt.progress({ ...NO_USAGE, output: 7 }, 'running')
    await settled(attempt, recordOf(intent))
    expect((await framesIn(folder)).map(({ type }) => type)).toEqual(['intent', 'progress', 'settle'])
  })

  test('writes what one turn of the loop brings with one system call', async () => {
    let writes = 0
    const disk = {
      ...localDisk,
      write: (file: number, bytes: Uint8Array, position: number) => {
        writes += 1
        localDisk.write(file, bytes, position)
      },
    }
    const folder = await temporaryFolder()
    const journal = await testJournal(folder, { disk })
    const before = writes
    const attempts = Array.from({ length: 50 }, () => journal.open(intentOf()))
    await Promise.all(attempts.map((attempt) => attempt.written))
    expect(writes - before).toBe(1)
    expect(await framesIn(folder)).toHaveLength(50)
  })

  test('takes more than its buffer holds in one turn, in order', async () => {
    const folder = await temporaryFolder()
    const journal = await testJournal(folder)
    const intents = Array.from({ length: 3_000 }, () => intentOf({ modelAsked: 'é'.repeat(256) }))
    const attempts = intents.map((intent) => journal.open(intent))
    await Promise.all(attempts.map((attempt) => attempt.written))
    expect((await framesIn(folder)).map(({ id }) => id)).toEqual(intents.map(({ id }) => id))
  })

  test('begins a new file with what is open, so that the old one can go', async () => {
    const folder = await temporaryFolder()
    const journal = await testJournal(folder, { segmentBytesMax: 2_000 })
    const open = intentOf()
    const stream = journal.open(open)
    await stream.written
    stream.progress({ ...NO_USAGE, output: 7 }, 'running')
    while (journal.carriedIn < 3) {
      const intent = intentOf()
      const attempt = journal.open(intent)
      await attempt.written
      await settled(attempt, recordOf(intent))
    }
    await settled(stream, recordOf(open))
    const frames = await framesIn(folder)
    expect(frames.filter(({ id }) => id === open.id).map(({ type, segment }) => [segment, type])).toEqual([
      [1, 'intent'],
      [1, 'progress'],
      [2, 'carry'],
      [3, 'carry'],
      [3, 'settle'],
    ])
    expect(journal.segments().map(({ number, sealed }) => [number, sealed])).toEqual([
      [1, true],
      [2, true],
      [3, false],
    ])
  })

  test('writes ends only when intents are switched off', async () => {
    const folder = await temporaryFolder()
    const journal = await testJournal(folder, { intents: false })
    const attempt = journal.open(intentOf())
    await attempt.written
    attempt.progress(NO_USAGE, 'running')
    await settled(attempt, recordOf(intentOf()))
    expect((await framesIn(folder)).map(({ type }) => type)).toEqual(['settle'])
  })

  test('says written only after the sync in strict mode', async () => {
    const gate = Promise.withResolvers<void>()
    const disk = {
      ...localDisk,
      sync: async (file: number) => {
        await gate.promise
        await localDisk.sync(file)
      },
    }
    const folder = await temporaryFolder()
    const journal = await testJournal(folder, { durability: 'strict', disk })
    const attempt = journal.open(intentOf())
    let written = false
    const done = attempt.written.then(() => {
      written = true
    })
    await waitUntil('the intent is in the file', async () => (await framesIn(folder)).length === 1)
    expect(written).toBe(false)
    gate.resolve()
    await within('the sync', done)
  })

  test('closes within its limit while a sync hangs', async () => {
    const never = Promise.withResolvers<void>()
    onTestFinished(() => never.resolve())
    const disk = { ...localDisk, sync: () => never.promise }
    const journal = await testJournal(await temporaryFolder(), { disk })
    const intent = intentOf()
    await settled(journal.open(intent), recordOf(intent))
    await within('the close', journal.close(50))
  })

  test('syncs a file once more when it was left while a sync of it was running', async () => {
    const gate = Promise.withResolvers<void>()
    const running = Promise.withResolvers<void>()
    const unsynced = new Set<number>()
    const closedTooEarly: number[] = []
    const disk = {
      ...localDisk,
      write: (file: number, bytes: Uint8Array, position: number) => {
        localDisk.write(file, bytes, position)
        unsynced.add(file)
      },
      sync: async (file: number) => {
        unsynced.delete(file)
        running.resolve()
        await gate.promise
        await localDisk.sync(file)
      },
      close: (file: number) => {
        if (unsynced.has(file)) closedTooEarly.push(file)
        localDisk.close(file)
      },
    }
    const journal = await testJournal(await temporaryFolder(), { disk, segmentBytesMax: 3_000, syncEveryMs: 1 })
    await within('a sync', running.promise)
    while (journal.carriedIn < 3) await journal.open(intentOf()).written
    gate.resolve()
    expect(await journal.synced(5_000)).toBe(true)
    expect(closedTooEarly).toEqual([])
  })

  test('tells the others when one callback throws', async () => {
    const log = testLog()
    const journal = await testJournal(await temporaryFolder(), { log })
    const [first, second] = [intentOf(), intentOf()]
    journal.open(first).settle(recordOf(first), () => {
      throw new Error('a bug of the caller')
    })
    await within('the second end', settled(journal.open(second), recordOf(second)))
    expect(log.lines.map(({ level }) => level)).toEqual(['error'])
  })
})

describe('on a full disk', () => {
  test('intents are refused, running attempts settle from the reserve, and both work again when there is room', async () => {
    const folder = await temporaryFolder()
    const disk = faultyDisk()
    const journal = await testJournal(folder, { disk })
    const running = [intentOf(), intentOf(), intentOf()]
    const attempts = running.map((intent) => ({ intent, attempt: journal.open(intent) }))
    await Promise.all(attempts.map(({ attempt }) => attempt.written))

    disk.full = true
    const [first, ...others] = attempts
    if (first === undefined) throw new Error('none')
    // In one turn with an end: the end must stay, the intent must not.
    const refused = intentOf()
    const both = [settled(first.attempt, recordOf(first.intent)), journal.open(refused).written] as const
    await expect(both[1]).rejects.toMatchObject({ code: 'storage_exhausted', status: 503 })
    await both[0]
    await expect(journal.open(intentOf()).written).rejects.toMatchObject({ code: 'storage_exhausted' })
    for (const { attempt, intent } of others) await settled(attempt, recordOf(intent))
    expect(journal.trouble).toMatchObject({ code: 'ENOSPC' })

    disk.full = false
    await waitUntil('the journal is well again', () => journal.trouble === undefined)
    const later = intentOf()
    const attempt = journal.open(later)
    await attempt.written
    await settled(attempt, recordOf(later))

    const frames = await framesIn(folder)
    const ids = (type: string) => frames.filter((frame) => frame.type === type).map(({ id }) => id)
    expect(ids('settle').toSorted()).toEqual([...running.map(({ id }) => id), later.id].toSorted())
    expect(ids('intent')).not.toContain(refused.id)
    expect(journal.lost).toBe(0)
    expect(await readdir(folder)).toContain('reserve.blank')
  })

  test('an end is called back and counted as lost when the reserve is full, too', async () => {
    const disk = faultyDisk()
    const log = testLog()
    const journal = await testJournal(await temporaryFolder(), { disk, log, reserveBytes: 1_000, retryEveryMs: 60_000 })
    const intents = Array.from({ length: 6 }, () => intentOf())
    const attempts = intents.map((intent) => ({ intent, attempt: journal.open(intent) }))
    await Promise.all(attempts.map(({ attempt }) => attempt.written))
    disk.full = true
    for (const { attempt, intent } of attempts) await settled(attempt, recordOf(intent))
    expect(journal.lost).toBeGreaterThan(0)
    expect(journal.lost).toBeLessThan(6)
    expect(log.lines.some(({ message }) => message.includes('lost'))).toBe(true)
  })

  test('it starts, refuses, and begins to work when there is room', async () => {
    const disk = faultyDisk()
    disk.full = true
    const journal = await testJournal(await temporaryFolder(), { disk })
    await expect(journal.open(intentOf()).written).rejects.toMatchObject({ code: 'storage_exhausted' })
    disk.full = false
    await waitUntil('the journal works', () => journal.trouble === undefined)
    await journal.open(intentOf()).written
  })
})

describe('when a sync fails', () => {
  test('the file is given up, and what it may have lost stands in a new one', async () => {
    const folder = await temporaryFolder()
    const disk = faultyDisk()
    const log = testLog()
    const journal = await testJournal(folder, { disk, log, syncEveryMs: 30 })
    await journal.synced(1_000)
    const [open, ended] = [intentOf(), intentOf()]
    const [attempt, other] = [journal.open(open), journal.open(ended)]
    await attempt.written
    disk.syncFails = 1
    await settled(other, recordOf(ended))
    await waitUntil('the sync has failed', () => journal.poisoned === 1)
    expect(await journal.synced(5_000)).toBe(true)
    const fresh = (await framesIn(folder)).filter(({ segment }) => segment === 2)
    expect(fresh.filter(({ type }) => type === 'settle').map(({ id }) => id)).toEqual([ended.id])
    expect(fresh.some(({ type, id }) => type === 'carry' && id === open.id)).toBe(true)
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
    expect(journal.trouble).toBeUndefined()
  })

  test('again on the next file, new attempts are refused until one works', async () => {
    const disk = faultyDisk()
    const journal = await testJournal(await temporaryFolder(), { disk, durability: 'strict' })
    await journal.synced(1_000)
    disk.syncFails = 2
    await expect(within('the refusal', journal.open(intentOf()).written)).rejects.toMatchObject({
      code: 'storage_exhausted',
    })
    await expect(journal.open(intentOf()).written).rejects.toMatchObject({ code: 'storage_exhausted' })
    await waitUntil('a sync works', () => journal.trouble === undefined)
    await within('the intent', journal.open(intentOf()).written)
  })
})
