import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pool } from 'pg'
import type { AttemptIntent, AttemptRecord } from '../../core/attempt.ts'
import type { Clock, Ledger, Log, OpenAttempt } from '../../core/world.ts'
import type { Config } from '../config-schema.ts'
import { codeOf } from './error-code.ts'
import { Journal } from './journal.ts'
import { Backlog } from './journal-backlog.ts'
import { type JournalDisk, localDisk } from './journal-disk.ts'
import { lockPath, markSettled } from './journal-recovery.ts'
import { Takeover } from './journal-takeover.ts'
import { type Lock, takeLock } from './postgres-lock.ts'
import { Shipper } from './shipper.ts'

export interface LedgerOptions {
  /** Holds a folder for each process that writes or has written, and the quarantine file. Made when it is not there. */
  readonly folder: string
  readonly journal: Config['journal']
  /** Not necessarily reachable. Its own limits end a statement that takes too long. */
  readonly pool: Pool
  /** What an interrupted attempt costs (nano-dollars), or `null` when its price is unknown. */
  readonly price: (record: AttemptRecord) => number | null
  readonly clock: Clock
  readonly log: Log
  /** What tests set smaller. */
  readonly tuning?: Partial<LedgerTuning>
}

export interface LedgerTuning {
  readonly segmentBytesMax: number
  readonly syncEveryMs: number
  readonly retryEveryMs: number
  readonly shipEveryMs: number
  readonly shipBackoffMsMax: number
  readonly recoverEveryMs: number
  /** How long shipped files stay (milliseconds), and how much of them (bytes). */
  readonly keepMs: number
  readonly keepBytesMax: number
  readonly disk: JournalDisk
}

export interface RunningLedger extends Ledger {
  /** Resolves when what an earlier process left open has been settled in the journal (or was found to belong to a living one). */
  readonly recovered: Promise<void>
  status(): LedgerStatus
  /** The end, once: brings the journal to the disk, ships what it can within the limit, leaves the rest to the next start. Nothing may be opened or settled afterwards. */
  drain(deadlineMs: number): Promise<void>
}

/** For `/readyz` and metrics; counts are since the start. */
export interface LedgerStatus {
  /** `exhausted`: the disk takes no more. `full`: the journal has reached its limit because the database is away. Both refuse new attempts. */
  readonly state: 'ok' | 'exhausted' | 'full'
  /** Why it is exhausted, as the system's error code. */
  readonly reason: string | null
  readonly database: 'ok' | 'away'
  readonly behindBytes: number
  /** Whether what dead processes left has not been looked for yet: until then, nobody knows what else is undelivered. */
  readonly recovering: boolean
  readonly openAttempts: number
  readonly shipped: number
  /** Refused by the database for their content, and set aside. */
  readonly quarantined: number
  /** Ends that could be written nowhere. */
  readonly lost: number
  /** What the disk lost of the journal: records, and bytes that are none. */
  readonly missing: number
  readonly damagedBytes: number
  /** Files given up because a sync failed. */
  readonly poisoned: number
}

/** Begins a journal of its own, follows it to the database, and takes over what dead processes left. */
export async function startLedger(options: LedgerOptions): Promise<RunningLedger> {
  const tuning = { ...TUNING, ...options.tuning }
  const { clock, log, pool } = options
  const place = await claimFolder(options)
  const journal = await Journal.start({
    folder: place.folder,
    writer: place.writer,
    durability: options.journal.durability,
    intents: options.journal.intent,
    reserveBytes: options.journal.reserveBytes,
    ...tuning,
    log,
  })
  const shipper = new Shipper({
    pool,
    quarantinePath: join(options.folder, 'quarantine.jsonl'),
    everyMs: tuning.shipEveryMs,
    backoffMsMax: tuning.shipBackoffMsMax,
    ...tuning,
    pressed: () => journal.trouble !== undefined,
    clock,
    log,
  })
  await shipper.follow({
    writer: place.writer,
    folder: place.folder,
    segments: () => journal.segments(),
    get keepFrom() {
      return journal.carriedIn
    },
    forget: (number) => journal.forget(number),
    ended: false,
    release: () => place.lock.release(),
  })
  shipper.start()
  const backlog = new Backlog({ journal, shipper, bytesMax: options.journal.bytesMax })
  const takeover = new Takeover({
    root: options.folder,
    own: place.writer,
    journal,
    shipper,
    price: options.price,
    everyMs: tuning.recoverEveryMs,
    log,
  })

  const drain = async (deadlineMs: number) => {
    const until = clock.monotonic() + deadlineMs
    const rest = () => Math.max(0, until - clock.monotonic())
    await takeover.stop(rest())
    await journal.synced(rest())
    await shipper.stop(rest())
    backlog.stop()
    const open = journal.openAttempts
    await journal.close(CLOSE_MS_MAX)
    if (open === 0 && journal.lost === 0) await markSettled(place.folder)
    await place.lock.release()
  }
  let drained: Promise<void> | undefined

  return {
    recovered: takeover.first,
    open: (intent: AttemptIntent): OpenAttempt =>
      backlog.full ? journal.refuse(intent, new Error('the journal is at its limit')) : journal.open(intent),
    status: () => ({
      state: journal.trouble !== undefined ? 'exhausted' : backlog.full ? 'full' : 'ok',
      reason: journal.trouble === undefined ? null : codeOf(journal.trouble),
      database: shipper.away ? 'away' : 'ok',
      behindBytes: shipper.behindBytes,
      recovering: takeover.recovering,
      openAttempts: journal.openAttempts,
      ...shipper.counts,
      lost: journal.lost,
      poisoned: journal.poisoned,
    }),
    drain: (deadlineMs) => {
      drained ??= drain(deadlineMs)
      return drained
    },
  }
}

const TUNING: LedgerTuning = {
  segmentBytesMax: 67_108_864,
  syncEveryMs: 20,
  retryEveryMs: 1_000,
  shipEveryMs: 250,
  shipBackoffMsMax: 2_000,
  recoverEveryMs: 10_000,
  keepMs: 3_600_000,
  keepBytesMax: 268_435_456,
  disk: localDisk,
}

/** The last sync of a shutdown must not hang on a broken disk (milliseconds). */
const CLOSE_MS_MAX = 2_000

/** A folder of our own, by a name that nobody had before. Another process that looks for orphans may be quicker at the lock: then another name. */
async function claimFolder({
  folder: root,
  clock,
}: LedgerOptions): Promise<{ readonly writer: string; readonly folder: string; readonly lock: Lock }> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  for (let attempt = 1; ; attempt++) {
    const writer = `${new Date(clock.now()).toISOString().replace(/\D/g, '').slice(0, 14)}-${randomUUID()}`
    const folder = join(root, writer)
    await mkdir(folder, { mode: 0o700 })
    await localDisk.syncFolder(root)
    try {
      return { writer, folder, lock: await takeLock({ path: lockPath(folder), what: 'The journal' }) }
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      if (attempt === CLAIM_ATTEMPTS_MAX) throw error
    }
  }
}

const CLAIM_ATTEMPTS_MAX = 3
