import type { IncomingMessage } from 'node:http'
import type { Readable, Transform } from 'node:stream'
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { Fault } from '../core/fault.ts'

/**
 * The body of a request as it was before its client compressed it: newer SDKs do that with long conversations (wire-formats 1.8, trap 37). It
 * goes on to the vendor uncompressed. How much comes out is the reader's to limit, chunk by chunk; `stop` ends it at once. Throws for an
 * encoding that is not known, or for several.
 */
export function decodedBody(request: IncomingMessage): { readonly source: Readable; readonly stop: () => void } {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding === 'identity') return { source: request, stop: () => request.removeAllListeners('data') }
  const open = DECODERS.get(encoding)
  if (open === undefined) {
    const known = [...DECODERS.keys()].join(', ')
    throw new Fault('unsupported_media_type', `content-encoding '${encoding}' is not accepted, only one of ${known}`)
  }
  const decoder = open()
  request.pipe(decoder)
  return {
    source: decoder,
    stop: () => {
      request.unpipe(decoder)
      decoder.destroy()
    },
  }
}

const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['deflate', () => createInflate()],
  ['br', () => createBrotliDecompress()],
  // Eight megabytes, as RFC 9659 has it: the frame says how much memory its reader needs, and may say 128.
  ['zstd', () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 23 } })],
])
