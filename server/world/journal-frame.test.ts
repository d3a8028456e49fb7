import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  FRAME_HEAD_BYTES,
  FRAME_TYPES,
  findFrame,
  frameBytesMax,
  listFrames,
  readFrame,
  writeFrame,
} from './journal-frame.ts'

const types = fc.constantFrom(...Object.values(FRAME_TYPES))
const payloads = fc.json().filter((text) => text.startsWith('[') || text.startsWith('{'))

describe('a frame', () => {
  test('is read as it was written, whatever stands before and behind it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(types, payloads), { maxLength: 5 }), fc.nat(9), (entries, offset) => {
        const buffer = Buffer.alloc(offset + entries.reduce((sum, [, payload]) => sum + frameBytesMax(payload), 0) + 5)
        let end = offset
        for (const [type, payload] of entries) end = writeFrame(buffer, end, type, payload)
        const read: [number, string][] = []
        for (let at = offset; at < end; ) {
          const frame = readFrame(buffer, at, end)
          if (typeof frame !== 'object') throw new Error(frame)
          read.push([frame.type, buffer.toString('utf8', frame.start, frame.end)])
          at = frame.end
        }
        expect(read).toEqual(entries)
      }),
    )
  })

  test('is never whole when any one bit of it has changed', () => {
    const frame = sample('["id",1,"a model"]')
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const damaged = Buffer.from(frame)
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(readFrame(damaged, 0, damaged.length)).not.toBeTypeOf('object')
    }
  })

  test('is never whole when its end is missing', () => {
    const frame = sample('["id",1,"a model"]')
    for (let end = 0; end < frame.length; end++) expect(readFrame(frame, 0, end)).toBe('short')
    expect(readFrame(frame, 0, frame.length)).toBeTypeOf('object')
  })

  test('is not seen in zeros', () => {
    expect(readFrame(Buffer.alloc(100), 0, 100)).toBe('bad')
    expect(listFrames(Buffer.alloc(100))).toEqual([])
  })

  test('is found again behind any garbage', () => {
    const frame = sample('["id",1,"a model"]')
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (garbage) => {
        const bytes = Buffer.concat([garbage, frame])
        expect(findFrame(bytes, 1, bytes.length)).toBe(garbage.length)
      }),
    )
  })

  test('refuses a payload above its limit instead of writing what cannot be read', () => {
    const payload = JSON.stringify(['x'.repeat(70_000)])
    expect(() => writeFrame(Buffer.alloc(frameBytesMax(payload)), 0, FRAME_TYPES.settle, payload)).toThrow(RangeError)
  })
})

function sample(payload: string): Buffer {
  const buffer = Buffer.alloc(frameBytesMax(payload))
  const end = writeFrame(buffer, 0, FRAME_TYPES.settle, payload)
  expect(end).toBe(FRAME_HEAD_BYTES + payload.length)
  return buffer.subarray(0, end)
}
