import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openRecentMap } from './recent-map.ts'

const entriesMax = 10
const steps = fc.array(fc.record({ key: fc.nat(20).map(String), what: fc.constantFrom('get', 'set') }), {
  maxLength: 200,
  size: 'max',
})

test('the half that was used last is always there, and never more than there may be', () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const map = openRecentMap<string>({ entriesMax })
      const used: string[] = []
      for (const { key, what } of steps) {
        if (what === 'set') map.set(key, `value of ${key}`)
        if (map.get(key) !== undefined) used.unshift(key)
      }
      const recent = [...new Set(used)].slice(0, entriesMax / 2)
      expect(recent.map((key) => map.get(key))).toEqual(recent.map((key) => `value of ${key}`))
      const held = Array.from({ length: 21 }, (_, key) => map.get(String(key))).filter((value) => value !== undefined)
      expect(held.length).toBeLessThanOrEqual(entriesMax)
    }),
  )
})

test('a value that is set again takes the place of the one before', () => {
  const map = openRecentMap<number>({ entriesMax })
  for (let at = 0; at < 7; at++) map.set(`key ${at}`, at)
  map.set('key 0', 100)
  expect(map.get('key 0')).toBe(100)
})
