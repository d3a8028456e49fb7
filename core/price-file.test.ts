import { describe, expect, test } from 'vitest'
import { readPriceFile, updatedFile } from './price-file.ts'

const page = { title: 'Prices', url: 'https://vendor.example/prices', read: '2026-11-21' }
const price = { from: '2026-01-01', source: 'page', rates: { input: 1, output: 2 } }
const file = (...models: readonly object[]) => ({ provider: 'openai', sources: { page }, models })

function read(json: unknown) {
  const reading = readPriceFile(json, { shipped: page, unused: page })
  if (reading.kind === 'refused') throw new Error(reading.faults.join('\n'))
  return reading
}
const faults = (json: unknown): readonly string[] => {
  const reading = readPriceFile(json, { shipped: page })
  return reading.kind === 'refused' ? reading.faults : []
}

describe('a price file', () => {
  test('needs names and prices alone; every name of a model leads to them', () => {
    const { prices } = read(file({ id: 'gpt', aliases: ['gpt-1'], prices: [price] }))
    expect([...prices.keys()]).toEqual(['openai/gpt', 'openai/gpt-1'])
    expect(prices.get('openai/gpt-1')?.[0]).toMatchObject({ rates: { input: 1_000_000 }, source: page })
  })

  test('has the sources that it uses in itself afterwards, so that it can be read without the catalogue', () => {
    const { file: whole } = read(file({ id: 'gpt', prices: [{ ...price, source: 'shipped' }] }))
    expect(whole.sources).toEqual({ shipped: page })
    expect(readPriceFile(whole, {}).kind).toBe('read')
  })

  test.each<[unknown, string]>([
    [undefined, 'is no JSON'],
    [[], 'the file: invalid input: expected object, received array'],
    [file(), 'models: too small'],
    [file({ id: 'gpt' }), 'models[0].prices: invalid input'],
    [
      file({ id: 'gpt', prices: [{ ...price, rates: { input: 1 } }] }),
      'models[0].prices[0].rates.output: invalid input',
    ],
    [
      file({ id: 'gpt', prices: [{ ...price, rates: { input: -1, output: 1 } }] }),
      'models[0].prices[0].rates.input: too',
    ],
    [file({ id: 'gpt', prices: [{ ...price, rates: { input: 0.000_000_1, output: 1 } }] }), 'at most six digits'],
    [file({ id: 'gpt', prices: [{ ...price, from: 'soon' }] }), 'models[0].prices[0].from: invalid ISO date'],
    [file({ id: 'gpt', prices: [{ ...price, price: 1 }] }), 'models[0].prices[0]: unrecognized key: "price"'],
    [file({ id: 'gpt', prices: [{ ...price, source: 'hearsay' }] }), 'openai/gpt: no source "hearsay"'],
    [file({ id: 'gpt', prices: [price, price] }), 'openai/gpt: two prices from 2026-01-01'],
    [file({ id: 'gpt', prices: [{ ...price, from: '2026-02-01' }, price] }), 'openai/gpt: prices out of order'],
    [
      file({ id: 'gpt', prices: [price] }, { id: 'other', aliases: ['gpt'], prices: [] }),
      'gpt is the name of two models',
    ],
    [
      { ...file({ id: 'gpt', prices: [price] }), provider: 'opneai' },
      'no provider kind "opneai"; did you mean \'openai\'?',
    ],
    [
      file({ id: 'gpt', prices: [{ ...price, regions: { eu: { surchargePercent: 10, rates: price.rates } } }] }),
      'takes either surchargePercent, or rates',
    ],
  ])('that is wrong is refused whole, with its place: %j', (json, fault) => {
    expect(faults(json)).toEqual([expect.stringContaining(fault)])
  })

  test('says everything that is wrong with it at once', () => {
    expect(faults(file({ id: 'a', prices: [price, price] }, { id: 'b', prices: [price, price] }))).toHaveLength(2)
  })
})

describe('what is kept after an update', () => {
  const later = { ...price, from: '2026-06-01' }

  test('is as the update says on the days that it names, and as it was on all others', () => {
    const kept = read(
      file({ id: 'gpt', aliases: ['gpt-1'], prices: [price, later] }, { id: 'old', prices: [price] }),
    ).file
    const dearer = { ...later, rates: { input: 9, output: 9 } }
    const between = { ...price, from: '2026-03-01' }
    const update = read(file({ id: 'gpt', prices: [between, dearer] }, { id: 'new', prices: [price] })).file
    const { models } = updatedFile(kept, update)
    expect(models).toEqual([
      { id: 'gpt', aliases: ['gpt-1'], prices: [price, between, dearer] },
      { id: 'old', prices: [price] },
      { id: 'new', prices: [price] },
    ])
  })

  test('can be read again, and a model without prices changes nothing', () => {
    const update = read(file({ id: 'gpt', prices: [price] }, { id: 'free', prices: [] })).file
    const kept = updatedFile(undefined, update)
    expect(kept.models.map(({ id }) => id)).toEqual(['gpt'])
    expect(readPriceFile(JSON.parse(JSON.stringify(kept)), {})).toMatchObject({ kind: 'read', file: kept })
  })
})
