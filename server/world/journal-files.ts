import type { Log } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import type { JournalDisk } from './journal-disk.ts'
import { createSegment, type Segment, sealed, takeReserve, type WritableSegment } from './journal-file.ts'
import type { Frames } from './journal-frame-buffer.ts'
import type { JournalAttempt } from './journal-open.ts'
import type { JournalSync } from './journal-sync.ts'

interface JournalFilesOptions {
  readonly folder: string
  readonly writer: string
  readonly segmentBytesMax: number
  readonly reserveBytes: number
  readonly disk: JournalDisk
  readonly log: Log
}

/** The files of one writer, one of which is being written, and how much stands in them. */
export class JournalFiles {
  readonly #options: JournalFilesOptions
  readonly #sync: JournalSync
  /** `undefined` while the disk allows none. */
  #current: WritableSegment | undefined
  readonly #sealed: Segment[] = []
  #carriedIn = 0
  #nextNumber = 1
  #framesWritten = 0
  #bytesWritten = 0

  constructor(options: JournalFilesOptions, sync: JournalSync) {
    this.#options = options
    this.#sync = sync
  }

  get framesWritten(): number {
    return this.#framesWritten
  }

  get bytesWritten(): number {
    return this.#bytesWritten
  }

  /** All open attempts stand in this file or later ones. */
  get carriedIn(): number {
    return this.#carriedIn
  }

  /** In order, the one that is being written last. */
  list(): readonly Segment[] {
    const current = this.#current
    return current === undefined ? [...this.#sealed] : [...this.#sealed, { ...sealed(current), sealed: false }]
  }

  /** Says that the oldest file has been deleted. */
  forget(number: number): void {
    if (this.#sealed[0]?.number === number) this.#sealed.shift()
  }

  isCurrent(segment: WritableSegment): boolean {
    return segment === this.#current
  }

  /** Whether so many bytes more would make the file larger than files shall be. A file takes one group at least. */
  isFullFor(bytes: number): boolean {
    const current = this.#current
    if (current === undefined || current.bytes === current.headBytes) return false
    return current.bytes + bytes > this.#options.segmentBytesMax
  }

  /** Appends; throws when the disk does not take it, and nothing of it counts then. */
  put({ bytes, frames }: Frames): void {
    const current = this.#current
    if (current === undefined) throw new Error('there is no journal to write to')
    if (current.bytes + bytes.length > current.bytesMax) throw new Error('the reserve is full')
    this.#options.disk.write(current.file, bytes, current.bytes)
    current.bytes += bytes.length
    this.#framesWritten += frames
    this.#bytesWritten += bytes.length
    this.#sync.wrote(current, this.#framesWritten)
  }

  /** Goes on in a new file, which begins with these attempts. Throws when the disk is full. */
  rotate(open: readonly JournalAttempt[]): void {
    const segment = createSegment({ ...this.#next(), open })
    this.retire()
    this.#nextNumber += 1
    this.#carriedIn = segment.number
    this.#framesWritten += open.length
    this.#bytesWritten += segment.bytes
    this.#current = segment
    this.#sync.wrote(segment, this.#framesWritten)
  }

  /** Goes on in the reserve, or nowhere when there is none. */
  useReserve(): void {
    this.retire()
    try {
      this.#current = takeReserve({ ...this.#next(), reserveBytes: this.#options.reserveBytes })
      this.#nextNumber += 1
      this.#bytesWritten += this.#current.bytes
    } catch (error) {
      this.#options.log.error(
        { reason: codeOf(error) },
        'the journal has no reserve: ends of running requests cannot be written',
      )
    }
  }

  /** Ends the file that is being written. */
  retire(): void {
    const segment = this.#current
    if (segment === undefined) return
    this.#current = undefined
    this.#cut(segment)
    this.#sealed.push(sealed(segment))
    this.#sync.retire(segment)
  }

  #next() {
    return { ...this.#options, number: this.#nextNumber, framesBefore: this.#framesWritten }
  }

  /** Leaves whole records only: neither the zeros of a reserve nor a part of a group whose intents were refused. */
  #cut(segment: WritableSegment): void {
    try {
      this.#options.disk.truncate(segment.file, segment.bytes)
    } catch (error) {
      this.#options.log.error(
        { segment: segment.number, reason: codeOf(error) },
        'a file of the journal could not be cut back',
      )
    }
  }
}
