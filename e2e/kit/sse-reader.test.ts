import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSseReader, type SseEvent } from './sse-reader.ts'

const STREAM =
  ': hello\n\ndata: {"a":1}\n\nevent: message\r\ndata: one\r\ndata: two\r\n\r\ndata:x\r\rid: 7\n\ndata: unfinished'

const read = (text: string, cuts: readonly number[] = []): { events: SseEvent[]; rest: string } => {
  const bytes = Buffer.from(text)
  const reader = createSseReader()
  const ends = [...cuts.map((cut) => cut % bytes.length), bytes.length].toSorted((a, b) => a - b)
  const events = ends.flatMap((end, index) => reader.push(bytes.subarray(ends[index - 1] ?? 0, end)))
  return { events, rest: reader.rest().toString() }
}

test('events are cut at empty lines of every kind, with name, data and comments', () => {
  const { events, rest } = read(STREAM)
  expect(events).toMatchObject([
    { comments: ['hello'], data: undefined },
    { data: '{"a":1}', name: undefined },
    { name: 'message', data: 'one\ntwo' },
    { data: 'x' },
    { data: undefined },
  ])
  expect(rest).toBe('data: unfinished')
})

test('any split of the bytes gives the same events, and raw bytes put together are the stream', () => {
  const wanted = read(STREAM)
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 12 }), (cuts) => {
      const { events, rest } = read(STREAM, cuts)
      expect(events.map((event) => event.raw.toString())).toEqual(wanted.events.map((event) => event.raw.toString()))
      expect(events.map((event) => event.raw.toString()).join('') + rest).toBe(STREAM)
    }),
  )
})
