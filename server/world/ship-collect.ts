import type { Segment } from './journal-file.ts'
import { FRAME_TYPES } from './journal-frame.ts'
import { readHead, readWindow } from './journal-reader.ts'
import type { Cursor, JournalSource } from './journal-source.ts'

export interface Batch {
  /** Ends, as they stand in the journal. */
  readonly payloads: readonly string[]
  /** Where to go on once this batch is stored. */
  readonly cursor: Cursor
  /** Frames that the heads of files promise and that are not there. */
  readonly missing: number
  readonly damagedBytes: number
}

/** Reads the next ends of a journal; `undefined` when nothing has been added. */
export async function collectBatch(source: JournalSource, from: Cursor): Promise<Batch | undefined> {
  const payloads: string[] = []
  let cursor = from
  let missing = 0
  let damagedBytes = 0
  while (payloads.length < BATCH_ROWS) {
    const segment = segmentAt(source.segments(), cursor)
    if (segment === undefined) break
    if (segment.number !== cursor.segment || cursor.offset === 0) {
      const entered = await enter(segment, cursor)
      missing += entered.missing
      cursor = entered.cursor
      continue
    }
    const window = await readWindow(segment.path, { from: cursor.offset, to: segment.bytes })
    for (const frame of window.frames) {
      if (frame.type === FRAME_TYPES.settle) payloads.push(window.bytes.toString('utf8', frame.start, frame.end))
    }
    damagedBytes += window.damagedBytes + window.tornBytes
    cursor = { segment: segment.number, offset: window.next, frames: cursor.frames + window.frames.length }
  }
  return cursor === from ? undefined : { payloads, cursor, missing, damagedBytes }
}

/** Enough to share one statement, few enough for the event loop; a last window may add some hundreds. */
const BATCH_ROWS = 1_000

/** Where there is something to read: the file of the cursor, or the next one when that is at its end. */
const segmentAt = (segments: readonly Segment[], cursor: Cursor): Segment | undefined =>
  segments.find(
    (segment) =>
      segment.number > cursor.segment || (segment.number === cursor.segment && cursor.offset < segment.bytes),
  )

/** Steps over a file's head, which says how many frames were written before it. */
async function enter(segment: Segment, before: Cursor): Promise<{ readonly cursor: Cursor; readonly missing: number }> {
  const read = await readHead(segment.path)
  const cursor = {
    segment: segment.number,
    offset: read?.end ?? Math.min(1, segment.bytes),
    frames: read?.head.framesBefore ?? before.frames,
  }
  // Nothing is known of what stood before the first file that we see.
  const missing = before.segment === 0 || read === undefined ? 0 : Math.max(0, read.head.framesBefore - before.frames)
  return { cursor, missing }
}
