import { joined } from '../../core/body.ts'
import type { ReplyReader } from '../../core/reply-reader.ts'
import { inputTokens, outputTokens } from '../../core/usage.ts'
import type { StreamEvent } from '../../core/wire.ts'
import type { PassingStreamOptions } from '../../core/passing-stream.ts'
import { present } from './json-parts.ts'

/** How bytes that go out as they came are read. */
export const PASSING: PassingStreamOptions = {
  flavour: 'openai',
  endsWithDone: true,
  hideUsage: false,
  inputEstimate: 0,
  eventBytesMax: 16 * 1024 * 1024,
  spendLimitCodes: [],
  find: (bytes, word, from) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(word, from),
}

/** What a reader let through, and what it read meanwhile. Usage that it counted itself is none. */
export function passed(reader: ReplyReader, chunks: readonly Uint8Array[]) {
  const out = [...chunks.map((chunk) => reader.push(chunk)), reader.end()]
  const { usage, source } = reader.reading()
  const told =
    usage === null || source === 'counted' ? null : { input: inputTokens(usage), output: outputTokens(usage) }
  return { out: joined(present(out)), ending: reader.ending(), usage: told }
}

/** A stream in its frames. */
export const framed = (events: readonly StreamEvent[], newline: string): string =>
  events
    .map(({ name, data }) => `${name === undefined ? '' : `event: ${name}${newline}`}data: ${data}${newline}${newline}`)
    .join('')

/** As many pieces of a size as the bytes are long. */
export const sizesOf = (bytes: Uint8Array, size: number): readonly number[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, () => size)
