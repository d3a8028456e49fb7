import fc from 'fast-check'
import { expect, test } from 'vitest'
import { includes } from './body.ts'
import type { FindBytes } from './bytes.ts'

const encoder = new TextEncoder()
const find: FindBytes = (bytes, word, from) => Buffer.from(bytes).indexOf(word, from)

test('a word is found however the body was cut, and only where it stands', () => {
  const word = encoder.encode('mark-1.')
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      (before, after, there, cuts) => {
        const text = encoder.encode(`${before}${there ? 'mark-1.' : 'mark-1'}${after}`)
        const chunks: Uint8Array[] = []
        for (let at = 0, turn = 0; at < text.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1
          chunks.push(text.subarray(at, at + size))
          at += size
        }
        const expected = Buffer.from(text).includes('mark-1.')
        expect(includes({ chunks, bytes: text.length }, word, find)).toBe(expected)
      },
    ),
  )
})
