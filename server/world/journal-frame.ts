import { crc32c } from '../../core/crc32c.ts'

/**
 * How one entry of the journal lies on disk: payload length (u32), CRC-32C of type and payload (u32), type (u8), payload; numbers
 * little-endian. A frame that was cut short or damaged never reads as a whole one.
 */
export const FRAME_HEAD_BYTES = 9
export const PAYLOAD_BYTES_MAX = 65_536

/** `segment` stands once at the head of a file, `carry` is an intent written again with its last figures when a new file begins. */
export const FRAME_TYPES = { segment: 1, intent: 2, progress: 3, settle: 4, carry: 5 } as const
export type FrameType = (typeof FRAME_TYPES)[keyof typeof FRAME_TYPES]

export interface Frame {
  readonly type: FrameType
  /** Where the payload lies in the bytes that were read. */
  readonly start: number
  readonly end: number
}

/** The most room that a frame with this payload takes: UTF-8 needs up to three bytes for each UTF-16 unit. */
export const frameBytesMax = (payload: string): number => FRAME_HEAD_BYTES + payload.length * 3

/** Writes a frame and returns where the next one starts. The caller has made `frameBytesMax` of room. */
export function writeFrame(buffer: Buffer, at: number, type: FrameType, payload: string): number {
  const start = at + FRAME_HEAD_BYTES
  const bytes = buffer.write(payload, start)
  if (bytes > PAYLOAD_BYTES_MAX) throw new RangeError(`a journal payload of ${bytes} bytes is too large`)
  buffer.writeUInt32LE(bytes, at)
  buffer[at + 8] = type
  buffer.writeUInt32LE(crc32c(buffer, at + 8, start + bytes), at + 4)
  return start + bytes
}

/**
 * The frame at `at` in the bytes up to `end`. `short`: it may go on behind `end`, read more. `bad`: what stands here is no frame,
 * whatever follows.
 */
export function readFrame(buffer: Buffer, at: number, end: number): Frame | 'short' | 'bad' {
  if (end - at < FRAME_HEAD_BYTES) return 'short'
  const bytes = buffer.readUInt32LE(at)
  const type = frameType(buffer[at + 8])
  if (bytes === 0 || bytes > PAYLOAD_BYTES_MAX || type === undefined) return 'bad'
  const start = at + FRAME_HEAD_BYTES
  if (end - start < bytes) return 'short'
  if (crc32c(buffer, at + 8, start + bytes) !== buffer.readUInt32LE(at + 4)) return 'bad'
  return { type, start, end: start + bytes }
}

/** The whole frames from the start of `bytes` on, up to where there is none. */
export function listFrames(bytes: Buffer): readonly Frame[] {
  const frames: Frame[] = []
  for (let at = 0; ; ) {
    const frame = readFrame(bytes, at, bytes.length)
    if (typeof frame !== 'object') return frames
    frames.push(frame)
    at = frame.end
  }
}

/** Where the next whole frame starts at or behind `at`, or -1: the way on behind damage. */
export function findFrame(buffer: Buffer, at: number, end: number): number {
  for (let next = at; next + FRAME_HEAD_BYTES < end; next++) {
    // Every payload is JSON text of an array or object: this and the type leave few places where a checksum must be made.
    const first = buffer[next + FRAME_HEAD_BYTES]
    if (first !== OPENING_BRACKET && first !== OPENING_BRACE) continue
    if (typeof readFrame(buffer, next, end) === 'object') return next
  }
  return -1
}

const OPENING_BRACKET = 0x5b
const OPENING_BRACE = 0x7b
const TYPES: readonly FrameType[] = Object.values(FRAME_TYPES)
const frameType = (byte: number | undefined): FrameType | undefined => TYPES[(byte ?? 0) - 1]
