import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cost, fullRates, type Price, type PublishedRates, type Tariff } from '../price.ts'
import { ONE_REQUEST } from '../units.ts'
import { inputTokens, NO_USAGE, outputTokens, USAGE_KINDS, type Usage } from '../usage.ts'
import { type CostEstimate, costEstimator, type Size } from './estimate.ts'

/** Dollars per million tokens. */
const tariff = (input: number, output: number, more: Partial<PublishedRates> = {}): Tariff => ({
  rates: fullRates({ input: input * 1e6, output: output * 1e6, ...more }),
  steps: [],
})
const priceOf = (fields: Partial<Price> = {}): Price => ({
  version: 'vendor/model',
  from: 0,
  tiers: {},
  ...tariff(1, 2),
  ...fields,
})
const size = (fields: Partial<Size> = {}): Size => ({
  inputTokensEstimate: 1_000,
  inputTokensMax: 2_000,
  outputTokensMax: 500,
  modelOutputTokensMax: 8_000,
  typicalOutputTokens: 100,
  ...fields,
})
const estimateCost = (size: Size, { price, tier }: { readonly price: Price; readonly tier?: string }): CostEstimate =>
  costEstimator(price)(size, tier)
const FREE = { nano: 0, worstNano: 0 }

describe('an estimate', () => {
  test('reserves the prompt as estimated and a typical answer, and names the worst case beside it', () => {
    expect(estimateCost(size(), { price: priceOf() })).toEqual({ nano: 1_200_000, worstNano: 3_000_000 })
  })

  test('reserves the worst case where no typical answer is known', () => {
    const { nano, worstNano } = estimateCost(size({ typicalOutputTokens: null }), { price: priceOf() })
    expect(nano).toBe(worstNano)
  })

  test.each([
    ['what the client allows', { outputTokensMax: 500, modelOutputTokensMax: 8_000 }, 500],
    ['what the model can do, however much is allowed', { outputTokensMax: 1e308, modelOutputTokensMax: 8_000 }, 8_000],
    [
      'what the model can do where the client says nothing',
      { outputTokensMax: null, modelOutputTokensMax: 8_000 },
      8_000,
    ],
    [
      'what the client allows where nothing is known of the model',
      { outputTokensMax: 500, modelOutputTokensMax: null },
      500,
    ],
    ['a large answer where nothing is known', { outputTokensMax: null, modelOutputTokensMax: null }, 131_072],
    [
      'what the model can do where the client says nonsense',
      { outputTokensMax: -5, modelOutputTokensMax: 8_000 },
      8_000,
    ],
    ['nothing where nothing is answered, as for a vector', { outputTokensMax: 0, modelOutputTokensMax: null }, 0],
  ] as const)('takes as the longest answer %s', (_, limits, tokens) => {
    const { worstNano } = estimateCost(size(limits), { price: priceOf() })
    expect(worstNano).toBe(2_000_000 + tokens * 2_000)
  })

  test('never reserves more than the answer may have', () => {
    const { nano } = estimateCost(size({ typicalOutputTokens: 9_999, outputTokensMax: 10 }), { price: priceOf() })
    expect(nano).toBe(1_000_000 + 10 * 2_000)
  })

  test('charges a long prompt at the rates of its size', () => {
    const steps = [{ abovePromptTokens: 1_500, rates: tariff(10, 20).rates }]
    const { nano, worstNano } = estimateCost(size(), { price: priceOf({ steps }) })
    expect([nano, worstNano]).toEqual([1_200_000, 2_000 * 10_000 + 500 * 20_000])
    const long = estimateCost(size({ inputTokensEstimate: 1_501 }), { price: priceOf({ steps }) })
    expect(long.nano).toBe(1_501 * 10_000 + 100 * 20_000)
  })

  test('charges the service tier that was asked for, and at worst the dearest that there is', () => {
    const price = priceOf({ tiers: { flex: tariff(0.5, 1), priority: tariff(4, 8) } })
    expect(estimateCost(size(), { price, tier: 'flex' })).toEqual({ nano: 600_000, worstNano: 12_000_000 })
    expect(estimateCost(size(), { price })).toEqual({ nano: 1_200_000, worstNano: 12_000_000 })
  })

  test('counts the searches that are allowed', () => {
    const price = priceOf(tariff(1, 2, { searches: 1e10 }))
    expect(estimateCost(size({ searchesMax: 3 }), { price })).toEqual({ nano: 31_200_000, worstNano: 33_000_000 })
  })

  test.each([
    ['no prompt and no answer', { inputTokensEstimate: 0, inputTokensMax: 0, outputTokensMax: 0 }],
    ['less than a nano-dollar', { inputTokensEstimate: 1, inputTokensMax: 1, outputTokensMax: 0 }],
    ['counts that are no numbers', { inputTokensEstimate: Number.NaN, inputTokensMax: Number.NaN, outputTokensMax: 0 }],
  ])('is zero only for what costs nothing: not for %s', (_, fields) => {
    const price = priceOf({ rates: fullRates({ input: 1, output: 1 }) })
    expect(estimateCost(size(fields), { price })).toEqual({ nano: 1, worstNano: 1 })
  })

  test('counts what is billed by the piece: the request itself, and the pieces that it may use', () => {
    const units = { ...ONE_REQUEST, requests: 5_000, images: 40_000_000 }
    const price = priceOf({
      ...tariff(0, 0),
      units,
      tiers: { priority: { ...tariff(0, 0), units: { ...units, images: 80_000_000 } } },
    })
    expect(estimateCost(size(), { price })).toEqual({ nano: 5, worstNano: 5 })
    const unitsMax = { ...ONE_REQUEST, images: 2 }
    expect(estimateCost(size({ unitsMax }), { price })).toEqual({ nano: 80_005, worstNano: 160_005 })
  })

  test('is not zero for a model that bills only pieces of which none are expected', () => {
    const price = priceOf({ ...tariff(0, 0), units: { ...ONE_REQUEST, requests: 0, images: 1 } })
    expect(estimateCost(size(), { price })).toEqual({ nano: 1, worstNano: 1 })
  })

  test('is zero for a model of price zero, however long', () => {
    const price = priceOf(tariff(0, 0))
    expect(estimateCost(size({ outputTokensMax: null }), { price })).toEqual(FREE)
    expect(estimateCost(size({ searchesMax: 5 }), { price })).toEqual(FREE)
  })
})

const rate = fc.nat(50_000_000)
const rates = fc
  .tuple(...USAGE_KINDS.map(() => rate))
  .map((values) => ({ ...NO_USAGE, ...Object.fromEntries(USAGE_KINDS.map((kind, at) => [kind, values[at] ?? 0])) }))
const tariffs = fc.record({
  rates,
  steps: fc
    .array(fc.record({ abovePromptTokens: fc.nat(5_000), rates }), { maxLength: 2 })
    .map((steps) => steps.toSorted((a, b) => a.abovePromptTokens - b.abovePromptTokens)),
})
const prices = fc
  .record({ tariff: tariffs, tiers: fc.dictionary(fc.constantFrom('flex', 'priority'), tariffs) })
  .map(({ tariff, tiers }) => priceOf({ ...tariff, tiers }))
const usages = fc.tuple(...USAGE_KINDS.map(() => fc.nat(1_500))).map(
  (values): Usage => ({
    ...NO_USAGE,
    ...Object.fromEntries(USAGE_KINDS.map((kind, at) => [kind, values[at] ?? 0])),
    searches: 0,
  }),
)

describe('the worst case', () => {
  test('is never passed by any usage within the limits, whatever kinds, steps and tier a vendor bills', () => {
    const tiers = fc.constantFrom(undefined, 'flex', 'priority')
    fc.assert(
      fc.property(prices, usages, fc.nat(), tiers, (price, usage, estimated, tier) => {
        const limits = { inputTokensMax: inputTokens(usage), outputTokensMax: outputTokens(usage) }
        const inputTokensEstimate = Math.min(estimated, limits.inputTokensMax)
        const { worstNano } = estimateCost(size({ ...limits, inputTokensEstimate, modelOutputTokensMax: null }), {
          price,
        })
        expect(worstNano).toBeGreaterThanOrEqual(cost(usage, price, tier))
      }),
    )
  })

  test('is never less than what is reserved, and that never less than the prompt alone', () => {
    const counts = fc.oneof(fc.nat(10_000), fc.constantFrom(0, 1e12, 1e308, Number.NaN, -1))
    const limits = fc.option(counts)
    const sizes = fc.record({
      inputTokensEstimate: counts,
      inputTokensMax: counts,
      outputTokensMax: limits,
      modelOutputTokensMax: limits,
      typicalOutputTokens: limits,
    })
    fc.assert(
      fc.property(prices, sizes, (price, asked) => {
        const { nano, worstNano } = estimateCost(asked, { price })
        expect(nano).toBeLessThanOrEqual(worstNano)
        expect(Number.isInteger(nano) && nano >= 0).toBe(true)
        const tokens = asked.inputTokensEstimate >= 0 ? Math.min(1e9, asked.inputTokensEstimate) : 0
        expect(nano).toBeGreaterThanOrEqual(cost({ ...NO_USAGE, input: tokens }, price))
      }),
    )
  })
})
