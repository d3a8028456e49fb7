import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cost, type Price, priceAt } from './price.ts'
import { readTerms } from './price-read.ts'
import { termsOfPrices, TIERS, usages } from './price-row-test-kit.ts'
import { named } from './price-version.ts'
import { type CostedRecord, recost } from './recost.ts'
import { NO_USAGE } from './usage.ts'

const price = named(readTerms({ from: '2026-01-01', rates: { input: 1, output: 2 } }), {
  model: 'vendor/model',
  day: '2026-01-01',
})
const known = new Map([[price.version, price]])
const record: CostedRecord = {
  operation: 'chat',
  usage: { ...NO_USAGE, input: 5_000 },
  priceVersion: price.version,
  serviceTier: null,
  costNano: 5_000_000,
}
const namedOf = (terms: Parameters<typeof readTerms>[0]) => named(readTerms(terms), { model: 'v/m', day: terms.from })

test('a record costs again what it was booked with, by the price in force when it came, whatever came after', () => {
  const asked = fc.record({
    rows: fc.array(termsOfPrices(), { minLength: 1, maxLength: 5 }),
    usage: usages(),
    at: fc.integer({ min: 0, max: Date.parse('2027-01-01') }),
    serviceTier: fc.option(fc.constantFrom(...TIERS, 'constructor', 'default')),
  })
  fc.assert(
    fc.property(asked, ({ rows, usage, at, serviceTier }) => {
      const prices = rows.map(namedOf).toSorted((one, other) => one.from - other.from)
      const inForce = priceAt(prices, at)
      const booked = inForce === undefined ? null : cost(usage, inForce, serviceTier ?? undefined)
      const stored = { ...record, usage, serviceTier, priceVersion: inForce?.version ?? null, costNano: booked }
      const all = new Map(prices.map((one) => [one.version, one]))
      expect(recost(stored, all)).toBe(booked)
      expect(recost(stored, new Map([...known, ...all]))).toBe(booked)
    }),
  )
})

test('a version names one price: whatever changes a cost, or when it holds, changes the version', () => {
  const fields = fc.subarray(['from', 'rates', 'steps', 'tiers', 'units', 'hours'] as const)
  fc.assert(
    fc.property(termsOfPrices(), termsOfPrices(), fields, (one, other, changed) => {
      const mixed = { ...one, ...Object.fromEntries(changed.map((field) => [field, other[field] ?? one[field]])) }
      const [first, second] = [namedOf(one), namedOf(mixed)]
      expect(first.version === second.version).toBe(JSON.stringify(sorted(first)) === JSON.stringify(sorted(second)))
    }),
    { numRuns: 1_000 },
  )
})

describe('what has no price to be costed with', () => {
  test.each([{ priceVersion: null }, { priceVersion: 'gone' }])('is unknown, never zero: %j', (more) => {
    expect(recost({ ...record, ...more }, known)).toBeNull()
  })

  test('stays as it was booked where nothing is known of its use', () => {
    expect(recost({ ...record, usage: null, costNano: 0 }, known)).toBe(0)
    expect(recost({ ...record, usage: null, costNano: null }, known)).toBeNull()
  })

  test('is free where tokens were only counted', () => {
    expect(recost({ ...record, operation: 'count_tokens', costNano: 0 }, known)).toBe(0)
  })
})

const sorted = ({ from, rates, steps, units, tiers, hours }: Price) => {
  const tierList = Object.entries(tiers).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return { from, rates, steps, units, hours, tierList }
}
