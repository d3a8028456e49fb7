import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PriceFile } from '../../core/price-file.ts'
import { NO_STORED_PRICES, readStoredPrices, storedPath, writeStoredFile } from './price-files.ts'

let dataDir = ''
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sekisho-prices-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const page = { title: 'Prices', url: 'https://vendor.example/prices', read: '2026-11-21' }
const file = (provider: string, input: number): PriceFile => ({
  provider,
  sources: { page },
  models: [{ id: 'm', prices: [{ from: '2026-01-01', source: 'page', rates: { input, output: 1 } }] }],
})
const inputsOf = (prices: Awaited<ReturnType<typeof readStoredPrices>>['prices']) =>
  Object.fromEntries([...prices].map(([name, [price]]) => [name, price?.rates.input]))

test('a data folder into which nothing was taken over has none', async () => {
  expect(await readStoredPrices(dataDir, NO_STORED_PRICES)).toMatchObject({ faults: [] })
})

test('prices come back as they were written, of each vendor, and nothing else is left in the folder', async () => {
  await writeStoredFile(dataDir, file('openai', 1))
  await writeStoredFile(dataDir, file('groq', 2))
  await writeStoredFile(dataDir, file('groq', 3))
  const { prices, faults } = await readStoredPrices(dataDir, NO_STORED_PRICES)
  expect(inputsOf(prices)).toEqual({ 'openai/m': 1_000_000, 'groq/m': 3_000_000 })
  expect(faults).toEqual([])
  expect(readdirSync(join(dataDir, 'prices')).toSorted()).toEqual(['groq.json', 'openai.json'])
})

test.each(['', '{', '{"provider":"groq"}', 'null', '\u0000'])(
  'a file that is broken later (%j) keeps its old prices, and is named; another one is not touched by it',
  async (text) => {
    await writeStoredFile(dataDir, file('openai', 1))
    await writeStoredFile(dataDir, file('groq', 2))
    const before = await readStoredPrices(dataDir, NO_STORED_PRICES)
    writeFileSync(storedPath(dataDir, 'groq'), text)
    await writeStoredFile(dataDir, file('openai', 5))
    const after = await readStoredPrices(dataDir, before)
    expect(inputsOf(after.prices)).toEqual({ 'openai/m': 5_000_000, 'groq/m': 2_000_000 })
    expect(after.faults).toEqual([expect.stringContaining(join('prices', 'groq.json'))])
    expect(inputsOf((await readStoredPrices(dataDir, after)).prices), 'also with the next look').toEqual({
      'openai/m': 5_000_000,
      'groq/m': 2_000_000,
    })
    expect(inputsOf((await readStoredPrices(dataDir, NO_STORED_PRICES)).prices), 'at a start').toEqual({
      'openai/m': 5_000_000,
    })
  },
)

test('a file that is taken away takes its prices with it', async () => {
  await writeStoredFile(dataDir, file('groq', 2))
  const before = await readStoredPrices(dataDir, NO_STORED_PRICES)
  rmSync(storedPath(dataDir, 'groq'))
  expect(await readStoredPrices(dataDir, before)).toMatchObject({ prices: new Map(), faults: [] })
})

test('a write that fails leaves nothing behind it', async () => {
  mkdirSync(storedPath(dataDir, 'groq'), { recursive: true })
  await expect(writeStoredFile(dataDir, file('groq', 2))).rejects.toThrow('EISDIR')
  expect(readdirSync(join(dataDir, 'prices'))).toEqual(['groq.json'])
})
