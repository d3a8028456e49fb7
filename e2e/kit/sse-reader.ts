/** One event of a stream, with the bytes that it came in. */
export interface SseEvent {
  /** From its first byte up to and with the empty line. */
  readonly raw: Buffer
  /** The value of its `event:` field. */
  readonly name: string | undefined
  /** Its `data:` lines, put together; `undefined` when it has none (a comment). */
  readonly data: string | undefined
  /** Its comment lines, without the colon. */
  readonly comments: readonly string[]
  /** When its last byte was read, on `performance.now()`. */
  readonly atMs: number
}

export interface SseReader {
  /** The events that are complete with these bytes. */
  push(bytes: Buffer): readonly SseEvent[]
  /** What came after the last complete event. */
  rest(): Buffer
}

const EVENT_BYTES_MAX = 64 * 1024 * 1024
const LF = 10
const CR = 13

/** Cuts a byte stream into events as the standard says (HTML, "Server-sent events"): lines end with LF, CRLF or CR. */
export function createSseReader(): SseReader {
  let pending: Buffer = Buffer.alloc(0)
  /** Where the line that is being read begins, and how far it was looked at. */
  let lineStart = 0
  let at = 0

  return {
    push(bytes) {
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
      const events: SseEvent[] = []
      let eventStart = 0
      while (at < pending.length) {
        const byte = pending[at]
        if (byte !== LF && byte !== CR) {
          at++
          continue
        }
        // Whether a CR stands alone is only known with the byte after it.
        if (byte === CR && at + 1 === pending.length) break
        const next = at + (byte === CR && pending[at + 1] === LF ? 2 : 1)
        const isEmptyLine = at === lineStart
        at = next
        lineStart = next
        if (isEmptyLine) {
          events.push(eventOf(pending.subarray(eventStart, next)))
          eventStart = next
        }
      }
      pending = pending.subarray(eventStart)
      at -= eventStart
      lineStart -= eventStart
      if (pending.length > EVENT_BYTES_MAX) throw new Error('an event without end')
      return events
    },
    rest: () => pending,
  }
}

function eventOf(raw: Buffer): SseEvent {
  const data: string[] = []
  const comments: string[] = []
  let name: string | undefined
  for (const line of raw.toString('utf8').split(/\r\n|\r|\n/)) {
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    else if (field === 'event') name = value
    else if (colon === 0) comments.push(value)
  }
  return { raw, name, data: data.length === 0 ? undefined : data.join('\n'), comments, atMs: performance.now() }
}
