import { asCount, asObject, asText, parseJson } from '../../core/json.ts'
import { FRAME_TYPES, frameBytesMax, readFrame, writeFrame } from './journal-frame.ts'

/** What stands at the head of each file of a journal. */
export interface SegmentHead {
  readonly writer: string
  /** Ascends by one from file to file of a writer. */
  readonly number: number
  /** How many frames this writer wrote in earlier files: what is missing between two files shows as a difference. */
  readonly framesBefore: number
  /** How many carried attempts follow at once, or `null` when attempts that are open may stand in earlier files only. */
  readonly carried: number | null
}

export const segmentName = (number: number): string => `${String(number).padStart(8, '0')}.journal`

/** The number in a file's name, or `undefined` when it is no segment. */
export function segmentNumber(name: string): number | undefined {
  const digits = /^(\d{8,})\.journal$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The first bytes of a segment: the format's name and version, then the head as a frame. */
export function writeSegmentHead(head: SegmentHead): Buffer {
  const payload = JSON.stringify(head)
  const buffer = Buffer.alloc(MAGIC.length + frameBytesMax(payload))
  buffer.write(MAGIC, 0, 'latin1')
  return buffer.subarray(0, writeFrame(buffer, MAGIC.length, FRAME_TYPES.segment, payload))
}

/** The head and where the first record stands, or `undefined` when these bytes are no segment of ours (or its head was cut short). */
export function readSegmentHead(buffer: Buffer): { readonly head: SegmentHead; readonly end: number } | undefined {
  if (buffer.length < MAGIC.length || buffer.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  const frame = readFrame(buffer, MAGIC.length, buffer.length)
  if (typeof frame !== 'object' || frame.type !== FRAME_TYPES.segment) return undefined
  const fields = asObject(parseJson(buffer.toString('utf8', frame.start, frame.end)))
  const writer = asText(fields?.['writer'])
  const number = asCount(fields?.['number'])
  const framesBefore = asCount(fields?.['framesBefore'])
  if (writer === undefined || number === undefined || framesBefore === undefined) return undefined
  return { head: { writer, number, framesBefore, carried: asCount(fields?.['carried']) ?? null }, end: frame.end }
}

/** Eight bytes; the two digits are the version of the format. */
const MAGIC = 'SEKIJN01'
/** The most bytes that a head takes. */
export const SEGMENT_HEAD_BYTES_MAX = 1_024
