import { joined } from './body.ts'
import { startsWith } from './bytes.ts'
import { asObject, type JsonObject, parseJson } from './json.ts'
import type { Span } from './json-scan.ts'

/**
 * Cuts a byte stream at the borders of its events, so that only whole events go out: a client never gets half an event
 * in front of an error frame. Takes LF, CRLF and CR line ends (the SSE grammar of the HTML standard).
 */
export class EventCutter {
  readonly #eventBytesMax: number
  #held: Uint8Array[] = []
  #heldBytes = 0

  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax
  }

  /** The whole events that `chunk` completes, as one run of bytes, or `undefined`. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#heldBytes === 0 && endsEvent(chunk)) return chunk
    if (chunk.indexOf(NEWLINE) < 0 && chunk.indexOf(RETURN) < 0) {
      this.#hold(chunk)
      return undefined
    }
    const bytes = this.#heldBytes === 0 ? chunk : joined([...this.#held, chunk])
    const end = lastEventEnd(bytes)
    this.#held = []
    this.#heldBytes = 0
    if (end < bytes.length) this.#hold(bytes.subarray(end))
    return end === 0 ? undefined : bytes.subarray(0, end)
  }

  /** Whether one event grew beyond the limit: then nothing more is to be expected of this stream. */
  get overflown(): boolean {
    return this.#heldBytes > this.#eventBytesMax
  }

  /** What is left at the end of a stream without a final blank line. */
  rest(): Uint8Array | undefined {
    return this.#heldBytes === 0 ? undefined : joined(this.#held)
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
  }
}

/** Calls `each` with the borders of every event in a run of whole events, the blank line left out. */
export function eachEvent(run: Uint8Array, each: (start: number, end: number) => void): void {
  if (run.indexOf(RETURN) >= 0) {
    eachEventWithReturns(run, each)
    return
  }
  let start = 0
  let line = 0
  while (line < run.length) {
    const newline = run.indexOf(NEWLINE, line)
    if (newline < 0) break
    if (newline === line) {
      if (newline > start) each(start, newline)
      start = newline + 1
    }
    line = newline + 1
  }
  if (run.length > start) each(start, run.length)
}

/** The events of a run in which something stands: `next` says where from an offset on, or -1. */
export function eventsWith(run: Uint8Array, next: (from: number) => number): readonly Span[] {
  const events: Span[] = []
  let at = next(0)
  if (at < 0) return events
  eachEvent(run, (start, end) => {
    if (at < 0 || at >= end) return
    events.push({ start, end })
    at = next(end)
  })
  return events
}

/** A comment, which keeps the line open while nothing comes. */
export const KEEP_ALIVE = ': keep-alive\n\n'

/** An event's name and its data, the lines joined as the grammar says; what it does not have is `undefined`. */
export function readEvent(run: Uint8Array, start: number, end: number): EventText {
  return readEventText(decoder.decode(run.subarray(start, end)))
}

interface EventText {
  readonly name: string | undefined
  readonly data: string | undefined
}

/** The same from text. */
export function readEventText(text: string): EventText {
  let name: string | undefined
  let data: string | undefined
  for (const line of text.split(LINE_END)) {
    if (line.startsWith('event:')) name = fieldValue(line, 6)
    if (line.startsWith('data:')) data = data === undefined ? fieldValue(line, 5) : `${data}\n${fieldValue(line, 5)}`
  }
  return { name, data }
}

/** Where the name of an event begins whose first line is its name, or -1. */
export function nameAt(run: Uint8Array, start: number): number {
  if (!startsWith(run, start, EVENT)) return -1
  const at = start + EVENT.length
  return run[at] === SPACE ? at + 1 : at
}

/** The JSON object that is an event's data, or `undefined` when it has none. */
export const objectIn = (run: Uint8Array, { start, end }: Span): JsonObject | undefined =>
  asObject(parseJson(readEvent(run, start, end).data ?? ''))

/** What a stream left without a final blank line; its last event only if `isWhole` says that it is all there. */
export function wholeEvents(rest: Uint8Array, isWhole: (run: Uint8Array, event: Span) => boolean): Uint8Array {
  let last = { start: 0, end: 0 }
  eachEvent(rest, (start, end) => {
    last = { start, end }
  })
  return isWhole(rest, last) ? rest : rest.subarray(0, last.start)
}

/** Behind the line ends that follow an event whose last byte stands before `end`. */
export function behindBlankLine(run: Uint8Array, end: number): number {
  let at = end
  while (at < run.length && (run[at] === NEWLINE || run[at] === RETURN)) at++
  return at
}

const decoder = new TextDecoder()
const LINE_END = /\r\n|\n|\r/
const EVENT = new TextEncoder().encode('event:')
const SPACE = 0x20
const NEWLINE = 0x0a
const RETURN = 0x0d

/** One space behind the colon does not belong to the value. */
const fieldValue = (line: string, at: number): string => line.slice(line[at] === ' ' ? at + 1 : at)

/** Whether the bytes end with a whole event. */
export function endsEvent(bytes: Uint8Array): boolean {
  const last = bytes.length - 1
  if (last < 1 || bytes[last] !== NEWLINE) return false
  return bytes[last - 1] === NEWLINE || (bytes[last - 1] === RETURN && bytes[last - 2] === NEWLINE)
}

/** Behind the last blank line, or 0 when there is none. A CR at the very end may still become CRLF: it is not taken for a line. */
function lastEventEnd(bytes: Uint8Array): number {
  let at = bytes.length
  while (at > 0) {
    const newline = Math.max(bytes.lastIndexOf(NEWLINE, at - 1), bytes.lastIndexOf(RETURN, at - 1))
    if (newline < 1) return 0
    const isLast = newline === bytes.length - 1
    if (!(isLast && bytes[newline] === RETURN) && precededByLineEnd(bytes, newline)) return newline + 1
    at = newline
  }
  return 0
}

function precededByLineEnd(bytes: Uint8Array, at: number): boolean {
  const start = bytes[at] === NEWLINE && bytes[at - 1] === RETURN ? at - 2 : at - 1
  return start >= 0 && (bytes[start] === NEWLINE || bytes[start] === RETURN)
}

/** The same byte by byte, for the few vendors that end lines with CRLF or CR. */
function eachEventWithReturns(run: Uint8Array, each: (start: number, end: number) => void): void {
  let start = 0
  let line = 0
  for (let at = 0; at < run.length; at++) {
    if (run[at] !== NEWLINE && run[at] !== RETURN) continue
    const next = run[at] === RETURN && run[at + 1] === NEWLINE ? at + 2 : at + 1
    if (at === line) {
      if (at > start) each(start, at)
      start = next
    }
    line = next
    at = next - 1
  }
  if (run.length > start) each(start, run.length)
}
