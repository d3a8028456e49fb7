import { expect, test } from 'vitest'
import { taker, tokensIn } from './token-count.ts'

test.each([-1, 0.5, 2_000_000_000, '7', null, undefined, Number.POSITIVE_INFINITY])(
  '%j is no count of tokens',
  (value) => {
    expect(tokensIn(value)).toBeUndefined()
  },
)

test('a total is given out once, however much is wanted of it', () => {
  const take = taker(10)
  expect([take(4), take(-3), take(9), take(1), take(Number.POSITIVE_INFINITY)]).toEqual([4, 0, 6, 0, 0])
})
