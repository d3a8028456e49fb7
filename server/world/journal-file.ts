import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type JournalDisk, reservePath } from './journal-disk.ts'
import { FRAME_TYPES, frameBytesMax, writeFrame } from './journal-frame.ts'
import type { JournalAttempt } from './journal-open.ts'
import { writeCarry } from './journal-record.ts'
import { segmentName, writeSegmentHead } from './journal-segment.ts'

/** A file as the shipper needs to know it. */
export interface Segment {
  readonly number: number
  readonly path: string
  /** How much of it holds whole records. */
  readonly bytes: number
  /** Whether nothing will be added. */
  readonly sealed: boolean
}

/** A file as it is being written. The journal moves `bytes`, the sync moves `syncedBytes`. */
export interface WritableSegment {
  readonly number: number
  readonly path: string
  readonly file: number
  /** How much of it holds whole records. */
  bytes: number
  readonly headBytes: number
  readonly bytesMax: number
  /** Known to be on the disk; 0 while the folder may not even know its name. */
  syncedBytes: number
}

interface NewSegment {
  readonly disk: JournalDisk
  readonly folder: string
  readonly writer: string
  readonly number: number
  /** Frames in the files before. */
  readonly framesBefore: number
}

/** Begins a file with the open attempts, so that older files need not be kept for them. Throws, and leaves nothing, when the disk is full. */
export function createSegment(asked: NewSegment & { readonly open: readonly JournalAttempt[] }): WritableSegment {
  const { disk, folder, number, open } = asked
  const head = headOf(asked, open.length)
  const bytes = Buffer.concat([head, carries(open)])
  const path = join(folder, segmentName(number))
  const file = disk.create(path)
  try {
    disk.write(file, bytes, 0)
  } catch (error) {
    disk.close(file)
    rmSync(path, { force: true })
    throw error
  }
  return {
    number,
    path,
    file,
    bytes: bytes.length,
    headBytes: head.length,
    bytesMax: Number.POSITIVE_INFINITY,
    syncedBytes: 0,
  }
}

/** Makes the reserve the next file: its blocks are allocated, so it can be written when nothing else can. Throws when there is none. */
export function takeReserve(asked: NewSegment & { readonly reserveBytes: number }): WritableSegment {
  const { disk, folder, number, reserveBytes } = asked
  const head = headOf(asked, null)
  const path = join(folder, segmentName(number))
  const file = disk.openExisting(reservePath(folder))
  disk.write(file, head, 0)
  renameSync(reservePath(folder), path)
  return { number, path, file, bytes: head.length, headBytes: head.length, bytesMax: reserveBytes, syncedBytes: 0 }
}

export const sealed = ({ number, path, bytes }: WritableSegment): Segment => ({ number, path, bytes, sealed: true })

const headOf = ({ writer, number, framesBefore }: NewSegment, carried: number | null): Buffer =>
  writeSegmentHead({ writer, number, framesBefore, carried })

function carries(open: readonly JournalAttempt[]): Buffer {
  const payloads = open.map((attempt) => writeCarry(attempt.intent, attempt.last))
  const buffer = Buffer.allocUnsafe(payloads.reduce((sum, payload) => sum + frameBytesMax(payload), 0))
  let at = 0
  for (const payload of payloads) at = writeFrame(buffer, at, FRAME_TYPES.carry, payload)
  return buffer.subarray(0, at)
}
