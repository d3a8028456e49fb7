import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ID_BYTES, makeId, makeKey, parseKey, SECRET_BYTES } from './key.ts'

const zeros = new Uint8Array(SECRET_BYTES)
const ones = new Uint8Array(SECRET_BYTES).fill(255)
const counting = Uint8Array.from({ length: SECRET_BYTES }, (_, at) => at)

test.each([
  ['sek', zeros, 'sek_000000000000_0000000000000000000000000000000000000000000_464UqY'],
  ['svc', counting, 'svc_xkEgOGusQGwp_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf_4Hmm89'],
  ['setup', ones, 'setup_lk9n8mt7Fhc7_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1_3fbYh7'],
] as const)('a %s secret is the same text for the same random bytes', (kind, random, text) => {
  expect(makeKey({ kind, id: makeId(random.subarray(0, ID_BYTES)) }, random)).toBe(text)
})

test('the checksum is the CRC-32 that zlib computes, so that a scanner needs nothing of ours', () => {
  const text = makeKey({ kind: 'sek', id: 'AbCdEfGhIjKl' }, counting)
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  const sum = text
    .slice(-6)
    .split('')
    .reduce((value, digit) => value * 62 + digits.indexOf(digit), 0)
  expect(sum).toBe(crc32(text.slice(0, -7)))
})

test('all 256 random bits reach the text: different bytes give different secrets, and every secret is read back', () => {
  const bytes = fc.uint8Array({ minLength: SECRET_BYTES, maxLength: SECRET_BYTES })
  fc.assert(
    fc.property(bytes, fc.nat({ max: SECRET_BYTES * 8 - 1 }), (random, bit) => {
      const other = random.slice()
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const id = makeId(random.subarray(0, ID_BYTES))
      const text = makeKey({ kind: 'sek', id }, random)
      expect(makeKey({ kind: 'sek', id }, other)).not.toBe(text)
      expect(parseKey(text)).toEqual({ kind: 'sek', id })
    }),
  )
})

test('one changed character anywhere is found without asking anybody', () => {
  const text = makeKey({ kind: 'sek', id: 'AbCdEfGhIjKl' }, counting)
  for (let at = 0; at < text.length; at++) {
    const changed = text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1)
    expect(parseKey(changed), changed).toBeUndefined()
  }
})

test.each([
  '',
  'sek',
  'sek_',
  `sek_${'a'.repeat(12)}_${'b'.repeat(43)}_cccccc`,
  `${makeKey({ kind: 'sek', id: 'a'.repeat(12) }, zeros)} `,
  'Bearer x',
  'sk-1234',
])('%j is not a secret of ours', (text) => expect(parseKey(text)).toBeUndefined())
