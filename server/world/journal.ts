import type { AttemptIntent, AttemptRecord } from '../../core/attempt.ts'
import type { Usage, UsageSource } from '../../core/usage.ts'
import type { Log, OpenAttempt } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import { type JournalDisk, makeReserve } from './journal-disk.ts'
import type { Segment, WritableSegment } from './journal-file.ts'
import { JournalFiles } from './journal-files.ts'
import { FRAME_TYPES, type FrameType, listFrames } from './journal-frame.ts'
import { FrameBuffer, type Frames, settlesOf } from './journal-frame-buffer.ts'
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
  readonly #buffer = new FrameBuffer()
  readonly #open = new OpenChain()
  readonly #sync: JournalSync
  readonly #files: JournalFiles
  #group = new JournalGroup()
  /** Groups that were written (or refused) in this turn and whose callers have not been told. */
  #done: JournalGroup[] = []
  #turnPlanned = false
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
    this.#files = new JournalFiles(options, this.#sync)
  }

  /** Why new intents are refused, or `undefined` when all is well. */
  get trouble(): Error | undefined {
    return this.#exhausted ?? this.#sync.trouble
  }

  /** Ends that could not be written at all: neither to the journal nor to the reserve. */
  get lost(): number {
    return this.#lost
  }

  /** Files given up because a sync failed. */
  get poisoned(): number {
    return this.#sync.poisoned
  }

  /** Since the start. */
  get bytesWritten(): number {
    return this.#files.bytesWritten
  }

  /** Files below this number hold no open attempt. */
  get carriedIn(): number {
    return this.#files.carriedIn
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
    const frames = this.#files.framesWritten
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
    return this.#files.list()
  }

  /** Says that the oldest file has been deleted. */
  forget(number: number): void {
    this.#files.forget(number)
  }

  /** Writes and syncs the rest, as far as the disk allows within the limit, and closes the files. Nothing may be appended afterwards. */
  async close(deadlineMs: number): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    await this.synced(deadlineMs)
    this.#turn()
    this.#files.retire()
    await this.#sync.stop(deadlineMs)
  }

  async #begin(): Promise<void> {
    try {
      this.#files.rotate([])
      await makeReserve(this.#options.folder, this.#options.reserveBytes)
    } catch (error) {
      this.#exhaust(error)
    }
  }

  #append(type: FrameType, payload: string): void {
    if (!this.#buffer.fits(payload)) this.#write()
    this.#buffer.add(type, payload)
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
      if (this.#options.durability === 'group') group.tell(this.#options.log)
      else this.#sync.await(group.framesEnd, (failure) => this.#tellStrictly(group, failure))
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
    const filled = this.#buffer.take()
    if (filled === undefined) return
    const group = this.#group
    this.#group = new JournalGroup()
    this.#writeGroup(group, filled)
    group.framesEnd = this.#files.framesWritten
    this.#done.push(group)
    // Linked only now: a new file carries exactly the attempts whose intent is written and whose end is not.
    if (group.refused === undefined) for (const attempt of group.opened) this.#open.add(attempt)
    for (const attempt of group.ended) this.#open.remove(attempt)
  }

  #writeGroup(group: JournalGroup, filled: Frames): void {
    try {
      if (this.#exhausted === undefined && this.#files.isFullFor(filled.bytes.length)) {
        this.#files.rotate(this.#open.list())
      }
      this.#files.put(filled)
    } catch (error) {
      if (this.#exhausted === undefined) this.#exhaust(error)
      group.refused = exhaustedFault(error)
      group.failure = this.#salvage(settlesOf(filled.bytes))
    }
  }

  /** Ends of a group that the disk did not take, to what was set aside. Gives the failure when that took nothing either. */
  #salvage(settles: Frames): Error | undefined {
    if (settles.frames === 0) return undefined
    try {
      this.#files.put(settles)
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

  #exhaust(error: unknown): void {
    this.#exhausted = error instanceof Error ? error : new Error(String(error))
    this.#options.log.error(
      { reason: codeOf(error) },
      'the disk takes no more journal: new requests are refused, running ones settle from the reserve',
    )
    this.#files.useReserve()
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
      this.#files.rotate(this.#open.list())
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
      if (this.#files.isCurrent(poisoned)) this.#files.rotate(this.#open.list())
      if (tail.length > 0) this.#files.put({ bytes: tail, frames: listFrames(tail).length })
    } catch (error) {
      log.error(
        { segment: poisoned.number, reason: codeOf(error) },
        'what a failed sync left unsure could not be written again',
      )
      if (this.#exhausted === undefined) this.#exhaust(error)
    }
  }
}

const WRITTEN = Promise.resolve()
