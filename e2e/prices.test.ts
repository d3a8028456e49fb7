import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { recost } from '../core/recost.ts'
import { openPriceArchive } from '../server/world/price-archive.ts'
import { storedPath } from '../server/world/price-files.ts'
import { withPostgres } from './kit/postgres.ts'
import { relayConfig, requestIdOf, withRelay } from './kit/relay.ts'
import type { UsageRow } from './kit/usage-rows.ts'
import { whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const env = { CANARY: 'canary-prices-Rb61Yd9' }
const relay = withRelay(withPostgres(), { env, config: (vendor) => more(vendor.url) })
/** A vendor whose model is in the catalogue: GPT-5 at $1.25 and $10 for a million tokens. */
const more = (baseUrl: string, rest: object = {}) => ({
  providers: { ours: { kind: 'openai', baseUrl, credential: '${CANARY}', models: ['gpt-5', 'unheard-of'] } },
  ...rest,
})

const BY_CATALOG = 2_250_000
const TAKEN_OVER = 1_800_000
/** 1,000 tokens in, 100 out. */
const behaviour = whole({ usage: { prompt: 1_000, completion: 100 } })

const page = { title: 'Prices', url: 'https://vendor.example/prices', read: '2026-11-20' }
const priceFile = (input: number, output: number) => ({
  provider: 'openai',
  sources: { page },
  models: [{ id: 'gpt-5', prices: [{ from: '2026-01-01', source: 'page', rates: { input, output } }] }],
})

test('prices of a file are shown, taken over, and in force after a SIGHUP, not before', async () => {
  expect(await costOf('ours/gpt-5')).toBe(BY_CATALOG)
  expect(await update(priceFile(1, 8), [])).toContain('+ openai/gpt-5 from 2026-01-01: input 1.25 -> 1')
  await update(priceFile(1, 8), ['--yes'])
  expect(await costOf('ours/gpt-5')).toBe(BY_CATALOG)
  relay.gateway.signal('SIGHUP')
  await inForce(TAKEN_OVER)
})

describe('a price file that is broken', () => {
  beforeAll(() => writeFile(storedPath(relay.gateway.dataDir, 'openai'), '{ "provider": "openai", '))

  test('keeps the prices before it, and is told in the log and by /readyz', async () => {
    relay.gateway.signal('SIGHUP')
    await waitUntil('the state', async () => (await degraded()).includes('prices'))
    expect(relay.gateway.logs()).toMatch(/price file is broken/)
    expect((await relay.gateway.metrics()).value('sekisho_prices_rejected')).toBe(1)
    expect(await costOf('ours/gpt-5')).toBe(TAKEN_OVER)
  })

  test('makes no model free: one without a price stays unknown', async () => {
    expect(await recordOf('ours/unheard-of')).toMatchObject({ costNano: null, pricing: 'unknown', priceVersion: null })
  })

  test('stops no start: the shipped prices are in force', async () => {
    await relay.gateway.stop()
    await relay.gateway.restart()
    expect(await degraded()).toEqual(['prices'])
    expect(await costOf('ours/gpt-5')).toBe(BY_CATALOG)
  })

  test('is replaced by the next update', async () => {
    expect(await update(priceFile(1, 8), ['--yes'])).toContain('is broken and would be replaced')
    relay.gateway.signal('SIGHUP')
    await inForce(TAKEN_OVER)
    expect(await degraded()).toEqual([])
  })
})

test("the operator's prices win over both, on their days", async () => {
  const price = { model: 'ours/gpt-5', rates: { input: 7, output: 0 }, units: { requests: 0.001 } }
  const configured = (days: object) =>
    relayConfig(relay.vendor, more(relay.vendor.url, { prices: [{ ...price, ...days }] }))
  await relay.gateway.configure(configured({ from: '2026-01-01', until: '2999-01-01' }))
  await inForce(8_000_000)
  await relay.gateway.configure(configured({ from: '2020-01-01', until: '2020-02-01' }))
  await inForce(TAKEN_OVER)
})

test('every record costs again what it did, bit for bit, also by prices that are long gone', async () => {
  await relay.whenIdle()
  const { known } = await openPriceArchive(relay.gateway.dataDir)
  const rows = await relay.gateway.records()
  expect(new Set(rows.map(({ costNano }) => costNano))).toEqual(new Set([BY_CATALOG, TAKEN_OVER, 8_000_000, null]))
  expect(rows.map((row) => recost(row, known))).toEqual(rows.map(({ costNano }) => costNano))
})

async function recordOf(model: string): Promise<UsageRow | undefined> {
  const answer = await relay.chat({ model, behaviour })
  await answer.bytes()
  const [record] = await relay.recordsOf(requestIdOf(answer))
  return record
}

const costOf = async (model: string) => (await recordOf(model))?.costNano

const inForce = (costNano: number) =>
  waitUntil(`a request to cost ${costNano}`, async () => (await costOf('ours/gpt-5')) === costNano)

async function degraded(): Promise<readonly string[]> {
  const { body } = await relay.gateway.readyz()
  return (body as { degraded: readonly { part: string }[] }).degraded.map(({ part }) => part)
}

async function update(file: object, words: readonly string[]): Promise<string> {
  const path = join(relay.gateway.folder, 'new-prices.json')
  await writeFile(path, JSON.stringify(file))
  const program = join(import.meta.dirname, '../bin/sekisho.mjs')
  const all = [program, 'prices', 'update', '--from', path, '--data', relay.gateway.dataDir, ...words]
  const { stdout } = await promisify(execFile)(process.execPath, all, { env: {} })
  return stdout
}
