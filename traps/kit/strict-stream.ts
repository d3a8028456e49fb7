import type { WireId } from '../../core/chat.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { createSseReader } from '../../e2e/kit/sse-reader.ts'
import { strictAnthropic } from './strict-anthropic.ts'
import { strictChat } from './strict-chat.ts'
import { strictGemini } from './strict-gemini.ts'
import { strictResponses } from './strict-responses.ts'

/** What a client has of a stream: the whole reply that it adds up to, the error that it ended with, and whether the wire's own terminal was there. */
export interface Streamed {
  readonly reply: JsonObject
  readonly error: JsonObject | null
  readonly ended: boolean
}

/** One event with data. Comments are gone. */
export interface ClientEvent {
  readonly name: string | undefined
  readonly data: string
}

/** A stream without its frames: its events, and what stands behind the last one. */
export interface Frames {
  readonly events: readonly ClientEvent[]
  readonly rest: string
}

/**
 * Reads a stream as the strictest client of the wire would, by the vendor's documentation and without a line of the code under test. Throws
 * for anything that some client would stumble over: an event out of its order, a delta of a block that is not open, a number that
 * comes twice, words behind the end.
 */
export function strictStream(wire: WireId, text: string): Streamed {
  const frames = framesIn(text)
  switch (wire) {
    case 'openai-chat':
      return strictChat(frames)
    case 'openai-responses':
      return strictResponses(frames)
    case 'anthropic':
      return strictAnthropic(frames)
    case 'gemini':
      return strictGemini(frames)
  }
}

export function framesIn(text: string): Frames {
  const reader = createSseReader()
  const events = reader
    .push(Buffer.from(text))
    .flatMap(({ name, data }) => (data === undefined ? [] : [{ name, data }]))
  return { events, rest: reader.rest().toString('utf8') }
}

/** Fails when the wire's grammar is broken. */
export function must(holds: boolean, breach: string): asserts holds {
  if (!holds) throw new Error(breach)
}

/** The object that an event carries. */
export function objectIn(data: string): JsonObject {
  const value = JSON.parse(data) as Json
  must(typeof value === 'object' && value !== null && !Array.isArray(value), `no JSON object: ${data}`)
  return value as JsonObject
}

/** A node that is put together. */
export type Growing = { [key: string]: Json }
