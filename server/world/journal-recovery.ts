import { open, readdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { AttemptIntent, AttemptProgress, AttemptRecord } from '../../core/attempt.ts'
import { inputTokens, NO_USAGE, type Usage } from '../../core/usage.ts'
import type { Log } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import type { Journal } from './journal.ts'
import { reservePath } from './journal-disk.ts'
import type { Segment } from './journal-file.ts'
import { FRAME_TYPES } from './journal-frame.ts'
import { readHead, readWindow } from './journal-reader.ts'
import { readId, readIntent, readProgress, readSettle } from './journal-record.ts'
import { endedSource, type JournalSource, listSegments } from './journal-source.ts'
import { type Lock, takeLock } from './postgres-lock.ts'

export interface RecoveryOptions {
  /** The folder that holds a folder for each writer. */
  readonly root: string
  /** Where ends are written: our own journal. */
  readonly journal: Journal
  /** Writers not to touch: ourselves, and those that were taken over before. */
  readonly known: ReadonlySet<string>
  /** What an interrupted attempt costs (nano-dollars), or `null` when its price is unknown. */
  readonly price: (record: AttemptRecord) => number | null
  readonly log: Log
}

/**
 * Takes over the journals of processes that are gone: settles what they left open as `interrupted`, in our own journal, and
 * gives the journals to be shipped to their end. Dying in the middle of it is harmless: the ends already written are found the
 * next time, and an end that is written twice is stored once.
 */
export async function recover(options: RecoveryOptions): Promise<readonly JournalSource[]> {
  const taken = await takeOver(options)
  // An end may stand in the journal of a process that died while it recovered another one's.
  const interrupted = new Set(taken.flatMap((orphan) => [...orphan.interrupted]))
  const sources: JournalSource[] = []
  for (const orphan of taken) {
    try {
      const left = [...orphan.open.values()].filter((attempt) => !interrupted.has(attempt.intent.id))
      await settleAll(left, options)
      await markSettled(orphan.folder)
      if (left.length > 0)
        options.log.warn(
          { writer: orphan.writer, attempts: left.length },
          'attempts of a process that died are settled as interrupted',
        )
      sources.push(endedSource({ ...orphan, release: () => orphan.lock.release() }))
    } catch (error) {
      options.log.error(
        { writer: orphan.writer, reason: codeOf(error) },
        'a journal could not be recovered; it is tried again',
      )
      await orphan.lock.release()
    }
  }
  return sources
}

/** Says that no attempt of this journal is open, so that nobody needs to look again. */
export async function markSettled(folder: string): Promise<void> {
  const file = await open(join(folder, SETTLED_NAME), 'w', 0o600)
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The lock of a writer's folder: who holds it may write or take over. */
export const lockPath = (folder: string): string => join(folder, 'owner.lock')

interface Orphan {
  readonly writer: string
  readonly folder: string
  readonly lock: Lock
  readonly segments: readonly Segment[]
  readonly open: ReadonlyMap<string, OpenIntent>
  /** Attempts that a recovery settled in this journal. */
  readonly interrupted: ReadonlySet<string>
}

interface OpenIntent {
  readonly intent: AttemptIntent
  readonly progress: AttemptProgress | null
}

const SETTLED_NAME = 'settled'

async function takeOver({ root, known, log }: RecoveryOptions): Promise<readonly Orphan[]> {
  const entries = await readdir(root, { withFileTypes: true })
  const writers = entries.filter((entry) => entry.isDirectory() && !known.has(entry.name)).map((entry) => entry.name)
  const orphans: Orphan[] = []
  for (const writer of writers.sort()) {
    const folder = join(root, writer)
    // Refused while the writer lives: its journal is its own affair.
    const lock = await takeLock({ path: lockPath(folder), what: 'The journal' }).catch(() => undefined)
    if (lock === undefined) continue
    try {
      orphans.push({ writer, folder, lock, ...(await readOrphan(folder, log)) })
    } catch (error) {
      log.error({ writer, reason: codeOf(error) }, 'a journal that was left behind cannot be read')
      await lock.release()
    }
  }
  return orphans
}

async function readOrphan(folder: string, log: Log): Promise<Pick<Orphan, 'segments' | 'open' | 'interrupted'>> {
  // What it had set aside is ours to give back: the disk may be full.
  await rm(reservePath(folder), { force: true })
  const names = await readdir(folder)
  const segments = await listSegments(folder)
  if (names.includes(SETTLED_NAME)) return { segments, open: new Map(), interrupted: new Set() }
  const scanned = await scan(segments)
  const last = segments.at(-1)
  if (last === undefined || scanned.wholeBytes === last.bytes) return { ...scanned, segments }
  log.warn(
    { bytes: last.bytes - scanned.wholeBytes },
    'what stands behind the last whole record of a journal is removed',
  )
  await truncate(last.path, scanned.wholeBytes)
  return { ...scanned, segments: [...segments.slice(0, -1), { ...last, bytes: scanned.wholeBytes }] }
}

/** What is open at the end of a journal, and where the last whole record of its last file ends. Reads from the newest file that carries everything that was open when it began. */
async function scan(segments: readonly Segment[]) {
  for (let start = segments.length - 1; start > 0; start--) {
    const first = segments[start]
    const head = first === undefined ? undefined : (await readHead(first.path))?.head
    if (head === undefined || head.carried === null) continue
    const scanned = await scanFrom(segments.slice(start))
    // A crash in the middle of the carrying leaves some of them to the file before.
    if (scanned.carried >= head.carried) return scanned
  }
  return await scanFrom(segments)
}

async function scanFrom(segments: readonly Segment[]) {
  const open = new Map<string, { payload: string; progress: string | undefined }>()
  const interrupted = new Set<string>()
  let carried = 0
  let wholeBytes = 0
  for (const [index, segment] of segments.entries()) {
    let from = (await readHead(segment.path))?.end ?? 0
    wholeBytes = from
    while (from < segment.bytes) {
      const window = await readWindow(segment.path, { from, to: segment.bytes })
      wholeBytes = from + (window.frames.at(-1)?.end ?? wholeBytes - from)
      from = window.next
      for (const frame of window.frames) {
        const payload = window.bytes.subarray(frame.start, frame.end)
        const id = readId(payload)
        switch (frame.type) {
          case FRAME_TYPES.segment:
            break
          case FRAME_TYPES.carry:
            if (index === 0) carried += 1
            if (!open.has(id)) open.set(id, { payload: payload.toString(), progress: undefined })
            break
          case FRAME_TYPES.intent:
            // An intent that was copied behind its own carry knows less.
            if (!open.has(id)) open.set(id, { payload: payload.toString(), progress: undefined })
            break
          case FRAME_TYPES.progress: {
            const entry = open.get(id)
            if (entry !== undefined) entry.progress = payload.toString()
            break
          }
          case FRAME_TYPES.settle:
            if (!open.delete(id) && readSettle(payload.toString())?.status === 'interrupted') interrupted.add(id)
            break
        }
      }
    }
  }
  return { open: readOpen(open), interrupted, carried, wholeBytes }
}

function readOpen(open: ReadonlyMap<string, { readonly payload: string; readonly progress: string | undefined }>) {
  const read = new Map<string, OpenIntent>()
  for (const [id, entry] of open) {
    const carried = readIntent(entry.payload)
    if (carried === undefined) continue
    const progress = entry.progress === undefined ? undefined : readProgress(entry.progress)
    read.set(id, { intent: carried.intent, progress: progress ?? carried.progress })
  }
  return read
}

/** Writes the ends and waits until they are on the disk; fails when one could not be written. */
async function settleAll(open: readonly OpenIntent[], { journal, price }: RecoveryOptions): Promise<void> {
  for (let at = 0; at < open.length; at += SETTLE_BATCH) {
    const written = open.slice(at, at + SETTLE_BATCH).map((attempt) => {
      const record = interruptedRecord(attempt, price)
      return new Promise<void>((resolve, reject) => {
        journal.record(record, (failure) => (failure === undefined ? resolve() : reject(failure)))
      })
    })
    await Promise.all(written)
  }
  if (open.length > 0 && !(await journal.synced(SYNC_MS_MAX))) throw new Error('the journal does not reach the disk')
}

const SETTLE_BATCH = 500
const SYNC_MS_MAX = 30_000

/** Times are not known: the process that measured them is gone. */
function interruptedRecord({ intent, progress }: OpenIntent, price: RecoveryOptions['price']): AttemptRecord {
  const record: AttemptRecord = {
    ...intent,
    status: 'interrupted',
    reason: 'process_died',
    httpStatus: null,
    modelAnswered: null,
    usage: usageOf(intent, progress),
    usageSource: progress?.source ?? 'counted',
    serviceTier: null,
    wire: null,
    vendorWire: null,
    losses: null,
    replyId: null,
    bookings: [],
    costNano: null,
    pricing: 'unknown',
    queueUs: 0,
    gatewayUs: 0,
    firstByteUs: null,
    totalUs: 0,
  }
  const costNano = price(record)
  if (costNano === null) return record
  const bookings = intent.budgets.map((step) => ({ ...step, nano: costNano }))
  return { ...record, costNano, pricing: 'known', bookings }
}

/** The last figures, and our estimate of the prompt where nobody has counted it yet: many vendors do so at the end only. */
function usageOf(intent: AttemptIntent, progress: AttemptProgress | null): Usage {
  const usage = progress?.usage ?? NO_USAGE
  return inputTokens(usage) === 0 ? { ...usage, input: intent.inputEstimate } : usage
}
