import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { cost, priceAt } from '../../core/price.ts'
import { NO_USAGE, type Usage } from '../../core/usage.ts'
import { priceIn } from '../../core/vendor-price.ts'
import { CATALOG_FOLDER, loadCatalog } from './catalog-files.ts'

const catalog = loadCatalog(CATALOG_FOLDER)
const modelOf = (name: string) => catalog.models.find((model) => `${model.provider}/${model.id}` === name)
const NOW = '2026-11-23T12:00:00Z'

interface Request {
  readonly usage: Partial<Usage>
  readonly at?: string
  readonly tier?: string
  readonly region?: string
}

/** Nano-dollars of a request to `name` at `at`. */
function costOf(name: string, { usage, at, tier, region }: Request): number | undefined {
  const price = priceAt(modelOf(name)?.prices ?? [], Date.parse(at ?? NOW))
  return price && cost({ ...NO_USAGE, ...usage }, priceIn(price, region), tier)
}

test('the catalogue has at least 150 models, with rows for every vendor that has a public price table', () => {
  expect(catalog.models.length).toBeGreaterThanOrEqual(150)
  expect([...new Set(catalog.models.map((model) => model.provider))]).toEqual([
    'alibaba',
    'anthropic',
    'azure-openai',
    'cerebras',
    'deepseek',
    'fireworks',
    'gemini',
    'groq',
    'mistral',
    'moonshot',
    'openai',
    'openrouter',
    'perplexity',
    'together',
    'xai',
  ])
})

test('nine of ten models have a price today; the others have none rather than a guess', () => {
  const priced = catalog.models.filter((model) => priceAt(model.prices, Date.parse(NOW)) !== undefined)
  expect(priced.length).toBeGreaterThan(catalog.models.length * 0.85)
  expect(modelOf('perplexity/sonar-pro')?.prices).toEqual([])
})

test('a price of zero stands only where a vendor gives the model away', () => {
  const free = catalog.models.filter((model) => model.prices.some(({ rates }) => rates.input === 0))
  const others = free
    .map((model) => model.id)
    .filter((id) => !id.endsWith(':free') && !/^(?:gemma-4|labs-leanstral)/.test(id))
  expect(others).toEqual([])
})

describe('published prices come out to the nano-dollar', () => {
  const k = 1_000
  test.each<[string, Request, number]>([
    // Claude Haiku 5.5: $0.10 in, $0.50 out; above 100,000 prompt tokens the whole request at $0.50 and $2.50.
    ['anthropic/claude-haiku-5-5', { usage: { input: 100 * k, output: k } }, 10_500_000],
    ['anthropic/claude-haiku-5-5', { usage: { input: 100 * k + 1, output: k } }, 52_500_500],
    ['anthropic/claude-haiku-5-5', { usage: { cacheWrite5m: k } }, 125_000],
    ['anthropic/claude-haiku-5-5', { usage: { cacheWrite5m: 101 * k } }, 63_125_000],
    // Claude Opus 5.5: $4, $20, five minutes $5, an hour $8, read $0.20; fast mode twice as much.
    [
      'anthropic/claude-opus-5-5',
      { usage: { input: k, cacheWrite5m: k, cacheWrite1h: k, cacheRead: k, output: k } },
      37_200_000,
    ],
    ['anthropic/claude-opus-5-5', { usage: { input: k, output: k }, tier: 'fast' }, 48_000_000],
    // Claude Sonnet 5.5: cache reads fell from $0.20 to $0.10 on 2026-10-07.
    ['anthropic/claude-sonnet-5-5', { usage: { cacheRead: k }, at: '2026-10-06T23:59:59Z' }, 200_000],
    ['anthropic/claude-sonnet-5-5', { usage: { cacheRead: k }, at: '2026-10-07T00:00:00Z' }, 100_000],
    // Claude Fable 5.1: $10, $50, read $0.25.
    ['anthropic/claude-fable-5-1', { usage: { input: k, cacheRead: k, output: k } }, 60_250_000],
    // GPT-6 Luna: $0.10, cached $0.01, $0.50; above 272,000 prompt tokens twice the input and half as much again of output.
    ['openai/gpt-6-luna', { usage: { input: k, cacheRead: k, output: k } }, 610_000],
    ['openai/gpt-6-luna', { usage: { input: 272 * k + 1, output: k } }, 55_150_200],
    // GPT-6.1 Terra: $1, cached $0.05, $5, a cache write $1.25; priority twice, flex half.
    ['openai/gpt-6.1-terra', { usage: { input: k, cacheRead: k, cacheWriteOther: k, output: k } }, 7_300_000],
    ['openai/gpt-6.1-terra', { usage: { input: k, output: k }, tier: 'priority' }, 12_000_000],
    ['openai/gpt-6.1-terra', { usage: { input: 300 * k, output: k }, tier: 'flex' }, 303_750_000],
    // GPT-5: $1.25, $10, cached $0.125; a web search one cent.
    ['openai/gpt-5', { usage: { input: 7, cacheRead: 3, reasoning: 11, searches: 1 } }, 10_119_125],
    // GPT Audio: sound in at $32, sound out at $64.
    ['openai/gpt-audio', { usage: { inputAudio: k, outputAudio: k } }, 96_000_000],
    // Gemini 4 Argon: $2, $10, $0.10 until the end of November 2026, then twice that.
    ['gemini/gemini-4-argon', { usage: { input: k, cacheRead: k, output: k }, at: '2026-11-30T23:59:59Z' }, 12_100_000],
    ['gemini/gemini-4-argon', { usage: { input: k, cacheRead: k, output: k }, at: '2026-12-01T00:00:00Z' }, 24_200_000],
    [
      'gemini/gemini-4-argon',
      { usage: { input: k, output: k }, at: '2026-12-01T00:00:00Z', tier: 'priority' },
      43_200_000,
    ],
    // DeepSeek Flash: $0.15, $0.003, $0.60; twice that on weekdays from 01:00 to 04:00 and from 06:00 to 10:00 UTC.
    ['deepseek/deepseek-flash', { usage: { input: k, cacheRead: k, output: k }, at: '2026-11-20T00:59:59Z' }, 753_000],
    [
      'deepseek/deepseek-flash',
      { usage: { input: k, cacheRead: k, output: k }, at: '2026-11-20T09:59:59Z' },
      1_506_000,
    ],
    ['deepseek/deepseek-flash', { usage: { input: k, cacheRead: k, output: k }, at: '2026-11-21T09:59:59Z' }, 753_000],
    // Grok 4.7: twice from 200,000 prompt tokens on, that one included.
    ['xai/grok-4.7', { usage: { input: 199_999 } }, 399_998_000],
    ['xai/grok-4.7', { usage: { input: 200_000 } }, 800_000_000],
    // Mistral Large 4: cut on 2026-10-29.
    ['mistral/mistral-large-4', { usage: { input: k, output: k }, at: '2026-10-28T12:00:00Z' }, 5_540_000],
    ['mistral/mistral-large-4', { usage: { input: k, output: k } }, 2_800_000],
    // Ten percent more for tokens that stay in a region, in every tier and step; a web search costs what it costs anywhere.
    [
      'anthropic/claude-opus-5-5',
      { usage: { input: k, cacheWrite5m: k, cacheWrite1h: k, cacheRead: k, output: k }, region: 'us' },
      40_920_000,
    ],
    ['anthropic/claude-opus-5-5', { usage: { input: k, output: k }, tier: 'fast', region: 'us' }, 52_800_000],
    ['anthropic/claude-haiku-5-5', { usage: { input: 100 * k + 1, output: k }, region: 'us' }, 57_750_550],
    ['openai/gpt-6.1-terra', { usage: { input: k, cacheRead: k, output: k, searches: 1 }, region: 'eu' }, 16_655_000],
    ['openai/gpt-6.1-terra', { usage: { input: 300 * k, output: k }, tier: 'flex', region: 'eu' }, 334_125_000],
    // GPT-5 is older than the surcharge; and there is none for a region that nobody names.
    ['openai/gpt-5', { usage: { input: k }, region: 'eu' }, 1_250_000],
    ['openai/gpt-6.1-terra', { usage: { input: k }, region: 'atlantis' }, 1_000_000],
    // Embeddings have no answer to pay for.
    ['openai/text-embedding-3-small', { usage: { input: k } }, 20_000],
  ])('%s %j', (name, request, nano) => {
    expect(costOf(name, request)).toBe(nano)
  })
})

test('versions of prices in use are the ones that were recorded: a change here means that a price was edited, not added', () => {
  const versions = [
    'openai/gpt-5',
    'openai/gpt-6.1-terra',
    'anthropic/claude-haiku-5-5',
    'gemini/gemini-4-argon',
    'deepseek/deepseek-flash',
  ]
  expect(versions.flatMap((name) => modelOf(name)?.prices.map((price) => price.version))).toEqual([
    'openai/gpt-5@2025-08-07#e4ef2a69',
    'openai/gpt-6.1-terra@2026-11-21#8c0dc420',
    'anthropic/claude-haiku-5-5@2026-10-07#fa8cef5e',
    'gemini/gemini-4-argon@2026-11-21#458c0cc2',
    'gemini/gemini-4-argon@2026-12-01#a7e9bfa3',
    'deepseek/deepseek-flash@2026-09-10#ee859995',
    'deepseek/deepseek-flash@2026-09-10#f6bba6e8',
  ])
})

test('no two prices have the same version, those of regions included', () => {
  const prices = catalog.models.flatMap((model) => model.prices)
  const versions = prices
    .flatMap((price) => [price, ...Object.values(price.regions ?? {})])
    .map(({ version }) => version)
  expect(versions).toContainEqual(expect.stringMatching(/^openai\/gpt-6\.1-terra@2026-11-21~eu#/))
  expect(new Set(versions).size).toBe(versions.length)
})

test('a file that is no JSON is named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sekisho-catalog-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'sources.json'), '{}')
  writeFileSync(join(folder, 'vendor.json'), '{ "provider":')
  expect(() => loadCatalog(folder)).toThrow(join(folder, 'vendor.json'))
})
