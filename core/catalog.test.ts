import { describe, expect, test } from 'vitest'
import { type Catalog, readCatalog } from './catalog.ts'
import type { ModelRow, SourcesFile } from './catalog-file.ts'
import type { PriceRow } from './price-row.ts'
import { cost, priceAt } from './price.ts'
import { NO_USAGE } from './usage.ts'
import { priceIn } from './vendor-price.ts'

const sources: SourcesFile = {
  page: { title: 'Prices', url: 'https://vendor.example/prices', read: '2026-11-21' },
}
const price = (fields: Partial<PriceRow>): PriceRow => ({
  from: '2026-01-01',
  source: 'page',
  rates: { input: 1, output: 2 },
  ...fields,
})
const model = (fields: Partial<ModelRow>): ModelRow => ({
  id: 'model',
  operations: ['chat'],
  contextTokens: 1_000,
  outputTokensMax: null,
  input: ['text'],
  output: ['text'],
  sources: ['page'],
  prices: [price({})],
  ...fields,
})
const read = (...models: readonly ModelRow[]): Catalog =>
  readCatalog(sources, [{ provider: 'vendor', models: [...models] }])
const onlyPrice = (fields: Partial<PriceRow>) => {
  const found = read(model({ prices: [price(fields)] })).models[0]?.prices[0]
  if (found === undefined) throw new Error('one price went in')
  return found
}

describe('facts of models', () => {
  const vendors = [{ provider: 'vendor', models: [model({})] }]
  const rows = [{ models: ['model-2'], facts: { prefill: 'no' as const }, sources: ['page'] }]

  test('are found by any name of the model, and there are none without rows', () => {
    const { factsOf } = readCatalog(sources, vendors, { rows })
    expect(factsOf('vendor/model-2')).toEqual({ prefill: 'no' })
    expect(factsOf('model')).toEqual({})
    expect(read(model({})).factsOf('model-2')).toEqual({})
  })

  test('a source of theirs that is not listed throws', () => {
    const hearsay = [{ models: ['model-2'], facts: {}, sources: ['hearsay'] }]
    expect(() => readCatalog(sources, vendors, { rows: hearsay })).toThrow(
      'capabilities of model-2: no source "hearsay"',
    )
  })

  test('change the version', () => {
    const other = [{ models: ['model-2'], facts: { prefill: 'yes' as const }, sources: ['page'] }]
    const versions = [[], rows, other].map((rows) => readCatalog(sources, vendors, { rows }).version)
    expect(new Set(versions).size).toBe(3)
  })
})

describe('money', () => {
  test.each([
    [0.075, 75_000],
    [0.1, 100_000],
    [0.003625, 3_625],
    [1.36, 1_360_000],
    [4.18, 4_180_000],
    [1_000.000_001, 1_000_000_001],
  ])('$%d per million tokens is %d pico-dollars per token, without a float error', (input, pico) => {
    expect(onlyPrice({ rates: { input, output: 0 } }).rates.input).toBe(pico)
  })

  test('searches are priced per call', () => {
    expect(onlyPrice({ rates: { input: 1, output: 2, searches: 0.014 } }).rates.searches).toBe(14_000_000_000)
  })

  test.each([0.000_000_1, -1, Number.NaN, 1e12])('%d dollars are refused: no whole number of pico-dollars', (input) => {
    expect(() => onlyPrice({ rates: { input, output: 0 } })).toThrow('no whole number')
  })

  test('a model without prices has none, not a price of zero', () => {
    expect(read(model({ prices: [] })).models[0]?.prices).toEqual([])
  })
})

describe('steps and tiers', () => {
  const tiered = onlyPrice({
    rates: { input: 4, cacheRead: 0.4, output: 8, searches: 0.01 },
    steps: [{ abovePromptTokens: 100, rates: { input: 8 } }],
    tiers: { flex: { rates: { input: 2 }, steps: [{ abovePromptTokens: 50, rates: { output: 16 } }] } },
  })

  test('what a step does not list costs what it costs below it', () => {
    expect(tiered.steps[0]?.rates).toMatchObject({
      input: 8_000_000,
      cacheRead: 400_000,
      output: 8_000_000,
      searches: 10_000_000_000,
    })
  })

  test('what a tier does not list costs what it costs without it, and its steps stand on the tier', () => {
    expect(tiered.tiers['flex']?.rates).toMatchObject({ input: 2_000_000, cacheRead: 400_000, output: 8_000_000 })
    expect(tiered.tiers['flex']?.steps[0]?.rates).toMatchObject({ input: 2_000_000, output: 16_000_000 })
  })
})

describe('dates and hours', () => {
  test('busy hours win over the ordinary price of the same day', () => {
    const catalog = read(
      model({
        prices: [
          price({ rates: { input: 1, output: 2 } }),
          price({
            rates: { input: 2, output: 4 },
            hours: { utc: ['01:00-04:00', '06:00-24:00'], days: ['mon', 'fri'] },
          }),
        ],
      }),
    )
    const inputAt = (moment: string) => priceAt(catalog.models[0]?.prices ?? [], Date.parse(moment))?.rates.input
    expect(inputAt('2026-11-20T01:00:00Z')).toBe(2_000_000)
    expect(inputAt('2026-11-20T05:59:00Z')).toBe(1_000_000)
    expect(inputAt('2026-11-20T23:59:00Z')).toBe(2_000_000)
    expect(inputAt('2026-11-19T01:00:00Z')).toBe(1_000_000)
  })

  test('prices out of order are refused', () => {
    const prices = [price({ from: '2026-02-01' }), price({ from: '2026-01-01' })]
    expect(() => read(model({ prices }))).toThrow('vendor/model: prices out of order')
  })

  test('a day that is none is refused', () => {
    expect(() => onlyPrice({ from: 'soon' })).toThrow('soon is not a day')
  })
})

test('a row or price that names no listed source is refused', () => {
  expect(() => read(model({ sources: ['hearsay'] }))).toThrow('vendor/model: no source "hearsay"')
  expect(() => onlyPrice({ source: 'toString' })).toThrow('no source "toString"')
})

describe('versions', () => {
  test('stay the same while the price does: written down here, a change of them would orphan recorded costs', () => {
    expect(onlyPrice({}).version).toBe('vendor/model@2026-01-01#0db835c1')
    expect(
      onlyPrice({
        steps: [{ abovePromptTokens: 100, rates: { input: 8 } }],
        tiers: { flex: { rates: { input: 2 } }, batch: { rates: { output: 1 } } },
        hours: { utc: ['01:00-04:00'], days: ['mon'] },
      }).version,
    ).toBe('vendor/model@2026-01-01#e5444315')
  })

  test('do not depend on the order in which tiers and rates are written', () => {
    const one = onlyPrice({ tiers: { flex: { rates: { input: 2, output: 1 } }, batch: { rates: { output: 1 } } } })
    const two = onlyPrice({ tiers: { batch: { rates: { output: 1 } }, flex: { rates: { output: 1, input: 2 } } } })
    expect(one.version).toBe(two.version)
  })

  test.each<[string, Partial<PriceRow>]>([
    ['a rate', { rates: { input: 1, output: 2.000_001 } }],
    ['a rate beyond 2^32 pico-dollars', { rates: { input: 1 + 4_294.967_296, output: 2 } }],
    ['another kind', { rates: { input: 1, output: 2, cacheRead: 0 } }],
    ['the day', { from: '2026-01-02' }],
    ['a step', { steps: [{ abovePromptTokens: 100, rates: { input: 8 } }] }],
    ['a tier', { tiers: { flex: { rates: { input: 8 } } } }],
    ['hours', { hours: { utc: ['01:00-04:00'], days: ['mon'] } }],
    ['a price by the piece', { units: { images: 0.04 } }],
    ['a price by the piece in a tier', { tiers: { flex: { rates: {}, units: { images: 0.04 } } } }],
  ])('change with %s', (_, fields) => {
    expect(onlyPrice(fields).version).not.toBe(onlyPrice({}).version)
  })

  test('of a region name it, and the price around them keeps its own', () => {
    const regions = { eu: { surchargePercent: 10 }, us: { rates: { input: 3, output: 4 } } }
    const found = onlyPrice({ regions })
    expect(found.version).toBe(onlyPrice({}).version)
    expect(priceIn(found, 'eu').version).toMatch(/^vendor\/model@2026-01-01~eu#[0-9a-f]{8}$/)
    expect(priceIn(found, 'eu').rates.input).toBe(1_100_000)
    expect(priceIn(found, 'us').rates.input).toBe(3_000_000)
    const dearer = onlyPrice({ regions: { eu: { surchargePercent: 11 } } })
    expect(priceIn(dearer, 'eu').version).not.toBe(priceIn(found, 'eu').version)
    for (const region of [undefined, 'asia', 'constructor']) expect(priceIn(found, region)).toBe(found)
    expect(read(model({ prices: [price({ regions })] })).version).not.toBe(read(model({})).version)
  })

  test('the catalogue has a version of its own, which any change of a row moves', () => {
    const version = read(model({})).version
    expect(read(model({})).version).toBe(version)
    expect(read(model({ contextTokens: 1_001 })).version).not.toBe(version)
    expect(read(model({ aliases: ['other'] })).version).not.toBe(version)
    expect(read(model({}), model({ id: 'second' })).version).not.toBe(version)
  })
})

test('a row is costed as its vendor publishes it', () => {
  const { prices } =
    read(model({ prices: [price({ rates: { input: 2.5, cacheRead: 0.25, output: 15 } })] })).models[0] ?? {}
  const current = priceAt(prices ?? [], Date.parse('2026-11-21'))
  expect(current && cost({ ...NO_USAGE, input: 1_000, cacheRead: 2_000, output: 300 }, current)).toBe(7_500_000)
})
