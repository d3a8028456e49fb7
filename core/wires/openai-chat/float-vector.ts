import { binaryOf } from '../../base64.ts'

/**
 * A vector in the form that OpenAI's SDKs ask for unasked: 32-bit floats, little-endian whatever the machine, in base64 (a fifth of the
 * letters of a list).
 */
export function encodeVector(vector: Float32Array): string {
  const view = new DataView(new ArrayBuffer(vector.length * FLOAT_BYTES))
  for (const [index, value] of vector.entries()) view.setFloat32(index * FLOAT_BYTES, value, true)
  const bytes = new Uint8Array(view.buffer)
  let letters = ''
  for (let from = 0; from < bytes.length; from += RUN_BYTES) {
    letters += String.fromCharCode(...bytes.subarray(from, from + RUN_BYTES))
  }
  return btoa(letters)
}

/** `undefined` when the text is no base64, or no whole number of floats. */
export function decodeVector(base64: string): Float32Array | undefined {
  const letters = binaryOf(base64)
  if (letters === undefined || letters.length % FLOAT_BYTES !== 0) return undefined
  const view = new DataView(new ArrayBuffer(letters.length))
  for (let at = 0; at < letters.length; at++) view.setUint8(at, letters.charCodeAt(at))
  return Float32Array.from({ length: letters.length / FLOAT_BYTES }, (_, index) =>
    view.getFloat32(index * FLOAT_BYTES, true),
  )
}

const FLOAT_BYTES = 4
/** How many arguments a call takes at once. */
const RUN_BYTES = 8_192
