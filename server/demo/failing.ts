import type { Json } from '../../core/json.ts'
import type { Reply } from './reply.ts'
import { Refusal } from './refusal.ts'

/** Chunks that a stream gives before it fails. */
const CHUNKS_BEFORE_FAILURE = 4

/**
 * What `demo-error` makes of an answer, so that the handling of errors can be tried by hand: `status 429` (any from 400 to 599) is
 * refused with that status, `hang` never answers, `cut` breaks the connection in the middle, `error event` puts an error object into
 * the stream. Anything else is answered as usual.
 */
export function failing(text: string, reply: Reply): Reply {
  const [, digits] = /\bstatus ([45]\d\d)\b/i.exec(text) ?? []
  if (digits !== undefined) throw refusalWith(Number(digits))
  if (/\bhang\b/i.test(text)) return { kind: 'hang' }
  if (reply.kind !== 'stream') return reply
  if (/\bcut\b/i.test(text)) return { ...reply, chunks: first(reply.chunks), end: 'cut' }
  if (/\berror event\b/i.test(text)) return { ...reply, chunks: thenError(reply.chunks), end: 'cut' }
  return reply
}

const refusalWith = (status: number): Refusal =>
  new Refusal(status, `The demo vendor was asked for status ${status}`, {
    code: 'demo_error',
    ...(status === 429 || status === 503 ? { retryAfterSeconds: 1 } : {}),
  })

function* first(chunks: Iterable<Json>): Generator<Json> {
  let left = CHUNKS_BEFORE_FAILURE
  for (const chunk of chunks) {
    if (left-- === 0) return
    yield chunk
  }
}

function* thenError(chunks: Iterable<Json>): Generator<Json> {
  yield* first(chunks)
  yield new Refusal(500, 'The demo vendor was asked for an error in the stream', { code: 'demo_error' }).body
}
