import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joined } from './body.ts'
import { EventCutter, eachEvent } from './sse.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

describe('the event cutter', () => {
  test.each(['\n', '\r\n', '\r'])(
    'passes every byte on, and only whole events, for line end %j and any cut',
    (newline) => {
      fc.assert(
        fc.property(fc.array(eventText(), { minLength: 1, maxLength: 8 }), fc.array(fc.nat(30)), (events, cuts) => {
          const text = events.map((event) => event.join(newline) + newline + newline).join('')
          const { runs, rest } = cut(encoder.encode(text), cuts)
          expect(runs.join('') + rest).toBe(text)
          const whole = new Set(borders(text))
          let at = 0
          for (const run of runs) {
            at += encoder.encode(run).length
            expect(whole.has(at)).toBe(true)
          }
        }),
        { numRuns: 500 },
      )
    },
  )

  test('hands on a chunk that ends an event as it is, without a copy', () => {
    const chunk = encoder.encode('data: 1\n\ndata: 2\n\n')
    expect(new EventCutter(1_000).push(chunk)).toBe(chunk)
  })

  test('says that an event is too large before it has taken much more than the limit', () => {
    const cutter = new EventCutter(100)
    cutter.push(new Uint8Array(101).fill(0x61))
    expect(cutter.overflown).toBe(true)
  })
})

test('events are the same by LF, CRLF and CR', () => {
  const seen = (newline: string) => {
    const run = encoder.encode(['data: a', '', ': note', '', 'event: x', 'data: b', '', ''].join(newline))
    const events: string[] = []
    eachEvent(run, (start, end) =>
      events.push(decoder.decode(run.subarray(start, end)).replaceAll(newline, '|').replace(/\|$/, '')),
    )
    return events
  }
  const expected = ['data: a', ': note', 'event: x|data: b']
  expect(seen('\n')).toEqual(expected)
  expect(seen('\r\n')).toEqual(expected)
  expect(seen('\r')).toEqual(expected)
})

const eventText = () =>
  fc.array(fc.stringMatching(/^(data|event|: ?)[a-zé日 {}":]{0,20}$/), { minLength: 1, maxLength: 3 })

function cut(bytes: Uint8Array, lengths: readonly number[]): { runs: string[]; rest: string } {
  const cutter = new EventCutter(1_000_000)
  const runs: Uint8Array[] = []
  let from = 0
  for (const length of [...lengths, bytes.length]) {
    const run = cutter.push(bytes.subarray(from, from + length))
    if (run !== undefined) runs.push(run)
    from = Math.min(from + length, bytes.length)
  }
  const rest = cutter.rest()
  return {
    runs: runs.map((run) => decoder.decode(run)),
    rest: decoder.decode(joined(rest === undefined ? [] : [rest])),
  }
}

/** Byte offsets behind each blank line. */
function borders(text: string): number[] {
  const offsets: number[] = []
  for (const match of text.matchAll(/(\r\n|\n|\r)(\r\n|\n|\r)/g)) {
    offsets.push(encoder.encode(text.slice(0, match.index + match[0].length)).length)
  }
  return offsets
}
