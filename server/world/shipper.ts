import { rm, stat } from 'node:fs/promises'
import type { Pool } from 'pg'
import type { Clock, Log } from '../../core/world.ts'
import { codeOf } from './error-code.ts'
import type { Segment } from './journal-file.ts'
import { type Cursor, type JournalSource, loadCursor, saveCursor } from './journal-source.ts'
import { quarantine, type Refusal } from './quarantine.ts'
import { shipBatch, UsageDays } from './ship-batch.ts'
import { collectBatch } from './ship-collect.ts'

export interface ShipperOptions {
  readonly pool: Pool
  readonly quarantinePath: string
  /** Pause when there is nothing to ship (milliseconds). */
  readonly everyMs: number
  /** Longest pause while the database is away (milliseconds). */
  readonly backoffMsMax: number
  /** How long, and how much of, what was shipped stays on the disk. */
  readonly keepMs: number
  readonly keepBytesMax: number
  /** Whether the disk is full: then nothing that was shipped is kept. */
  readonly pressed: () => boolean
  readonly clock: Clock
  readonly log: Log
}

/**
 * Follows journals to the database: reads what is new, inserts its ends in groups, and only then moves on. One way for normal
 * running, for a backlog and after a crash, so that each of them is tried every day.
 */
export class Shipper {
  readonly #options: ShipperOptions
  readonly #days = new UsageDays()
  #followed: Followed[] = []
  #running: Promise<void> | undefined
  #stopped = false
  /** The limit of a stop is over: a batch that is still on its way is left to the next start. */
  #abandoned = false
  #wake: (() => void) | undefined
  #failures = 0
  #shipped = 0
  #quarantined = 0
  #missing = 0
  #damagedBytes = 0

  constructor(options: ShipperOptions) {
    this.#options = options
  }

  /** Whether the last try to reach the database failed. */
  get away(): boolean {
    return this.#failures > 0
  }

  /** Since the start: records stored (or found stored already), refused for their content, and lost by the disk. */
  get counts() {
    return {
      shipped: this.#shipped,
      quarantined: this.#quarantined,
      missing: this.#missing,
      damagedBytes: this.#damagedBytes,
    }
  }

  /** Whose journals are being followed. */
  get writers(): readonly string[] {
    return this.#followed.map((followed) => followed.source.writer)
  }

  /** Bytes of journal that are not in the database. */
  get behindBytes(): number {
    return this.#followed.reduce((sum, followed) => sum + behind(followed), 0)
  }

  async follow(source: JournalSource): Promise<void> {
    const { clock } = this.#options
    const { cursor, savedAt } = await loadCursor(source.folder)
    const followed: Followed = { source, cursor, delivered: [] }
    // What an earlier process shipped has been kept for a while already, however often we are started.
    this.#moveTo(followed, { cursor, at: clock.monotonic() - Math.max(0, clock.now() - (savedAt ?? clock.now())) })
    this.#followed = [...this.#followed, followed]
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Ships what it can until everything is in the database or the limit is over; the rest stays for the next start. */
  async stop(deadlineMs: number): Promise<void> {
    const { clock } = this.#options
    const until = clock.monotonic() + deadlineMs
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs)
    })
    this.#stopped = true
    this.#wake?.()
    const rest = async () => {
      await this.#running
      while (clock.monotonic() < until && this.behindBytes > 0) {
        if (!(await this.#pass())) await this.#pause(Math.min(this.#pauseMs(), Math.max(0, until - clock.monotonic())))
      }
    }
    await Promise.race([rest(), late])
    clearTimeout(timer)
    this.#abandoned = true
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const moved = await this.#pass()
      if (!moved && !this.#stopped) await this.#pause(this.#pauseMs())
    }
  }

  #pauseMs(): number {
    const { everyMs, backoffMsMax } = this.#options
    return this.#failures === 0 ? everyMs : Math.min(backoffMsMax, everyMs * 2 ** Math.min(this.#failures, 10))
  }

  #pause(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** One batch of every journal. Gives whether there may be more at once. */
  async #pass(): Promise<boolean> {
    let moved = false
    for (const followed of this.#followed) {
      try {
        if (await this.#advance(followed)) moved = true
        await this.#tidy(followed)
      } catch (error) {
        this.#failed(error)
      }
    }
    return moved
  }

  /** Ships one batch of this journal. Gives whether it found any. */
  async #advance(followed: Followed): Promise<boolean> {
    const batch = await collectBatch(followed.source, followed.cursor)
    if (batch === undefined) return false
    const refused = await shipBatch(this.#options.pool, this.#days, batch.payloads)
    await this.#setAside(refused)
    if (this.#abandoned) return false
    await this.#save(followed, batch.cursor)
    this.#moveTo(followed, { cursor: batch.cursor, at: this.#options.clock.monotonic() })
    this.#shipped += batch.payloads.length - refused.length
    this.#missing += batch.missing
    this.#damagedBytes += batch.damagedBytes
    if (batch.missing > 0 || batch.damagedBytes > 0) {
      const fields = { writer: followed.source.writer, missing: batch.missing, damagedBytes: batch.damagedBytes }
      this.#options.log.error(fields, 'the disk has lost records of the journal')
    }
    if (batch.payloads.length > 0) this.#succeeded()
    return true
  }

  async #setAside(refused: readonly Refusal[]): Promise<void> {
    if (refused.length === 0) return
    await quarantine(this.#options.quarantinePath, refused)
    this.#quarantined += refused.length
    this.#options.log.error(
      { records: refused.length, reason: refused[0]?.reason },
      'usage records that the database refuses are set aside in the quarantine file',
    )
  }

  /** A cursor that cannot be saved (the disk is full) makes the next start ship twice, which is harmless; waiting would never free the disk. */
  async #save(followed: Followed, cursor: Cursor): Promise<void> {
    try {
      await saveCursor(followed.source.folder, cursor)
    } catch (error) {
      this.#options.log.warn(
        { reason: codeOf(error) },
        'how far the journal has been shipped could not be written down',
      )
    }
  }

  #moveTo(followed: Followed, { cursor, at }: { readonly cursor: Cursor; readonly at: number }): void {
    followed.cursor = cursor
    for (const segment of followed.source.segments()) {
      const known = followed.delivered.some((delivered) => delivered.number === segment.number)
      if (!known && delivered(segment, cursor)) followed.delivered.push({ number: segment.number, at })
    }
  }

  /** Deletes what was shipped long enough ago, oldest first and without a gap: an end never goes before its intent. */
  async #tidy(followed: Followed): Promise<void> {
    const { source } = followed
    if (followed.delivered.length === 0 && !source.ended) return
    const { keepMs, keepBytesMax, pressed, clock } = this.#options
    let kept = source.segments().reduce((sum, segment) => sum + segment.bytes, 0) - behind(followed)
    for (const segment of source.segments()) {
      const oldest = followed.delivered[0]
      if (oldest?.number !== segment.number || segment.number >= source.keepFrom) break
      // What an earlier process left may have been delivered before this one began: its age stands on the file.
      const ageMs = source.ended ? clock.now() - (await lastWrittenAt(segment.path)) : clock.monotonic() - oldest.at
      if (!pressed() && kept <= keepBytesMax && ageMs < keepMs) break
      await rm(segment.path, { force: true })
      source.forget(segment.number)
      followed.delivered.shift()
      kept -= segment.bytes
    }
    if (!source.ended || source.segments().length > 0) return
    this.#followed = this.#followed.filter((other) => other !== followed)
    await source.release()
    await rm(source.folder, { recursive: true, force: true })
  }

  #succeeded(): void {
    if (this.#failures > 0) this.#options.log.info({}, 'usage records reach the database again')
    this.#failures = 0
  }

  #failed(error: unknown): void {
    if (this.#failures === 0) {
      this.#options.log.warn(
        { reason: codeOf(error) },
        'usage records do not reach the database: they wait in the journal',
      )
    }
    this.#failures += 1
  }
}

interface Followed {
  readonly source: JournalSource
  cursor: Cursor
  /** Files that are in the database, oldest first, and since when (monotonic milliseconds). */
  readonly delivered: { readonly number: number; readonly at: number }[]
}

const delivered = (segment: Segment, cursor: Cursor): boolean =>
  segment.sealed &&
  (segment.number < cursor.segment || (segment.number === cursor.segment && cursor.offset >= segment.bytes))

function behind({ source, cursor }: Followed): number {
  let bytes = 0
  for (const segment of source.segments()) {
    if (segment.number > cursor.segment) bytes += segment.bytes
    else if (segment.number === cursor.segment) bytes += Math.max(0, segment.bytes - cursor.offset)
  }
  return bytes
}

/** Milliseconds since 1970; a file that is gone is as old as can be. */
async function lastWrittenAt(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined)
  return found?.mtimeMs ?? 0
}
