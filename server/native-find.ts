import type { FindBytes } from '../core/bytes.ts'

/** Node's own search, several times as fast as a loop. What passes is nearly always a Buffer already. */
export const nativeFind: FindBytes = (bytes, word, from) =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).indexOf(word, from)
