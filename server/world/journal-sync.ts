import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import type { JournalDisk } from './journal-disk.ts'
import type { WritableSegment } from './journal-file.ts'

interface JournalSyncOptions {
  /** Pause before a sync (milliseconds), so that many groups share one; 0 syncs at once. */
  readonly everyMs: number
  readonly disk: JournalDisk
  readonly folder: string
  readonly log: Log
  /** A sync of this file failed. It is never tried again on the same file: the kernel may have forgotten what it could not write. */
  readonly poisoned: (segment: WritableSegment) => void
}

/** Brings the journal to the disk in the background: one sync at a time, never on the event loop. */
export class JournalSync {
  readonly #options: JournalSyncOptions
  #current: WritableSegment | undefined
  /** Nothing is added to these: a last sync, then they are closed. */
  #retired: WritableSegment[] = []
  readonly #broken = new WeakSet<WritableSegment>()
  /** Frames written since the start, and how many of them are on the disk. */
  #frames = 0
  #framesSafe = 0
  #waiting: { readonly frames: number; readonly release: Release }[] = []
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #failuresInRow = 0
  #failures = 0
  #lastError: Error | undefined
  #stopped = false

  constructor(options: JournalSyncOptions) {
    this.#options = options
  }

  /** Set while syncs fail one after the other, each on a new file: the disk itself is broken then. */
  get trouble(): Error | undefined {
    return this.#failuresInRow >= FAILURES_IN_ROW_MAX ? this.#lastError : undefined
  }

  /** Files given up since the start. */
  get poisoned(): number {
    return this.#failures
  }

  wrote(segment: WritableSegment, frames: number): void {
    this.#current = segment
    this.#frames = frames
    this.#plan(this.#options.everyMs)
  }

  retire(segment: WritableSegment): void {
    if (this.#current === segment) this.#current = undefined
    this.#retired = [...this.#retired, segment]
    this.#plan(this.#options.everyMs)
  }

  /** Calls `release` once the first `frames` frames are on the disk, or with the failure when the disk is broken. */
  await(frames: number, release: Release): void {
    if (this.#framesSafe >= frames) return release(undefined)
    this.#waiting.push({ frames, release })
    this.#plan(this.#options.everyMs)
  }

  /** Lets a running sync end and closes the retired files; one that takes longer than the limit is left to itself, with its files. */
  async stop(limitMs: number): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    const late = wait(limitMs, 'late', { ref: false })
    if ((await Promise.race([this.#running, late])) === 'late') return this.#giveUp(new Error('a sync hangs'))
    for (const segment of this.#retired) this.#close(segment)
    this.#giveUp(new Error('the journal is closed'))
  }

  #plan(pauseMs: number): void {
    if (this.#running !== undefined || this.#timer !== undefined || this.#stopped) return
    if (pauseMs === 0) return this.#run()
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#run()
    }, pauseMs)
  }

  #run(): void {
    this.#running = this.#round().then((failed) => {
      this.#running = undefined
      if (failed) this.#plan(AFTER_FAILURE_MS)
      else if (this.#dirty()) this.#plan(this.#options.everyMs)
    })
  }

  #dirty(): boolean {
    const current = this.#current
    return this.#retired.length > 0 || (current !== undefined && current.syncedBytes < current.bytes)
  }

  /** One sync of every file that has something new. Gives whether one failed. */
  async #round(): Promise<boolean> {
    const frames = this.#frames
    const retired = this.#retired
    const files = this.#current === undefined ? retired : [...retired, this.#current]
    for (const segment of files) {
      try {
        await this.#sync(segment)
      } catch (error) {
        this.#fail(segment, error)
        return true
      }
      if (retired.includes(segment)) this.#close(segment)
    }
    this.#failuresInRow = 0
    this.#framesSafe = frames
    const ready = this.#waiting.filter((waiter) => waiter.frames <= frames)
    this.#waiting = this.#waiting.filter((waiter) => waiter.frames > frames)
    for (const waiter of ready) waiter.release(undefined)
    return false
  }

  async #sync(segment: WritableSegment): Promise<void> {
    const bytes = segment.bytes
    if (this.#broken.has(segment) || segment.syncedBytes === bytes) return
    await this.#options.disk.sync(segment.file)
    if (segment.syncedBytes === 0) await this.#options.disk.syncFolder(this.#options.folder)
    segment.syncedBytes = bytes
  }

  #fail(segment: WritableSegment, error: unknown): void {
    this.#failures += 1
    this.#failuresInRow += 1
    this.#lastError = error instanceof Error ? error : new Error(String(error))
    this.#broken.add(segment)
    this.#options.log.error(
      { segment: segment.number, reason: codeOf(error) },
      'a sync of the journal failed: this file is given up, a new one begins',
    )
    const wasRetired = this.#retired.includes(segment)
    this.#options.poisoned(segment)
    if (wasRetired) this.#close(segment)
    if (this.trouble !== undefined) this.#giveUp(this.trouble)
  }

  #giveUp(failure: Error): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const waiter of waiting) waiter.release(failure)
  }

  #close(segment: WritableSegment): void {
    this.#retired = this.#retired.filter((other) => other !== segment)
    try {
      this.#options.disk.close(segment.file)
    } catch (error) {
      // Everything in it has been synced, or written again elsewhere: nothing is lost by it.
      this.#options.log.warn(
        { segment: segment.number, reason: codeOf(error) },
        'a file of the journal could not be closed',
      )
    }
  }
}

type Release = (failure: Error | undefined) => void

const FAILURES_IN_ROW_MAX = 2
/** A broken disk is asked again this often (milliseconds). */
const AFTER_FAILURE_MS = 1_000
