import { open, stat } from 'node:fs/promises'
import { FRAME_HEAD_BYTES, type Frame, findFrame, PAYLOAD_BYTES_MAX, readFrame } from './journal-frame.ts'
import { readSegmentHead, SEGMENT_HEAD_BYTES_MAX, type SegmentHead } from './journal-segment.ts'

/** A piece of a segment, as far as it holds whole frames. */
export interface JournalWindow {
  readonly bytes: Buffer
  /** In order; their places count in `bytes`. */
  readonly frames: readonly Frame[]
  /** Where in the file to go on. */
  readonly next: number
  /** Bytes between whole frames that are none: the disk lost or changed them. */
  readonly damagedBytes: number
  /** Bytes at the end that no frame follows: a write that was cut short. */
  readonly tornBytes: number
}

/**
 * Reads a piece of a segment that starts at `from`; nothing behind `to` is looked at. Whole frames behind a damaged one are
 * found again: one bad block of the disk must not hide the rest.
 */
export async function readWindow(path: string, { from, to }: { from: number; to: number }): Promise<JournalWindow> {
  const end = Math.min(to, from + WINDOW_BYTES)
  const bytes = await readBytes(path, { from, to: end })
  // A file that is shorter than it was said to be ends here as well.
  const last = end === to || from + bytes.length < end
  const frames: Frame[] = []
  let at = 0
  let damagedBytes = 0
  while (at < bytes.length) {
    const frame = readFrame(bytes, at, bytes.length)
    if (typeof frame === 'object') {
      frames.push(frame)
      at = frame.end
      continue
    }
    if (frame === 'short' && !last && at > 0) break
    const found = findFrame(bytes, at + 1, bytes.length)
    if (found < 0 && last) return { bytes, frames, next: to, damagedBytes, tornBytes: bytes.length - at }
    // A frame may begin in this window and end in the next one.
    const onward = found < 0 ? Math.max(at + 1, bytes.length - FRAME_BYTES_MAX) : found
    damagedBytes += onward - at
    at = onward
    if (found < 0) break
  }
  return { bytes, frames, next: last && at === bytes.length ? to : from + at, damagedBytes, tornBytes: 0 }
}

/** The head of a file and where its first record stands; `undefined` when it has none that is whole. */
export async function readHead(
  path: string,
): Promise<{ readonly head: SegmentHead; readonly end: number } | undefined> {
  return readSegmentHead(await readBytes(path, { from: 0, to: SEGMENT_HEAD_BYTES_MAX }))
}

export const fileBytes = async (path: string): Promise<number> => (await stat(path)).size

/** Small enough that decoding it takes no noticeable time on the event loop, and larger than any frame. */
const WINDOW_BYTES = 262_144
const FRAME_BYTES_MAX = FRAME_HEAD_BYTES + PAYLOAD_BYTES_MAX

/** What the file has between two places: less than asked for when it ends before. */
async function readBytes(path: string, { from, to }: { from: number; to: number }): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.max(0, to - from))
  const file = await open(path, 'r')
  try {
    let filled = 0
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, from + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return buffer.subarray(0, filled)
  } finally {
    await file.close()
  }
}
