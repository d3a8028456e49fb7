import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { cost, type Price } from '../../core/price.ts'
import { readTerms } from '../../core/price-read.ts'
import { termsOfPrices, TIERS, usages } from '../../core/price-row-test-kit.ts'
import { named } from '../../core/price-version.ts'
import { recost } from '../../core/recost.ts'
import { intentOf, recordOf } from './attempts-test-kit.ts'
import { readSettle, writeSettle } from './journal-record.ts'
import { openPriceArchive } from './price-archive.ts'

let dataDir = ''
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sekisho-archive-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const priced = (terms: Parameters<typeof readTerms>[0]): Price =>
  named(readTerms(terms), { model: 'vendor/model', day: terms.from })
const one = priced({ from: '2026-01-01', rates: { input: 1, output: 2 } })
const other = priced({ from: '2026-02-01', rates: { input: 3, output: 4 } })
const path = () => join(dataDir, 'prices', 'known.ndjson')

test('prices that were kept are known to every later process, each once, without what decides no cost', async () => {
  const archive = await openPriceArchive(dataDir)
  await archive.keep([one])
  await archive.keep([one, { ...other, source: 'a page' } as Price])
  for (const { known } of [archive, await openPriceArchive(dataDir)]) {
    expect([known.get(one.version), known.get(other.version)]).toEqual([one, other])
    expect(known.get('never heard of')).toBeUndefined()
  }
  expect(readFileSync(path(), 'utf8').match(/"version"/g)).toHaveLength(2)
})

test('a line that a crash cut is left out and spoils none behind it', async () => {
  await (await openPriceArchive(dataDir)).keep([one])
  appendFileSync(path(), JSON.stringify(other).slice(0, -1))
  await (await openPriceArchive(dataDir)).keep([other])
  const { known } = await openPriceArchive(dataDir)
  expect([known.get(one.version), known.get(other.version)]).toEqual([one, other])
})

test('a price is known although the disk does not take it', async () => {
  writeFileSync(join(dataDir, 'prices'), 'in the way')
  const archive = await openPriceArchive(dataDir)
  await expect(archive.keep([one])).rejects.toThrow('EEXIST')
  expect(archive.known.get(one.version)).toEqual(one)
})

test('what the journal stores of a record and the archive of its price costs the same again, bit for bit', async () => {
  const asked = [termsOfPrices(), usages(), fc.option(fc.constantFrom(...TIERS))] as const
  await fc.assert(
    fc.asyncProperty(...asked, async (terms, usage, serviceTier) => {
      const price = priced(terms)
      await (await openPriceArchive(dataDir)).keep([price, other])
      const costNano = cost(usage, price, serviceTier ?? undefined)
      const intent = intentOf({ priceVersion: price.version })
      const stored = readSettle(writeSettle(recordOf(intent, { usage, serviceTier, costNano, pricing: 'known' })))
      if (stored === undefined) throw new Error('it was written')
      const { known } = await openPriceArchive(dataDir)
      expect(recost(stored, known)).toBe(costNano)
      expect(stored.costNano).toBe(costNano)
    }),
    { numRuns: 50 },
  )
})
