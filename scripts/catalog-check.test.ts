import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CATALOG_FOLDER } from '../server/world/catalog-files.ts'
import { type CatalogFile, catalogFaults } from './catalog-check.ts'

const price = { from: '2026-01-01', source: 'page', rates: { input: 1, output: 2 } }
const row = {
  id: 'model',
  operations: ['chat'],
  contextTokens: 1_000,
  outputTokensMax: null,
  input: ['text'],
  output: ['text'],
  sources: ['page'],
  prices: [price],
}
const page = { title: 'Prices', url: 'https://vendor.example/prices', read: '2026-11-21' }
const files = (models: readonly object[], sources: object = { page }): readonly CatalogFile[] => [
  { name: 'sources.json', json: sources },
  { name: 'vendor.json', json: { provider: 'vendor', models } },
]

test('every row of the catalogue keeps to its schema', () => {
  const names = readdirSync(CATALOG_FOLDER).filter((name) => name.endsWith('.json'))
  expect(names.length).toBeGreaterThan(10)
  expect(
    catalogFaults(names.map((name) => ({ name, json: JSON.parse(readFileSync(join(CATALOG_FOLDER, name), 'utf8')) }))),
  ).toEqual([])
})

/** The right files, and rows of facts beside them. */
const withFacts = (...rows: readonly object[]): readonly CatalogFile[] => [
  ...files([row]),
  { name: 'capabilities.json', json: { rows } },
]
const facts = { models: ['model'], facts: { prefill: 'no' }, sources: ['page'] }

test('right files have no faults', () => {
  expect(catalogFaults(files([row]))).toEqual([])
  expect(catalogFaults(withFacts(facts))).toEqual([])
})

const step = { abovePromptTokens: 100, rates: { input: 2 } }
const busy = { ...price, hours: { utc: ['01:00-04:00'], days: ['mon'] } }
test.each<[string, readonly CatalogFile[], string]>([
  ['an unknown field', files([{ ...row, maxTokens: 1 }]), 'vendor.json: models.0: Unrecognized key: "maxTokens"'],
  [
    'an operation that nothing serves',
    files([{ ...row, operations: ['images'] }]),
    'vendor.json: models.0.operations.0',
  ],
  [
    'a negative rate',
    files([{ ...row, prices: [{ ...price, rates: { input: -1, output: 2 } }] }]),
    'prices.0.rates.input',
  ],
  ['a price without output', files([{ ...row, prices: [{ ...price, rates: { input: 1 } }] }]), 'prices.0.rates.output'],
  [
    'a seventh digit',
    files([{ ...row, prices: [{ ...price, rates: { input: 0.000_000_1, output: 2 } }] }]),
    'at most six digits',
  ],
  ['a row without a source', files([{ ...row, sources: [] }]), 'models.0.sources'],
  ['a source that is not listed', files([{ ...row, sources: ['page', 'hearsay'] }]), 'no source "hearsay"'],
  ['a source that nobody names', files([row], { page, other: page }), 'sources.json: no row names other'],
  ['a source without a day', files([row], { page: { title: 'Prices', url: page.url } }), 'sources.json: page'],
  ['two rows of one name', files([row, row]), 'vendor.json: model is the name of two rows'],
  [
    'an alias that is another row',
    files([
      { ...row, aliases: ['other'] },
      { ...row, id: 'other' },
    ]),
    'other is the name of two rows',
  ],
  [
    'prices out of order',
    files([{ ...row, prices: [{ ...price, from: '2026-02-01' }, price] }]),
    'vendor/model: prices out of order',
  ],
  [
    'steps of a region out of order',
    files([{ ...row, prices: [{ ...price, regions: { eu: { rates: price.rates, steps: [step, step] } } }] }]),
    'vendor/model: steps out of order',
  ],
  [
    'a region with a surcharge and rates',
    files([{ ...row, prices: [{ ...price, regions: { eu: { rates: price.rates, surchargePercent: 1 } } }] }]),
    'takes either surchargePercent, or rates',
  ],
  [
    'rows out of order',
    files([
      { ...row, id: 'b' },
      { ...row, id: 'a' },
    ]),
    'vendor.json: a stands out of order',
  ],
  [
    'a file of another name',
    [
      { name: 'sources.json', json: { page } },
      { name: 'x.json', json: { provider: 'vendor', models: [row] } },
    ],
    'x.json: its provider is vendor',
  ],
  [
    'prices that go back in time',
    files([{ ...row, prices: [{ ...price, from: '2026-02-01' }, price] }]),
    'prices out of order',
  ],
  ['two prices of one day', files([{ ...row, prices: [price, price] }]), 'vendor/model: two prices from 2026-01-01'],
  [
    'busy hours without an ordinary price',
    files([{ ...row, prices: [busy] }]),
    'its first price holds in some hours only',
  ],
  [
    'steps that go down',
    files([
      {
        ...row,
        prices: [
          {
            ...price,
            tiers: {
              flex: {
                rates: {},
                steps: [
                  { abovePromptTokens: 2, rates: {} },
                  { abovePromptTokens: 1, rates: {} },
                ],
              },
            },
          },
        ],
      },
    ]),
    'vendor/model: steps out of order',
  ],
  [
    'a fact that nobody knows',
    withFacts({ ...facts, facts: { prefil: 'no' } }),
    'capabilities.json: rows.0.facts: Unrecognized key: "prefil"',
  ],
  ['a word that is no level', withFacts({ ...facts, facts: { efforts: ['none'] } }), 'rows.0.facts.efforts.0'],
  ['facts without a source', withFacts({ ...facts, sources: [] }), 'rows.0.sources'],
  [
    'a source of facts that is not listed',
    withFacts({ ...facts, sources: ['hearsay'] }),
    'capabilities of model: no source "hearsay"',
  ],
  ['a row of facts without any', withFacts({ ...facts, facts: {} }), 'capabilities.json: model: it says nothing'],
  [
    'one model twice in a row of facts',
    withFacts({ ...facts, models: ['model-2.5', 'MODEL-2-5'] }),
    'capabilities.json: model-2.5: MODEL-2-5 is in it twice',
  ],
  [
    'a default that is none of the levels',
    withFacts({ ...facts, facts: { efforts: ['low'], effortDefault: 'high' } }),
    'its default high is none of its efforts',
  ],
  [
    'a range of budgets upside down',
    withFacts({ ...facts, facts: { budget: { min: 2, max: 1 } } }),
    'its least budget is above its largest',
  ],
])('%s is said', (_, given, fault) => {
  expect(catalogFaults(given).join('\n')).toContain(fault)
})
