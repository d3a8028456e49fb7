import {
  FRAME_HEAD_BYTES,
  FRAME_TYPES,
  type FrameType,
  frameBytesMax,
  listFrames,
  writeFrame,
} from './journal-frame.ts'

/** Frames one behind the other. */
export interface Frames {
  readonly bytes: Buffer
  readonly frames: number
}

/** Where frames gather until the turn of the loop is over. It is allocated once; what `take` gives is good until the next `add`. */
export class FrameBuffer {
  readonly #buffer = Buffer.allocUnsafe(BYTES_MAX)
  #used = 0
  #frames = 0

  fits(payload: string): boolean {
    return this.#used + frameBytesMax(payload) <= BYTES_MAX
  }

  /** Only what `fits`. */
  add(type: FrameType, payload: string): void {
    this.#used = writeFrame(this.#buffer, this.#used, type, payload)
    this.#frames += 1
  }

  /** Everything since the last time, or `undefined` when there is nothing. */
  take(): Frames | undefined {
    if (this.#used === 0) return undefined
    const taken = { bytes: this.#buffer.subarray(0, this.#used), frames: this.#frames }
    this.#used = 0
    this.#frames = 0
    return taken
  }
}

/** The ends among frames that could not be written: the attempts that a vendor has seen. */
export function settlesOf(bytes: Buffer): Frames {
  const kept = listFrames(bytes).filter((frame) => frame.type === FRAME_TYPES.settle)
  const parts = kept.map((frame) => bytes.subarray(frame.start - FRAME_HEAD_BYTES, frame.end))
  return { bytes: Buffer.concat(parts), frames: kept.length }
}

const BYTES_MAX = 1_048_576
