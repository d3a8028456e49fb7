import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AttemptRecord } from '../../core/attempt.ts'
import type { OpenAttempt } from '../../core/world.ts'
import { Journal, type JournalOptions } from './journal.ts'
import { type JournalDisk, localDisk } from './journal-disk.ts'
import { FRAME_TYPES } from './journal-frame.ts'
import { readHead, readWindow } from './journal-reader.ts'
import { readId, readSettle } from './journal-record.ts'
import { listSegments } from './journal-source.ts'
import { testLog } from './attempts-test-kit.ts'

export { intentOf, recordOf, systemClock, testLog } from './attempts-test-kit.ts'

/** What the tests of journal, shipper and recovery share. */

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sekisho-ledger-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A journal in a folder, closed after the test. */
export async function testJournal(folder: string, some: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await Journal.start({
    folder,
    writer: 'writer_1',
    durability: 'group',
    intents: true,
    segmentBytesMax: 67_108_864,
    reserveBytes: 65_536,
    syncEveryMs: 1,
    retryEveryMs: 5,
    disk: localDisk,
    log: testLog(),
    ...some,
  })
  onTestFinished(() => journal.close(1_000))
  return journal
}

export const settled = (attempt: OpenAttempt, record: AttemptRecord): Promise<void> =>
  new Promise((resolve) => {
    attempt.settle(record, resolve)
  })

interface FoundFrame {
  readonly type: string
  readonly id: string
  readonly segment: number
  readonly payload: string
}

/** Everything that a writer's folder holds, frame by frame. */
export async function framesIn(folder: string): Promise<readonly FoundFrame[]> {
  const found: FoundFrame[] = []
  for (const segment of await listSegments(folder)) {
    let from = (await readHead(segment.path))?.end ?? 0
    while (from < segment.bytes) {
      const window = await readWindow(segment.path, { from, to: segment.bytes })
      from = window.next
      for (const frame of window.frames) {
        const type = Object.entries(FRAME_TYPES).find(([, number]) => number === frame.type)?.[0] ?? ''
        const payload = window.bytes.subarray(frame.start, frame.end)
        found.push({ type, id: readId(payload), segment: segment.number, payload: payload.toString() })
      }
    }
  }
  return found
}

/** The ends among them. */
export async function settlesIn(folder: string): Promise<readonly AttemptRecord[]> {
  const frames = await framesIn(folder)
  return frames.flatMap(({ type, payload }) => (type === 'settle' ? (readSettle(payload) ?? []) : []))
}

/** A disk that a test can fill up or break. */
export function faultyDisk(): JournalDisk & { full: boolean; syncFails: number } {
  const faults = { full: false, syncFails: 0 }
  const sizes = new Map<number, number>()
  return {
    ...localDisk,
    get full() {
      return faults.full
    },
    set full(full: boolean) {
      faults.full = full
    },
    get syncFails() {
      return faults.syncFails
    },
    set syncFails(times: number) {
      faults.syncFails = times
    },
    create: (path) => {
      if (faults.full) throw systemError('ENOSPC')
      return localDisk.create(path)
    },
    openExisting: (path) => {
      const file = localDisk.openExisting(path)
      sizes.set(file, Number.POSITIVE_INFINITY)
      return file
    },
    write: (file, bytes, position) => {
      if (!faults.full || sizes.has(file)) return localDisk.write(file, bytes, position)
      // As a disk does it: what fits is written, then it says no.
      localDisk.write(file, bytes.subarray(0, bytes.length >> 1), position)
      throw systemError('ENOSPC')
    },
    sync: async (file) => {
      if (faults.syncFails > 0) {
        faults.syncFails -= 1
        throw systemError('EIO')
      }
      await localDisk.sync(file)
    },
  }
}

const systemError = (code: string) => Object.assign(new Error(code), { code })
