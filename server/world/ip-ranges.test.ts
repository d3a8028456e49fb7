import { expect, test } from 'vitest'
import { isIpRange } from '../../core/ip-range.ts'
import { isWithin } from './ip-ranges.ts'

test.each(['192.0.2.7', '192.0.2.0/24', '0.0.0.0/0', '::1', '2001:db8::/32', '::/0'])('%s is a range', (text) => {
  expect(isIpRange(text)).toBe(true)
})

test.each([
  '',
  'x',
  '192.0.2',
  '192.0.2.0/33',
  '192.0.2.0/-1',
  '192.0.2.0/8/8',
  '::/129',
  'fe80::1%eth0',
  '192.0.2.0/a',
  '127.1',
])('%j is none', (text) => {
  expect(isIpRange(text)).toBe(false)
})

test.each([
  ['192.0.2.7', ['192.0.2.0/24'], true],
  ['::ffff:192.0.2.7', ['192.0.2.0/24'], true],
  ['192.0.3.7', ['192.0.2.0/24', '192.0.3.7'], true],
  ['192.0.3.8', ['192.0.2.0/24', '192.0.3.7'], false],
  ['2001:db8::5', ['2001:db8::/32'], true],
  ['2001:db9::5', ['2001:db8::/32', '0.0.0.0/0'], false],
  ['10.0.0.1', [], false],
  [undefined, ['0.0.0.0/0', '::/0'], false],
])('%s within %j: %s', (address, ranges, expected) => {
  expect(isWithin(address, ranges)).toBe(expected)
  expect(isWithin(address, ranges)).toBe(expected)
})
