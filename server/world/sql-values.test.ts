import { expect, test } from 'vitest'
import { exact } from './sql-values.ts'

test.each([
  ['0', 0],
  ['-42', -42],
  ['9007199254740991', 9_007_199_254_740_991],
  ['9007199254740992', 9_007_199_254_740_992n],
  ['-9223372036854775808', -9_223_372_036_854_775_808n],
  ['1.50', '1.50'],
  ['NaN', 'NaN'],
])('%s comes out exactly as it is stored', (text, value) => {
  expect(exact(text)).toBe(value)
})
