import { describe, expect, test } from 'vitest'
import { readRegion, readTerms } from './price-read.ts'

const row = {
  from: '2026-01-01',
  rates: { input: 1.25, cacheRead: 0.125, output: 10, searches: 0.01 },
  steps: [{ abovePromptTokens: 100, rates: { input: 2.5 } }],
  tiers: { flex: { rates: { input: 0.625 }, units: { images: 0.02 } } },
  units: { images: 0.04, audioSeconds: 0.0001 },
}

describe('what is billed by the piece', () => {
  test('is read in pico-dollars, exactly; what is not listed is free', () => {
    expect(readTerms(row).units).toEqual({
      requests: 0,
      images: 40_000_000_000,
      audioSeconds: 100_000_000,
      videoSeconds: 0,
      pages: 0,
    })
  })

  test('costs in a tier what it costs outside of it, unless the tier says otherwise', () => {
    expect(readTerms(row).tiers['flex']?.units).toMatchObject({ images: 20_000_000_000, audioSeconds: 100_000_000 })
  })

  test('is absent where a price lists none', () => {
    expect(readTerms({ from: row.from, rates: row.rates })).not.toHaveProperty('units')
  })
})

describe('a region', () => {
  test('with a surcharge makes every token so much dearer, in steps and tiers too, and no piece', () => {
    const price = readRegion(row, { surchargePercent: 10 })
    expect(price.rates).toMatchObject({
      input: 1_375_000,
      cacheRead: 137_500,
      output: 11_000_000,
      searches: 10_000_000_000,
    })
    expect(price.steps[0]?.rates.input).toBe(2_750_000)
    expect(price.tiers['flex']?.rates).toMatchObject({ input: 687_500, output: 11_000_000 })
    expect(price.units).toEqual(readTerms(row).units)
  })

  test.each([
    [0.000_001, 50, 2],
    [0.000_001, 49, 1],
    [0.000_003, 10, 3],
    [100_000, 12.3456, 112_345_600_000],
  ])('of %d dollars and %d percent: half a pico-dollar is rounded up once', (input, surchargePercent, pico) => {
    expect(readRegion({ from: row.from, rates: { input, output: 0 } }, { surchargePercent }).rates.input).toBe(pico)
  })

  test('with rates stands for itself: nothing is taken from the price around it but its days and hours', () => {
    const hours = { utc: ['01:00-04:00'], days: ['mon' as const] }
    const price = readRegion({ ...row, hours }, { rates: { input: 2, output: 4 } })
    expect(price).toMatchObject({
      from: Date.parse('2026-01-01'),
      steps: [],
      tiers: {},
      rates: { cacheRead: 2_000_000 },
    })
    expect(price.hours).toEqual([{ startMinute: 60, endMinute: 240, days: [1] }])
    expect(price).not.toHaveProperty('units')
  })
})
