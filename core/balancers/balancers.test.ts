import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BALANCERS } from './index.ts'

describe.each(Object.entries(BALANCERS))('%s', (_name, order) => {
  const members = fc.array(fc.string(), { maxLength: 6 })

  test('gives back every member exactly once', () => {
    fc.assert(
      fc.property(members, fc.maxSafeNat(), (all, turn) => {
        expect(order(all, turn).toSorted()).toEqual(all.toSorted())
      }),
    )
  })

  test('leaves what it was given as it was, and answers the same the second time', () => {
    fc.assert(
      fc.property(members, fc.maxSafeNat(), (all, turn) => {
        const before = [...all]
        expect(order(all, turn)).toEqual(order(all, turn))
        expect(all).toEqual(before)
      }),
    )
  })
})

test('in-order never changes the order', () => {
  expect(BALANCERS['in-order'](['a', 'b', 'c'], 5)).toEqual(['a', 'b', 'c'])
})

test('round-robin begins one further on with every turn', () => {
  const order = BALANCERS['round-robin']
  expect([0, 1, 2, 3].map((turn) => order(['a', 'b', 'c'], turn).join(''))).toEqual(['abc', 'bca', 'cab', 'abc'])
})
