import type { IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'

/** Small, because it is parsed on the gateway's own event loop: enough for a demonstration, too little to stall it. */
const BODY_BYTES_MAX = 2 * 1024 * 1024

/** The whole body of a request, or a refusal when it is larger than the demo vendor takes. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw tooLarge()
  const chunks: Buffer[] = []
  let bytes = 0
  // Leaving the loop must not destroy the request: the refusal goes out on the same connection.
  const pieces: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
  for await (const chunk of pieces) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes)
}

const tooLarge = (): Refusal =>
  new Refusal(413, `The demo vendor takes bodies up to ${BODY_BYTES_MAX} bytes`, { code: 'request_too_large' })
