import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countTokens, tokensOf } from './tokens.ts'

test('a token is up to four characters of a word with the white space before it', () => {
  expect(tokensOf('Hello, world')).toEqual(['Hell', 'o,', ' worl', 'd'])
  expect(tokensOf('a  b\n')).toEqual(['a', '  b', '\n'])
  expect(tokensOf('')).toEqual([])
})

test('characters outside the first plane are never torn apart', () => {
  expect(tokensOf('😀😀😀😀😀')).toEqual(['😀😀😀😀', '😀'])
})

test('tokens put together are the text again, and there are as many as the pattern says', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const tokens = tokensOf(text)
      expect(tokens.join('')).toBe(text)
      expect(tokens).toHaveLength(countTokens(text))
      expect(tokens).toEqual(text.match(/\s*\S{1,4}|\s+$/gu) ?? [])
    }),
  )
})
