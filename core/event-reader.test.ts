import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventReader } from './event-reader.ts'
import type { StreamEvent } from './wire.ts'

const encoder = new TextEncoder()
const BOM = '\ufeff'

function read(text: string, sizes: readonly number[] = []): readonly StreamEvent[] {
  const reader = new EventReader(1_000_000)
  const bytes = encoder.encode(text)
  const events: StreamEvent[] = []
  let from = 0
  for (const size of [...sizes, bytes.length]) {
    events.push(...reader.push(bytes.subarray(from, from + size)))
    from = Math.min(from + size, bytes.length)
  }
  return [...events, ...reader.end()]
}

const newline = fc.constantFrom('\n', '\r\n', '\r')
const event: fc.Arbitrary<StreamEvent> = fc.record({
  name: fc.option(fc.constantFrom('message_start', 'response.output_text.delta'), { nil: undefined }),
  data: fc.oneof(
    fc.json({ maxDepth: 1 }),
    fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((text) => !/[\r\n]/.test(text) && text.trim() !== ''),
  ),
})
const noise = fc.constantFrom(
  '',
  ': keep-alive',
  ': PROCESSING\n\n: PROCESSING\n',
  'retry: 3000',
  'id: 7',
  'event: ping',
  'data:',
  'data: ',
)

describe('a stream', () => {
  test('gives the same events for every cut of its bytes, every line end, with comments and without a last blank line', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(event, noise, fc.boolean()), { minLength: 1, maxLength: 6 }),
        newline,
        fc.record({ bom: fc.boolean(), blankEnd: fc.boolean(), sizes: fc.array(fc.nat(9), { maxLength: 80 }) }),
        (all, end, { bom, blankEnd, sizes }) => {
          const frames = all.map(([{ name, data }, between, spaced]) => {
            const head = between === '' ? '' : `${between}\n\n`
            return `${head}${name === undefined ? '' : `event: ${name}\n`}data:${spaced || data.startsWith(' ') ? ' ' : ''}${data}`
          })
          const text = (bom ? BOM : '') + frames.join('\n\n') + (blankEnd ? '\n\n' : '')
          expect(read(text.replaceAll('\n', end), sizes)).toEqual(all.map(([one]) => one))
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('one byte at a time, cut inside letters of several bytes, loses no letter', () => {
    const text = 'data: {"text":"日本 🎈 é"}\r\n\r\ndata: [DONE]\r\n\r\n'
    expect(
      read(
        text,
        Array.from(encoder.encode(text), () => 1),
      ),
    ).toEqual([
      { name: undefined, data: '{"text":"日本 🎈 é"}' },
      { name: undefined, data: '[DONE]' },
    ])
  })

  test('joins the data lines of one event', () => {
    expect(read('data: {\ndata: "a":1}\n\n')).toEqual([{ name: undefined, data: '{\n"a":1}' }])
  })

  test.each(['', ': only a comment\n\n', '\n\n\n\n', 'event: ping\n\n', 'data:\n\ndata: \n\n', 'retry: 1\n\n', BOM])(
    'without data gives no event: %j',
    (text) => {
      expect(read(text)).toEqual([])
    },
  )

  test('an error that stands behind the events without a frame is one', () => {
    const error = '{\n  "error": {"code": 503}\n}'
    expect(read(`data: 1\r\n\r\n${error}`)).toEqual([
      { name: undefined, data: '1' },
      { name: undefined, data: error },
    ])
  })

  test('with an event beyond the limit is the vendor’s fault, before much more is held', () => {
    const reader = new EventReader(100)
    reader.push(encoder.encode('data: '))
    expect(() => reader.push(new Uint8Array(200).fill(0x61))).toThrow('too large')
  })
})
