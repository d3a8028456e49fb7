import { Fault } from '../core/fault.ts'
import { notThisWire } from '../core/upstream-fault.ts'
import type { AttemptRun } from './attempt-run.ts'

/** The media type of an answer, in small letters without parameters. Throws for one that is compressed, which was not asked for. */
export function contentTypeOf({ flow }: AttemptRun): string {
  const encoding = flow.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') {
    throw new Fault('upstream_error', 'The provider compressed its answer, which was not asked for', {
      reason: 'content_encoding',
    })
  }
  return flow.headers['content-type'] ?? ''
}

/** A stream or a whole reply, by what the vendor says it sends; a page of HTML with 200 is neither. */
export function shapeOf(contentType: string, streamAsked: boolean): 'stream' | 'whole' {
  const type = contentType.toLowerCase()
  if (type.startsWith('text/event-stream')) return 'stream'
  if (type.startsWith('application/json')) return 'whole'
  if (type === '') return streamAsked ? 'stream' : 'whole'
  throw notThisWire('content_type')
}

/** Larger than any event of text; a picture in an event may be some megabytes. */
export const EVENT_BYTES_MAX = 8_388_608
