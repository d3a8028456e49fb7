import type { StreamWriter } from '../../wire.ts'
import { DATA, FRAME_END } from './stream-write.ts'

/**
 * The stream of a client that did not ask for `alt=sse`: one JSON list that grows by the same objects (`[{…}`, `,\r\n{…}`, … `]`). It takes
 * the events of the usual writer out of their frames. An error is the last member; a list that broke off is not closed.
 */
export function listStream(events: StreamWriter): StreamWriter {
  let isBegun = false
  const member = (json: string): string => {
    const before = isBegun ? ',\r\n' : '['
    isBegun = true
    return before + json
  }
  const members = (text: string): string =>
    text
      .split(FRAME_END)
      .map((frame) => (frame === '' ? '' : member(frame.slice(DATA.length))))
      .join('')
  return {
    push: (part) => members(events.push(part)) + (part.kind === 'finish' ? (isBegun ? ']' : '[]') : ''),
    fault: (fault) => `${member(events.fault(fault).trimEnd())}]`,
    losses: events.losses,
    // Blanks between two members mean nothing.
    keepAlive: '\r\n',
  }
}
