import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import type { Chat } from '../chat.ts'
import { Fault } from '../fault.ts'
import { asList, asObject, type JsonObject, parseJson } from '../json.ts'
import type { Part } from '../part.ts'
import type { StreamEvent, Wire } from '../wire.ts'
import { anyBody, mutated, nested } from './mutations.ts'
import { eventsIn, readEvents } from './streams.ts'
import { READ_REPLY, TARGET, WRITE_REPLY, type WireSamples } from './wire.ts'

/** Laws of bad input: it is refused with the path of the field, or understood; never anything else. */
export function garbageLaws(wire: Wire, { requests, replies, streams, wires }: WireSamples): void {
  const bodies = requests.map(({ body }) => body)
  const writeEverywhere = (chat: Chat): void => {
    for (const other of wires)
      doing(`writing for ${other.id}`, () =>
        other.request.write(chat, other === wire ? TARGET : { ...TARGET, foreign: true }),
      )
  }

  test.each([
    ['any JSON', anyBody()],
    ['a request with something wrong in it', mutated(bodies)],
  ])('%s is read, or refused with the path of the field; what was read, every wire can write', (_, body) => {
    fc.assert(
      fc.property(body, (asked) => {
        const chat = readable(wire, asked)
        if (chat !== undefined) writeEverywhere(chat)
      }),
      { numRuns: RUNS },
    )
  })

  test('a request of ten thousand messages is read, or refused', () => {
    for (const asked of bodies.slice(0, 3)) {
      const key = ['messages', 'contents', 'input'].find((one) => asList(asked[one]) !== undefined) ?? ''
      const list = asList(asked[key]) ?? []
      if (list.length === 0) continue
      const many = Array.from({ length: 10_000 }, (_, index) => list[index % list.length] ?? null)
      const chat = readable(wire, { ...asked, [key]: many })
      if (chat !== undefined) writeEverywhere(chat)
    }
  })

  test('a value that is nested a thousand levels deep is read, or refused, wherever it stands', () => {
    for (const asked of bodies.slice(0, 5)) {
      for (const key of [...Object.keys(asked), 'brand_new']) {
        const chat = readable(wire, { ...asked, [key]: nested(1_000) })
        if (chat !== undefined) writeEverywhere(chat)
      }
    }
  })

  describe('a vendor that answers nonsense', () => {
    test.each([
      ['any JSON', anyBody()],
      ['a reply with something wrong in it', mutated(replies.map(({ body }) => body))],
    ])('%s: parts that every wire can write, or upstream_error', (_, body) => {
      fc.assert(
        fc.property(body, (said) => {
          const parts = partsOrFault(() => wire.reply.read(said, READ_REPLY))
          if (!isReply(parts)) return
          for (const other of wires) doing(`writing for ${other.id}`, () => other.reply.write(parts, WRITE_REPLY))
        }),
        { numRuns: RUNS },
      )
    })

    test('a stream with something wrong in it: parts that every wire can write, or upstream_error', () => {
      fc.assert(
        fc.property(brokenStream(streams.map(({ body }) => eventsIn(body))), (events) => {
          const parts = partsOrFault(() => readEvents(wire, events)) ?? []
          for (const other of wires) doing(`writing for ${other.id}`, () => writeStream(other, parts))
        }),
        { numRuns: RUNS },
      )
    })
  })
}

const RUNS = 600

/** What was read, or `undefined` when it was refused as it should be: anything else that is thrown fails the test. */
function readable(wire: Wire, asked: JsonObject): Chat | undefined {
  try {
    return wire.request.read(asked, { model: TARGET.model, stream: false })
  } catch (error) {
    const isRefusal = error instanceof Fault && error.code === 'bad_request' && error.field !== undefined
    if (!isRefusal) throw error
    return undefined
  }
}

function partsOrFault(read: () => readonly Part[]): readonly Part[] | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Fault && error.code.startsWith('upstream_'))) throw error
    return undefined
  }
}

/** Whether these parts are a reply that may be written: one with an error in it becomes an error before. */
const isReply = (parts: readonly Part[] | undefined): parts is readonly Part[] =>
  parts?.every(({ kind }) => kind !== 'fault') ?? false

function writeStream(wire: Wire, parts: readonly Part[]): void {
  const writer = wire.stream.writer(WRITE_REPLY)
  for (const part of parts) {
    if (part.kind === 'fault') writer.fault(part.fault)
    else writer.push(part)
  }
}

/** Says what was being done when something was thrown. */
function doing(what: string, run: () => unknown): void {
  try {
    run()
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, {
      cause: error,
    })
  }
}

/** One of these streams with one event changed. */
const brokenStream = (streams: readonly (readonly StreamEvent[])[]): fc.Arbitrary<readonly StreamEvent[]> =>
  streams.length === 0
    ? fc.constant([])
    : fc.tuple(fc.nat(), fc.nat()).chain(([pick, at]) => {
        const events = streams[pick % streams.length] ?? []
        const index = at % Math.max(1, events.length)
        const chunk = asObject(parseJson(events[index]?.data ?? '')) ?? {}
        const data = fc.oneof(
          mutated([chunk]).map((json) => JSON.stringify(json)),
          anyBody().map((json) => JSON.stringify(json)),
          fc.constantFrom('', 'null', '[]', '7', '"x"', '{', 'nonsense', '\u0000'),
        )
        return data.map((text) =>
          events.map((event, position) => (position === index ? { ...event, data: text } : event)),
        )
      })
