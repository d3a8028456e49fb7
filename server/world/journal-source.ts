import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asCount, asObject, parseJson } from '../../core/json.ts'
import type { Segment } from './journal-file.ts'
import { fileBytes } from './journal-reader.ts'
import { segmentName, segmentNumber } from './journal-segment.ts'

/** One writer's journal, as it is read for shipping: the one of this process, or one that a dead process left. */
export interface JournalSource {
  readonly writer: string
  readonly folder: string
  /** In order; only the last may still grow. */
  segments(): readonly Segment[]
  /** Files below this number hold nothing that is still open. */
  readonly keepFrom: number
  /** Says that the oldest file has been deleted. */
  forget(number: number): void
  /** Whether nothing will ever be added: the folder goes when all of it has been shipped. */
  readonly ended: boolean
  /** Gives up the right to the folder, before it is deleted. */
  release(): Promise<void>
}

/** How far a journal has been shipped: everything before it is in the database. */
export interface Cursor {
  readonly segment: number
  readonly offset: number
  /** Frames that the writer had written before this place: what the next file's head must agree with. */
  readonly frames: number
}

/**
 * From the writer's folder, and since when it stands there (milliseconds since 1970); the beginning when there is none, or none that can
 * be read: shipping twice is harmless.
 */
export async function loadCursor(
  folder: string,
): Promise<{ readonly cursor: Cursor; readonly savedAt: number | undefined }> {
  const path = join(folder, CURSOR_NAME)
  const text = await readFile(path, 'utf8').catch(() => '')
  const savedAt = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  )
  const fields = asObject(parseJson(text))
  const segment = asCount(fields?.['segment'])
  const offset = asCount(fields?.['offset'])
  const frames = asCount(fields?.['frames'])
  const known = segment !== undefined && offset !== undefined && frames !== undefined
  return { cursor: known ? { segment, offset, frames } : START, savedAt }
}

/** Replaced whole, so that a reader finds the old one or the new one. */
export async function saveCursor(folder: string, cursor: Cursor): Promise<void> {
  const path = join(folder, CURSOR_NAME)
  await writeFile(`${path}.part`, JSON.stringify(cursor), { mode: 0o600 })
  await rename(`${path}.part`, path)
}

/** The files of a writer that is gone, in order. */
export async function listSegments(folder: string): Promise<readonly Segment[]> {
  const numbers = (await readdir(folder)).flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b)
  return await Promise.all(
    numbers.map(async (number) => {
      const path = join(folder, segmentName(number))
      return { number, path, bytes: await fileBytes(path), sealed: true }
    }),
  )
}

/** The journal of a process that is gone. */
export function endedSource(ended: {
  readonly writer: string
  readonly folder: string
  readonly segments: readonly Segment[]
  readonly release: () => Promise<void>
}): JournalSource {
  const segments = [...ended.segments]
  return {
    writer: ended.writer,
    folder: ended.folder,
    segments: () => [...segments],
    keepFrom: Number.POSITIVE_INFINITY,
    forget: (number) => {
      if (segments[0]?.number === number) segments.shift()
    },
    ended: true,
    release: ended.release,
  }
}

const START: Cursor = { segment: 0, offset: 0, frames: 0 }
const CURSOR_NAME = 'cursor.json'
