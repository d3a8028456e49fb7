import { describe, expect, test } from 'vitest'
import { type PriceChange, priceChanges } from './price-changes.ts'
import type { PriceRow } from './price-row.ts'
import { readVendorPrices, updatedPrices, type VendorPrice } from './vendor-price.ts'

const sources = { page: { title: 'Prices', url: 'https://vendor.example/prices', read: '2026-11-21' } }
const read = (...rows: readonly Partial<PriceRow>[]): readonly VendorPrice[] =>
  readVendorPrices(
    rows.map((row) => ({ from: '2026-01-01', source: 'page', rates: { input: 1, output: 2 }, ...row })),
    { sources, row: 'vendor/model' },
  )
const told = (changes: readonly PriceChange[]) =>
  changes.map(({ kind, from, field, before, after }) => [
    kind,
    new Date(from).toISOString().slice(0, 10),
    field,
    before,
    after,
  ])

describe('what an update changes', () => {
  const before = read({ rates: { input: 1.25, cacheRead: 0.125, output: 10, searches: 0.01 } })

  test('is nothing where it says the same', () => {
    expect(priceChanges(before, before)).toEqual([])
  })

  test('of a new day is held against the price that it replaces, and names what it lists alone', () => {
    const after = updatedPrices(
      before,
      read({ from: '2026-12-01', rates: { input: 1, cacheRead: 0.125, output: 10, searches: 0.01 } }),
    )
    expect(told(priceChanges(before, after))).toEqual([['new', '2026-12-01', 'input', '1.25', '1']])
  })

  test('of a day that had a price is held against that one', () => {
    const after = updatedPrices(before, read({ rates: { input: 1.25, output: 10 } }))
    expect(told(priceChanges(before, after))).toEqual([
      ['changed', '2026-01-01', 'cacheRead', '0.125', '1.25'],
      ['changed', '2026-01-01', 'searches', '0.01', '0'],
    ])
  })

  test('says steps, tiers, pieces and regions by their place', () => {
    const after = read({
      rates: { input: 1.25, cacheRead: 0.125, output: 10, searches: 0.01 },
      steps: [{ abovePromptTokens: 200_000, rates: { input: 2.5 } }],
      tiers: { flex: { rates: { input: 0.6 } } },
      units: { images: 0.000_000_001 },
      regions: { eu: { rates: { input: 2, output: 20 } } },
    })
    const lines = told(priceChanges(before, after)).map(([, , field, one, other]) => `${field}: ${one} -> ${other}`)
    expect(lines).toEqual(
      expect.arrayContaining([
        'above 200000 tokens: input: null -> 2.5',
        'tier flex: input: null -> 0.6',
        'images: 0 -> 0.000000001',
        'region eu: output: null -> 20',
      ]),
    )
    expect(lines).not.toContain(expect.stringMatching(/^(?:input|output|reasoning):/))
  })

  test('tells busy hours apart from the ordinary price of the day, and when they are gone', () => {
    const busy = { hours: { utc: ['01:00-04:00'], days: ['mon' as const, 'fri' as const] } }
    const both = read({}, { ...busy, rates: { input: 2, output: 2 } })
    expect(priceChanges(read({}), both)).toMatchObject([
      { kind: 'new', hours: '01:00-04:00 mon fri', field: 'input', before: null, after: '2' },
      { kind: 'new', hours: '01:00-04:00 mon fri', field: 'output', before: null, after: '2' },
    ])
    expect(told(priceChanges(both, updatedPrices(both, read({}))))).toEqual([
      ['gone', '2026-01-01', 'input', '2', null],
      ['gone', '2026-01-01', 'output', '2', null],
    ])
  })
})
