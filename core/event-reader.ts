import { Fault } from './fault.ts'
import { EventCutter, eachEvent, readEvent } from './sse.ts'
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
    if (this.#cutter.overflown) throw new Fault('upstream_error', 'The provider sent an event that is too large')
    return run === undefined ? [] : eventsOf(run)
  }

  /** The vendor closed its side: the last event, where no blank line follows it. */
  end(): readonly StreamEvent[] {
    const run = this.#cutter.rest()
    return run === undefined ? [] : eventsOf(run)
  }
}

function eventsOf(run: Uint8Array): readonly StreamEvent[] {
  const events: StreamEvent[] = []
  eachEvent(run, (start, end) => {
    const { name, data = bareJson(run.subarray(start, end)) } = readEvent(run, start, end)
    if (data !== undefined && data.trim() !== '') events.push({ name, data })
  })
  return events
}

const bareJson = (bytes: Uint8Array): string | undefined =>
  bytes[0] === BRACE || bytes[0] === BRACKET ? decoder.decode(bytes) : undefined

const decoder = new TextDecoder()
const BRACE = 0x7b
const BRACKET = 0x5b
