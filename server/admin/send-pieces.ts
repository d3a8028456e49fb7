import { pipeline } from 'node:stream/promises'
import type { FastifyReply } from 'fastify'
import type { Pieces } from './served.ts'

/**
 * Hands an answer on as it is made, and makes no more than the client takes. What fails before the first piece is still refused like anything
 * else; what fails later breaks the connection off, so that nobody takes a part for the whole, and rejects.
 */
export async function sendPieces(reply: FastifyReply, { type, pieces }: Pieces): Promise<void> {
  const iterator = pieces[Symbol.asyncIterator]()
  let pending = iterator.next()
  const first = await pending
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, { 'content-type': type, 'x-sekisho-request-id': reply.request.id })
  raw.setTimeout(STALL_MS_MAX, () => raw.destroy())
  try {
    await pipeline(async function* () {
      for (let next = first; next.done !== true; next = await pending) {
        yield next.value
        pending = iterator.next()
      }
    }, raw)
  } finally {
    // A client that left does not end the question that the database is at, and the transaction must not end before it.
    await pending.catch(() => undefined)
  }
}

/** As long as the database lets a reader pause. */
const STALL_MS_MAX = 60_000
