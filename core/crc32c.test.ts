import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c } from './crc32c.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

test('gives the published check value and the iSCSI test vectors (RFC 3720, B.4)', () => {
  expect(crc32c(bytes('123456789'))).toBe(0xe306_9283)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a91_36aa)
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8_ab43)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd_794e)
})

test('the eight-byte steps agree with the definition, bit by bit, for any part of any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), fc.nat(20), (all, head, tail) => {
      const start = Math.min(head, all.length)
      const end = Math.max(start, all.length - tail)
      expect(crc32c(all, start, end)).toBe(bitwise(all.subarray(start, end)))
    }),
  )
})

function bitwise(all: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of all) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0)
  }
  return ~crc >>> 0
}
