import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { binaryOf, checkedBase64 } from './base64.ts'

describe("a client's base64", () => {
  test('is taken in both alphabets, with and without line ends', () => {
    fc.assert(fc.property(fc.base64String({ minLength: 4 }), (base64) => checkedBase64(base64, 'a') === base64))
    for (const base64 of ['ab-_', 'abc=', 'abcd\r\nefgh\n']) expect(checkedBase64(base64, 'a')).toBe(base64)
  })

  test.each(['', 'a b c', 'no!', '=abc', 'data:image/png;base64,AAAA', '\ud800'])(
    'is not %j, which is refused by the path of its field',
    (text) => {
      expect(() => checkedBase64(text, 'messages[0].data')).toThrow(
        expect.objectContaining({ code: 'bad_request', field: 'messages[0].data' }),
      )
    },
  )
})

test('bytes are read in both alphabets, and what is no base64 is none', () => {
  expect(binaryOf('-_8')).toBe(binaryOf('+/8='))
  expect(binaryOf('aGk=')).toBe('hi')
  for (const text of ['a', '%%%%', '日本']) expect(binaryOf(text)).toBeUndefined()
})
