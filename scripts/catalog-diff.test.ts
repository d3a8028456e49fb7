import { calcPrice, findProvider } from '@pydantic/genai-prices'
import { expect, test } from 'vitest'
import { type CatalogModel, readCatalog } from '../core/catalog.ts'
import { catalogDiff, genaiQuote, litellmQuote, SAMPLES } from './catalog-diff.ts'

const AT = Date.parse('2026-11-21')

function model(
  provider: string,
  id: string,
  rates: { input: number; output: number; cacheRead?: number },
): CatalogModel {
  const page = { title: 'Prices', url: 'https://vendor.example/prices', read: '2026-11-21' }
  const row = {
    id,
    operations: ['chat' as const],
    contextTokens: null,
    outputTokensMax: null,
    input: ['text' as const],
    output: ['text' as const],
    sources: ['page'],
    prices: [{ from: '2026-01-01', source: 'page', rates }],
  }
  const [read] = readCatalog({ page }, [{ provider, models: [row] }]).models
  if (read === undefined) throw new Error('one model went in')
  return read
}

test('the installed package agrees with a price that has not changed since, and a wrong one is shown for each sample', () => {
  const quote = genaiQuote({ calcPrice, findProvider }, AT)
  expect(
    catalogDiff([model('openai', 'gpt-4o-mini', { input: 0.15, cacheRead: 0.075, output: 0.6 })], quote, AT),
  ).toEqual([])
  expect(
    catalogDiff([model('openai', 'gpt-4o-mini', { input: 0.15, cacheRead: 0.075, output: 0.7 })], quote, AT),
  ).toEqual(['openai/gpt-4o-mini: output: $0.7, theirs $0.6'])
})

test('a model that the other list does not know makes no difference', () => {
  const quote = genaiQuote({ calcPrice, findProvider }, AT)
  expect(catalogDiff([model('openai', 'no-such-model', { input: 1, output: 1 })], quote, AT)).toEqual([])
  expect(catalogDiff([model('no-such-vendor', 'gpt-4o', { input: 1, output: 1 })], quote, AT)).toEqual([])
})

test('a price that we do not know is shown as unknown', () => {
  const unpriced = { ...model('openai', 'gpt-4o', { input: 1, output: 1 }), prices: [] }
  expect(catalogDiff([unpriced], () => 1, AT)).toEqual(
    SAMPLES.map(({ name }) => `openai/gpt-4o: ${name}: unknown, theirs $0.000000001`),
  )
})

test('a litellm table is read by provider and name, its prices per token', () => {
  const quote = litellmQuote({
    'together_ai/org/model': {
      litellm_provider: 'together_ai',
      input_cost_per_token: 1.5e-7,
      output_cost_per_token: 6e-7,
    },
    model: { litellm_provider: 'other', input_cost_per_token: 1, output_cost_per_token: 1 },
  })
  expect(catalogDiff([model('together', 'org/model', { input: 0.15, output: 0.6 })], quote, AT)).toEqual([])
  expect(catalogDiff([model('together', 'org/model', { input: 0.2, output: 0.6 })], quote, AT)).toEqual([
    'together/org/model: input: $0.01, theirs $0.0075',
    'together/org/model: cache read: $0.01, theirs $0.0075',
  ])
  expect(catalogDiff([model('together', 'model', { input: 9, output: 9 })], quote, AT)).toEqual([])
})
