import * as fc from 'fast-check'
import { EventReader } from '../event-reader.ts'
import type { Part } from '../part.ts'
import type { ReadReply, StreamEvent, Wire, WriteReply } from '../wire.ts'
import { READ_REPLY, WRITE_REPLY } from './wire.ts'

/** The stream that a client of the wire gets for these parts. */
export function writtenStream(wire: Wire, parts: readonly Part[], context: WriteReply = WRITE_REPLY): string {
  const writer = wire.stream.writer(context)
  return parts.map((part) => writer.push(part)).join('')
}

/** The parts of a framed stream. */
export const readStream = (wire: Wire, text: string, context: ReadReply = READ_REPLY): readonly Part[] =>
  readChunks(wire, [encoder.encode(text)], context)

/** The parts of a stream as its bytes came. */
export function readChunks(
  wire: Wire,
  chunks: readonly Uint8Array[],
  context: ReadReply = READ_REPLY,
): readonly Part[] {
  const events = new EventReader(EVENT_BYTES_MAX)
  const reader = wire.stream.reader(context)
  const parts: Part[] = []
  const push = (event: StreamEvent): void => {
    parts.push(...reader.push(event))
  }
  for (const chunk of chunks) for (const event of events.push(chunk)) push(event)
  for (const event of events.end()) push(event)
  return [...parts, ...reader.end()]
}

/** The parts of some events, and of the end behind them. */
export function readEvents(
  wire: Wire,
  events: readonly StreamEvent[],
  context: ReadReply = READ_REPLY,
): readonly Part[] {
  const reader = wire.stream.reader(context)
  return [...events.flatMap((event) => reader.push(event)), ...reader.end()]
}

/** The events of a framed stream. */
export function eventsIn(text: string): readonly StreamEvent[] {
  const reader = new EventReader(EVENT_BYTES_MAX)
  return [...reader.push(encoder.encode(text)), ...reader.end()]
}

/** How a stream may look on its way without meaning anything else. */
export interface Torture {
  readonly newline: '\n' | '\r\n' | '\r'
  readonly spaceless: boolean
  readonly byteOrderMark: boolean
  readonly blankEnd: boolean
  /** For each event, which of the frames that mean nothing stands before it; beyond their number: none. */
  readonly noise: readonly number[]
  /** Bytes of each write; the last one takes the rest. */
  readonly sizes: readonly number[]
}

/** Any torture. */
export const torture = (): fc.Arbitrary<Torture> =>
  fc.record({
    newline: fc.constantFrom('\n', '\r\n', '\r'),
    spaceless: fc.boolean(),
    byteOrderMark: fc.boolean(),
    blankEnd: fc.boolean(),
    noise: fc.array(fc.nat(8), { maxLength: 12 }),
    sizes: fc.oneof(fc.array(fc.nat(40), { maxLength: 200 }), fc.constant(ONE_BYTE_EACH)),
  })

/** Each byte alone. */
const ONE_BYTE_EACH: readonly number[] = Array.from({ length: 20_000 }, () => 1)

/** The bytes of these events under torture, cut. */
export function tortured(
  events: readonly StreamEvent[],
  noise: readonly string[],
  how: Torture,
): readonly Uint8Array[] {
  const gap = how.spaceless ? '' : ' '
  const frames = events.map(({ name, data }, index) => {
    const before = noise[how.noise[index % Math.max(1, how.noise.length)] ?? noise.length]
    const lines = data.split('\n').map((line) => `data:${line.startsWith(' ') ? ' ' : gap}${line}`)
    const frame = [...(name === undefined ? [] : [`event:${gap}${name}`]), ...lines].join('\n')
    return before === undefined ? frame : `${before}\n\n${frame}`
  })
  const text = `${how.byteOrderMark ? '\ufeff' : ''}${frames.join('\n\n')}${how.blankEnd ? '\n\n' : ''}`
  return cut(encoder.encode(text.replaceAll('\n', how.newline)), how.sizes)
}

/** Bytes in pieces of these sizes; the last one takes the rest. */
export function cut(bytes: Uint8Array, sizes: readonly number[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = []
  let from = 0
  for (const size of sizes) {
    if (from >= bytes.length) break
    chunks.push(bytes.subarray(from, from + size))
    from += size
  }
  if (from < bytes.length) chunks.push(bytes.subarray(from))
  return chunks
}

const EVENT_BYTES_MAX = 16 * 1024 * 1024
const encoder = new TextEncoder()
