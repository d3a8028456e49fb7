import type { AttemptIntent, AttemptRecord } from '../../core/attempt.ts'
import type { Usage, UsageSource } from '../../core/usage.ts'
import type { Log, OpenAttempt } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import { type JournalDisk, makeReserve } from './journal-disk.ts'
import { createSegment, type Segment, sealed, takeReserve, type WritableSegment } from './journal-file.ts'
import {
  FRAME_HEAD_BYTES,
  FRAME_TYPES,
  type FrameType,
  frameBytesMax,
  listFrames,
  writeFrame,
} from './journal-frame.ts'
import { JournalGroup } from './journal-group.ts'
import { type AttemptSink, exhaustedFault, JournalAttempt, OpenChain, refusedAttempt } from './journal-open.ts'
import { writeIntent, writeProgress, writeSettle } from './journal-record.ts'
import { JournalSync } from './journal-sync.ts'

export interface JournalOptions {
  /** Of this writer alone; exists already. */
  readonly folder: string
  readonly writer: string
  /** `group`: written means in the page cache. `strict`: on the disk. */
  readonly durability: 'group' | 'strict'
  /** Off, only ends are written: a killed process loses its open attempts. */
  readonly intents: boolean
  readonly segmentBytesMax: number
  readonly reserveBytes: number
  /** Pause between two syncs (milliseconds). */
  readonly syncEveryMs: number
  /** Pause between two tries to write again on a full disk (milliseconds). */
  readonly retryEveryMs: number
  readonly disk: JournalDisk
  readonly log: Log
}

/**
 * The append-only file of intents, figures and ends. Whatever is appended in one turn of the event loop goes to the page cache
 * with one write at the end of that turn, before anybody is told that it is written; syncs to the disk follow in the background.
 * When the disk is full, intents are refused and ends go to a file that was set aside, until there is room again.
 */
export class Journal implements AttemptSink {
  readonly #options: JournalOptions
  readonly #buffer = Buffer.allocUnsafe(GROUP_BYTES_MAX)
  #used = 0
  #frames = 0
  #group = new JournalGroup()
  /** Groups that were written (or refused) in this turn and whose callers have not been told. */
  #done: JournalGroup[] = []
  #turnPlanned = false
  readonly #open = new OpenChain()
  readonly #sync: JournalSync
  /** `undefined`: the disk was full from the start. */
  #segment: WritableSegment | undefined
  readonly #sealed: Segment[] = []
  /** All open attempts stand in this file or later ones. */
  #carriedIn = 0
  #nextNumber = 1
  #framesWritten = 0
  #bytesWritten = 0
  #lost = 0
  #exhausted: Error | undefined
  #retry: NodeJS.Timeout | undefined
  #closed = false

  /** Never fails: on a full disk it starts exhausted, and gets well by itself. */
  static async start(options: JournalOptions): Promise<Journal> {
    const journal = new Journal(options)
    await journal.#begin()
    return journal
  }

  private constructor(options: JournalOptions) {
    this.#options = options
    this.#sync = new JournalSync({
      everyMs: options.durability === 'strict' ? 0 : options.syncEveryMs,
      disk: options.disk,
      folder: options.folder,
      log: options.log,
      poisoned: (segment) => this.#replace(segment),
    })
  }

  /** Why new intents are refused, or `undefined` when all is well. */
  get trouble(): Error | undefined {
    return this.#exhausted ?? this.#sync.trouble
  }

  /** Ends that could not be written at all: neither to the journal nor to the reserve. */
  get lost(): number {
    return this.#lost
  }

  get poisoned(): number {
    return this.#sync.poisoned
  }

  /** Bytes of records since the start. */
  get bytesWritten(): number {
    return this.#bytesWritten
  }

  /** Files below this number hold no open attempt. */
  get carriedIn(): number {
    return this.#carriedIn
  }

  get openAttempts(): number {
    return this.#open.list().length
  }

  open(intent: AttemptIntent): OpenAttempt {
    const trouble = this.trouble
    if (trouble !== undefined) return this.refuse(intent, trouble)
    if (!this.#options.intents) return new JournalAttempt(this, intent, WRITTEN)
    this.#append(FRAME_TYPES.intent, writeIntent(intent))
    const attempt = new JournalAttempt(this, intent, this.#group.written())
    this.#group.opened.push(attempt)
    return attempt
  }

  /** A handle for an attempt that must not be sent. */
  refuse(intent: AttemptIntent, cause: Error): OpenAttempt {
    return refusedAttempt(this, intent, cause)
  }

  progress(attempt: JournalAttempt, usage: Usage, source: UsageSource): void {
    attempt.last = { usage, source }
    // A full disk keeps its last room for ends.
    if (!this.#options.intents || this.#exhausted !== undefined) return
    this.#append(FRAME_TYPES.progress, writeProgress({ id: attempt.intent.id, usage, source }))
  }

  settle(attempt: JournalAttempt, record: AttemptRecord, written: () => void): void {
    this.record(record, written)
    this.#group.ended.push(attempt)
  }

  /** Appends an end without a handle: of an attempt that another process left open. `written` learns of a failure. */
  record(record: AttemptRecord, written: (failure: Error | undefined) => void): void {
    this.#append(FRAME_TYPES.settle, writeSettle(record))
    this.#group.callbacks.push(written)
  }

  /** Whether everything appended before is on the disk, after `limitMs` at most. */
  async synced(limitMs: number): Promise<boolean> {
    this.#write()
    const frames = this.#framesWritten
    return await new Promise((resolve) => {
      const limit = setTimeout(() => resolve(false), limitMs)
      this.#sync.await(frames, (failure) => {
        clearTimeout(limit)
        resolve(failure === undefined)
      })
    })
  }

  /** The files in order, the one that is being written last. */
  segments(): readonly Segment[] {
    const current = this.#segment
    return current === undefined ? [...this.#sealed] : [...this.#sealed, { ...sealed(current), sealed: false }]
  }

  /** Says that the oldest file has been deleted. */
  forget(number: number): void {
    if (this.#sealed[0]?.number === number) this.#sealed.shift()
  }

  /** Writes and syncs the rest, as far as the disk allows within the limit, and closes the files. Nothing may be appended afterwards. */
  async close(deadlineMs: number): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    await this.synced(deadlineMs)
    this.#turn()
    await this.#sync.stop()
    if (this.#segment !== undefined) {
      this.#options.disk.truncate(this.#segment.file, this.#segment.bytes)
      this.#options.disk.close(this.#segment.file)
      this.#sealed.push(sealed(this.#segment))
      this.#segment = undefined
    }
  }

  async #begin(): Promise<void> {
    try {
      this.#rotate()
      await makeReserve(this.#options.folder, this.#options.reserveBytes)
    } catch (error) {
      this.#exhaust(error)
    }
  }

  #append(type: FrameType, payload: string): void {
    if (this.#used + frameBytesMax(payload) > this.#buffer.length) this.#write()
    this.#used = writeFrame(this.#buffer, this.#used, type, payload)
    this.#frames += 1
    if (this.#turnPlanned) return
    this.#turnPlanned = true
    setImmediate(this.#turn)
  }

  /** The end of a turn of the loop: one write, then everybody who waited for it is told. */
  readonly #turn = (): void => {
    this.#turnPlanned = false
    this.#write()
    const groups = this.#done
    this.#done = []
    for (const group of groups) {
      if (this.#options.durability === 'strict')
        this.#sync.await(group.framesEnd, (failure) => this.#tellStrictly(group, failure))
      else group.tell(this.#options.log)
    }
  }

  /** What is not on the disk is not written, in this mode. */
  #tellStrictly(group: JournalGroup, failure: Error | undefined): void {
    if (failure !== undefined) {
      group.refused = exhaustedFault(failure)
      for (const attempt of group.opened) this.#open.remove(attempt)
    }
    group.tell(this.#options.log)
  }

  #write(): void {
    if (this.#used === 0) return
    const group = this.#group
    const bytes = this.#buffer.subarray(0, this.#used)
    const frames = this.#frames
    this.#group = new JournalGroup()
    this.#used = 0
    this.#frames = 0
    this.#writeGroup(group, bytes, frames)
    group.framesEnd = this.#framesWritten
    this.#done.push(group)
    // Linked only now: a new file carries exactly the attempts whose intent is written and whose end is not.
    if (group.refused === undefined) for (const attempt of group.opened) this.#open.add(attempt)
    for (const attempt of group.ended) this.#open.remove(attempt)
  }

  #writeGroup(group: JournalGroup, bytes: Buffer, frames: number): void {
    try {
      const segment = this.#segment
      const full = segment !== undefined && segment.bytes + bytes.length > this.#options.segmentBytesMax
      if (this.#exhausted === undefined && full && segment.bytes > segment.headBytes) this.#rotate()
      this.#put(bytes, frames)
    } catch (error) {
      if (this.#exhausted === undefined) this.#exhaust(error)
      group.refused = exhaustedFault(error)
      group.failure = this.#salvage(settlesOf(bytes))
    }
  }

  /** Ends of a group that the disk did not take, to what was set aside. Gives the failure when that took nothing either. */
  #salvage(settles: { readonly bytes: Buffer; readonly frames: number }): Error | undefined {
    if (settles.frames === 0) return undefined
    try {
      this.#put(settles.bytes, settles.frames)
      return undefined
    } catch (error) {
      this.#lost += settles.frames
      const failure = error instanceof Error ? error : new Error(String(error))
      this.#options.log.error(
        { records: settles.frames, reason: codeOf(failure) },
        'usage records are lost: the disk is full, and the reserve too',
      )
      return failure
    }
  }

  #put(bytes: Uint8Array, frames: number): void {
    const segment = this.#segment
    if (segment === undefined) throw new Error('there is no journal to write to')
    if (segment.bytes + bytes.length > segment.bytesMax) throw new Error('the reserve is full')
    this.#options.disk.write(segment.file, bytes, segment.bytes)
    segment.bytes += bytes.length
    this.#framesWritten += frames
    this.#bytesWritten += bytes.length
    this.#sync.wrote(segment, this.#framesWritten)
  }

  /** Goes on in a new file. Throws when the disk is full. */
  #rotate(): void {
    const open = this.#open.list()
    const segment = createSegment({
      ...this.#options,
      number: this.#nextNumber,
      framesBefore: this.#framesWritten,
      open,
    })
    this.#retire()
    this.#nextNumber += 1
    this.#carriedIn = segment.number
    this.#framesWritten += open.length
    this.#bytesWritten += segment.bytes
    this.#segment = segment
    this.#sync.wrote(segment, this.#framesWritten)
  }

  #takeReserve(): void {
    try {
      this.#segment = takeReserve({ ...this.#options, number: this.#nextNumber, framesBefore: this.#framesWritten })
      this.#nextNumber += 1
      this.#bytesWritten += this.#segment.bytes
    } catch (error) {
      this.#options.log.error(
        { reason: codeOf(error) },
        'the journal has no reserve: ends of running requests cannot be written',
      )
    }
  }

  #retire(): void {
    const segment = this.#segment
    if (segment === undefined) return
    this.#segment = undefined
    this.#sealed.push(sealed(segment))
    this.#sync.retire(segment)
  }

  #exhaust(error: unknown): void {
    this.#exhausted = error instanceof Error ? error : new Error(String(error))
    this.#options.log.error(
      { reason: codeOf(error) },
      'the disk takes no more journal: new requests are refused, running ones settle from the reserve',
    )
    const segment = this.#segment
    if (segment !== undefined) {
      // What was written of the last group must not stay: its intents were refused.
      try {
        this.#options.disk.truncate(segment.file, segment.bytes)
      } catch (failure) {
        this.#options.log.error({ reason: codeOf(failure) }, 'the journal could not be cut back')
      }
    }
    this.#retire()
    this.#takeReserve()
    this.#planRetry()
  }

  #planRetry(): void {
    if (this.#closed) return
    this.#retry = setTimeout(() => void this.#tryAgain(), this.#options.retryEveryMs)
    this.#retry.unref()
  }

  /** Well again means: a new reserve for the next time, and a new file. */
  async #tryAgain(): Promise<void> {
    try {
      await makeReserve(this.#options.folder, this.#options.reserveBytes)
      if (this.#closed) return
      this.#rotate()
      this.#exhausted = undefined
      this.#options.log.info({}, 'the disk takes the journal again')
    } catch {
      this.#planRetry()
    }
  }

  /** After a failed sync nobody knows what of the file is on the disk: go on in another, with what was not known to be safe. */
  #replace(poisoned: WritableSegment): void {
    const { disk, log } = this.#options
    try {
      const tail = disk.read(poisoned.file, Math.max(poisoned.syncedBytes, poisoned.headBytes), poisoned.bytes)
      if (poisoned === this.#segment) this.#rotate()
      if (tail.length > 0) this.#put(tail, listFrames(tail).length)
    } catch (error) {
      log.error(
        { segment: poisoned.number, reason: codeOf(error) },
        'what a failed sync left unsure could not be written again',
      )
      if (this.#exhausted === undefined) this.#exhaust(error)
    }
  }
}

const GROUP_BYTES_MAX = 1_048_576
const WRITTEN = Promise.resolve()

/** The ends among frames that were not written: the attempts that a vendor has seen. */
function settlesOf(bytes: Buffer): { readonly bytes: Buffer; readonly frames: number } {
  const kept = listFrames(bytes).filter((frame) => frame.type === FRAME_TYPES.settle)
  return {
    bytes: Buffer.concat(kept.map((frame) => bytes.subarray(frame.start - FRAME_HEAD_BYTES, frame.end))),
    frames: kept.length,
  }
}
