import { EventCutter, eachEvent, readEvent, readEventText } from './sse.ts'
import { tooLarge } from './upstream-fault.ts'
import type { StreamEvent } from './wire.ts'

/**
 * Bytes of a vendor's stream as events, however they were cut and whatever ends their lines. Comments, pings without data and blank
 * data are no events. What stands there as bare JSON is one: some vendors put an error behind the stream without a frame
 * (wire-formats 1.3). Throws `upstream_error` when one event grows beyond the limit.
 */
export class EventReader {
  readonly #cutter: EventCutter

  constructor(eventBytesMax: number) {
    this.#cutter = new EventCutter(eventBytesMax)
  }

  /** The events that `bytes` completes. */
  push(bytes: Uint8Array): readonly StreamEvent[] {
    const run = this.#cutter.push(bytes)
    if (this.#cutter.overflown) throw tooLarge('an event')
    return run === undefined ? [] : eventsOf(run)
  }

  /** The vendor closed its side: the last event, where no blank line follows it. */
  end(): readonly StreamEvent[] {
    const run = this.#cutter.rest()
    return run === undefined ? [] : eventsOf(run)
  }
}

function eventsOf(run: Uint8Array): readonly StreamEvent[] {
  // Nearly every vendor ends lines with a newline alone: one text is decoded, and cut.
  if (run.indexOf(RETURN) < 0) return eventsIn(decoder.decode(run))
  const events: StreamEvent[] = []
  eachEvent(run, (start, end) => {
    const { name, data = bareJson(run.subarray(start, end)) } = readEvent(run, start, end)
    if (data !== undefined && data.trim() !== '') events.push({ name, data })
  })
  return events
}

function eventsIn(text: string): readonly StreamEvent[] {
  const events: StreamEvent[] = []
  let start = 0
  while (start < text.length) {
    const blank = text.indexOf('\n\n', start)
    const end = blank < 0 ? text.length : blank
    const event = eventOf(text.slice(start, end))
    if (event !== undefined) events.push(event)
    start = end + 2
    while (text[start] === '\n') start++
  }
  return events
}

/** Most events are one line of data, or a name and one line of data. */
function eventOf(lines: string): StreamEvent | undefined {
  const newline = lines.startsWith('event: ') ? lines.indexOf('\n') : -1
  const from = newline + 1
  if (lines.startsWith('data: ', from) && !lines.includes('\n', from)) {
    const data = lines.slice(from + 6)
    return isBlank(data) ? undefined : { name: newline < 0 ? undefined : lines.slice(7, newline), data }
  }
  const { name, data = bareJsonText(lines) } = readEventText(lines)
  return data === undefined || isBlank(data) ? undefined : { name, data }
}

const isBlank = (data: string): boolean => data === '' || data.trim() === ''
const bareJsonText = (lines: string): string | undefined =>
  lines.startsWith('{') || lines.startsWith('[') ? lines : undefined

const bareJson = (bytes: Uint8Array): string | undefined =>
  bytes[0] === BRACE || bytes[0] === BRACKET ? decoder.decode(bytes) : undefined

const decoder = new TextDecoder()
const RETURN = 0x0d
const BRACE = 0x7b
const BRACKET = 0x5b
