import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dollars } from './money.ts'

test.each([
  [0, '0'],
  [1, '0.000000001'],
  [12_500, '0.0000125'],
  [1_000_000_000, '1'],
  [-2_500_000_000, '-2.5'],
  [Number.MAX_SAFE_INTEGER, '9007199.254740991'],
])('%d nano-dollars read as %s', (nano, text) => {
  expect(dollars(nano)).toBe(text)
})

test('no nano-dollar is lost or made up, whatever the amount', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (nano) => {
      const [whole = '', fraction = ''] = dollars(nano).replace('-', '').split('.')
      expect(BigInt(whole + fraction.padEnd(9, '0'))).toBe(BigInt(Math.abs(nano)))
      expect(dollars(nano).startsWith('-')).toBe(nano < 0)
      expect(fraction).not.toMatch(/0$/)
    }),
  )
})
