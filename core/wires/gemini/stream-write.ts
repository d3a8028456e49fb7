import type { StreamWriter, WriteReply } from '../../wire.ts'
import { ChunkWriter } from './chunk-writer.ts'
import { writeFault } from './fault.ts'

/**
 * A stream as clients with `alt=sse` expect it: events without a name, lines that end in CRLF, no terminal. An error stands bare behind the
 * events, as the vendor's own does: the official SDK takes only that for an error, and one in a frame for an empty answer.
 */
export function streamWriter(context: WriteReply): StreamWriter {
  const chunks = new ChunkWriter(context)
  return {
    push: (part) =>
      chunks
        .push(part)
        .map((chunk) => `${DATA}${JSON.stringify(chunk)}${FRAME_END}`)
        .join(''),
    fault: (fault) => `${JSON.stringify(writeFault(fault, context.requestId).body)}\r\n`,
    losses: () => chunks.losses(),
    keepAlive: `: keep-alive${FRAME_END}`,
  }
}

/** What frames an event. */
export const DATA = 'data: '
export const FRAME_END = '\r\n\r\n'
