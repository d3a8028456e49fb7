import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { dollars } from '../core/money.ts'
import { inputTokens, NO_USAGE, outputTokens } from '../core/usage.ts'
import { embeddedDatabase } from './kit/embedded-database.ts'
import { BEHAVIOUR_FIELD, closedPort, type FaultVendor, startFaultVendor } from './kit/fault-vendor.ts'
import { folderTexts } from './kit/folder-texts.ts'
import { type Gateway, startGateway } from './kit/gateway.ts'
import { withPostgres } from './kit/postgres.ts'
import { requestIdOf } from './kit/relay.ts'
import type { UsageRow } from './kit/usage-rows.ts'
import { type Behaviour, refusal, stream, whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const postgres = withPostgres()
const running: { gateway?: Gateway; vendor?: FaultVendor; keyId?: string; key?: string } = {}
beforeAll(async () => {
  running.vendor = await startFaultVendor()
  const databaseUrl = await postgres.freshDatabase()
  running.gateway = await startGateway({ databaseUrl, config: await configuration(running.vendor) })
  const { id: keyId, key } = await running.gateway.createKey({ name: 'ledger' })
  Object.assign(running, { keyId, key })
})
afterAll(async () => {
  await running.gateway?.dispose()
  await running.vendor?.close()
})
const gateway = (): Gateway => {
  if (running.gateway === undefined) throw new Error('it has not started')
  return running.gateway
}

/** Dollars per million tokens: one dollar is 1,000 nano-dollars for a token. */
const configuration = async (vendor: FaultVendor) => ({
  providers: {
    fault: { kind: 'vllm', baseUrl: vendor.url, models: ['m', 'tiny', 'dated', 'answered', 'unpriced'] },
    away: { kind: 'vllm', baseUrl: `http://127.0.0.1:${await closedPort()}/v1`, models: ['m'] },
  },
  models: { both: { targets: ['away/m', 'fault/m'] } },
  prices: [
    {
      model: 'fault/m',
      rates: {
        input: 2.5,
        cacheRead: 1.25,
        cacheWriteOther: 3.125,
        inputAudio: 40,
        inputImage: 5,
        output: 10,
        reasoning: 12,
        outputAudio: 80,
      },
    },
    { model: 'fault/tiny', rates: { input: 0.000001, output: 0.000002 } },
    { model: 'fault/dated', rates: { input: 1, output: 1 } },
    { model: 'fault/dated', from: '2020-01-01', rates: { input: 3, output: 4 } },
    { model: 'fault/dated', from: '2999-01-01', rates: { input: 100, output: 100 } },
    { model: 'fault/answered', rates: { input: 7, output: 8 } },
  ],
})

const everyKind = {
  prompt_tokens: 1_000,
  completion_tokens: 200,
  total_tokens: 1_200,
  prompt_tokens_details: { cached_tokens: 300, cache_write_tokens: 50, audio_tokens: 100, image_tokens: 50 },
  completion_tokens_details: { reasoning_tokens: 60, audio_tokens: 40 },
}
const answerOf = (fields: object): Behaviour =>
  whole({
    body: JSON.stringify({
      object: 'chat.completion',
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'x' }, finish_reason: 'stop' }],
      ...fields,
    }),
  })

interface Case {
  readonly title: string
  readonly path?: string
  readonly body: object
  readonly behaviour?: Behaviour
  readonly status?: number
  readonly row: object
}

const chat = { operation: 'chat', stream: false, modelAsked: 'fault/m', provider: 'fault', modelSent: 'm', attempt: 1 }
const complete = { status: 'complete', reason: null, httpStatus: 200, usageSource: 'vendor', pricing: 'known' }

const cases: readonly Case[] = [
  {
    title: 'a whole chat with every kind of token, each at its own price',
    body: { model: 'fault/m' },
    behaviour: answerOf({ usage: everyKind }),
    row: {
      ...chat,
      ...complete,
      modelAnswered: 'm',
      usage: {
        ...NO_USAGE,
        input: 500,
        cacheRead: 300,
        cacheWriteOther: 50,
        inputAudio: 100,
        inputImage: 50,
        output: 100,
        reasoning: 60,
        outputAudio: 40,
      },
      // 500 x 2500 + 300 x 1250 + 50 x 3125 + 100 x 40000 + 50 x 5000 + 100 x 10000 + 60 x 12000 + 40 x 80000
      costNano: 10_951_250,
      priceVersion: expect.stringMatching(/^operator:1970-01-01:/),
    },
  },
  {
    title: 'a streamed chat whose client did not ask for usage',
    body: { model: 'fault/m', stream: true },
    behaviour: stream({ events: [5, 7], usage: { prompt: 100, cached: 40, reasoning: 2 } }),
    row: {
      ...chat,
      ...complete,
      stream: true,
      usage: { ...NO_USAGE, input: 60, cacheRead: 40, output: 10, reasoning: 2 },
      // 60 x 2500 + 40 x 1250 + 10 x 10000 + 2 x 12000
      costNano: 324_000,
    },
  },
  {
    title: 'a streamed chat whose client asked for usage',
    body: { model: 'm', stream: true, stream_options: { include_usage: true } },
    behaviour: stream({ events: [1], usage: { prompt: 1 } }),
    row: {
      ...chat,
      ...complete,
      stream: true,
      modelAsked: 'm',
      usage: { ...NO_USAGE, input: 1, output: 1 },
      costNano: 12_500,
    },
  },
  {
    title: 'a whole completion',
    path: 'completions',
    body: { model: 'fault/m', prompt: 'p' },
    behaviour: whole({ usage: { prompt: 2, completion: 3 } }),
    row: {
      ...chat,
      ...complete,
      operation: 'completions',
      usage: { ...NO_USAGE, input: 2, output: 3 },
      costNano: 35_000,
    },
  },
  {
    title: 'a streamed completion',
    path: 'completions',
    body: { model: 'fault/m', prompt: 'p', stream: true },
    behaviour: stream({ events: [3], usage: { prompt: 2 } }),
    row: {
      ...chat,
      ...complete,
      operation: 'completions',
      stream: true,
      usage: { ...NO_USAGE, input: 2, output: 3 },
      costNano: 35_000,
    },
  },
  {
    title: 'embeddings, which have no output',
    path: 'embeddings',
    body: { model: 'fault/m', input: ['a', 'b'] },
    behaviour: whole({ usage: { prompt: 8 } }),
    row: { ...chat, ...complete, operation: 'embeddings', usage: { ...NO_USAGE, input: 8 }, costNano: 20_000 },
  },
  {
    title: 'half a nano-dollar, which is rounded up',
    body: { model: 'fault/tiny' },
    behaviour: whole({ usage: { prompt: 500, completion: 0 } }),
    row: { modelSent: 'tiny', usage: { ...NO_USAGE, input: 500 }, costNano: 1, pricing: 'known' },
  },
  {
    title: 'less than half a nano-dollar, which is known to be nothing',
    body: { model: 'fault/tiny' },
    behaviour: whole({ usage: { prompt: 497, completion: 1 } }),
    row: { modelSent: 'tiny', usage: { ...NO_USAGE, input: 497, output: 1 }, costNano: 0, pricing: 'known' },
  },
  {
    title: 'the price of the day, not one of before or of later',
    body: { model: 'fault/dated' },
    behaviour: whole({ usage: { prompt: 10, completion: 10 } }),
    row: { costNano: 70_000, priceVersion: expect.stringMatching(/^operator:2020-01-01:/) },
  },
  {
    title: 'the model that answered, when it is another one: it is billed',
    body: { model: 'fault/m' },
    behaviour: answerOf({ model: 'answered', usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }),
    row: { modelAsked: 'fault/m', modelSent: 'm', modelAnswered: 'answered', costNano: 15_000 },
  },
  {
    title: 'the service tier that the vendor says it used',
    body: { model: 'fault/m' },
    behaviour: answerOf({ service_tier: 'flex', usage: { prompt_tokens: 1, completion_tokens: 0, total_tokens: 1 } }),
    row: { serviceTier: 'flex', costNano: 2_500 },
  },
  {
    title: 'a model without a price: unknown, which is not zero',
    body: { model: 'fault/unpriced' },
    behaviour: whole({ usage: { prompt: 4, completion: 5 } }),
    row: { usage: { ...NO_USAGE, input: 4, output: 5 }, costNano: null, pricing: 'unknown', priceVersion: null },
  },
  {
    title: 'an answer without usage: unknown, which is not zero',
    body: { model: 'fault/m' },
    behaviour: answerOf({}),
    row: { status: 'complete', usage: null, costNano: null },
  },
  {
    title: 'a refusal of the vendor, which costs nothing',
    body: { model: 'fault/m' },
    behaviour: refusal(500),
    status: 500,
    row: { ...chat, status: 'failed', reason: 'status_500', httpStatus: 500, usage: null, costNano: 0 },
  },
  {
    title: 'the demo, whose price is zero and known',
    body: { model: 'demo/demo-chat', messages: [{ role: 'user', content: 'Hi' }] },
    row: { ...complete, provider: 'demo', modelSent: 'demo-chat', modelAnswered: 'demo-chat', costNano: 0 },
  },
]

test.each(cases)('the ledger has $title', async ({ path = 'chat/completions', body, behaviour, status = 200, row }) => {
  const from = Date.now()
  const answer = await gateway().ask(`/v1/${path}`, {
    key: running.key ?? '',
    body: { messages: [], ...body, ...(behaviour === undefined ? {} : { [BEHAVIOUR_FIELD]: behaviour }) },
  })
  await answer.bytes()
  expect(answer.status).toBe(status)
  const [record, ...others] = await recordsOf(requestIdOf(answer), 1)
  expect(others).toEqual([])
  expect(record).toMatchObject({ keyId: running.keyId, ...row })
  if (record === undefined) return
  // The arrival is a time of day, the rest are durations since then.
  expect(record.at).toBeGreaterThanOrEqual(from)
  expect(record.at).toBeLessThanOrEqual(Date.now())
  expect(record.gatewayUs).toBeGreaterThan(0)
  expect(record.queueUs).toBeGreaterThanOrEqual(0)
  expect(record.firstByteUs).toBeGreaterThan(record.gatewayUs)
  expect(record.totalUs).toBeGreaterThanOrEqual(record.firstByteUs ?? 0)
  // A stream has sent its headers long before its cost is known.
  const said = !record.stream && record.status === 'complete' && record.costNano !== null
  expect(answer.header('x-sekisho-cost')).toBe(said ? dollars(record.costNano) : undefined)
})

test('each attempt has a record of its own: the one that reached nobody, and the one that answered', async () => {
  const answer = await gateway().ask('/v1/chat/completions', {
    key: running.key ?? '',
    body: { model: 'both', messages: [] },
  })
  await answer.bytes()
  expect(answer.status).toBe(200)
  const records = await recordsOf(requestIdOf(answer), 2)
  expect(records.toSorted((one, other) => one.attempt - other.attempt)).toMatchObject([
    { attempt: 1, provider: 'away', modelAsked: 'both', status: 'failed', httpStatus: null, costNano: 0, usage: null },
    { attempt: 2, provider: 'fault', modelAsked: 'both', status: 'complete', httpStatus: 200 },
  ])
  expect(new Set(records.map(({ id }) => id)).size).toBe(2)
})

describe('totals', () => {
  const groupings = [
    ['key', ({ keyId }: UsageRow) => keyId],
    ['model', ({ modelSent }: UsageRow) => modelSent],
    ['provider', ({ provider }: UsageRow) => provider],
    ['day', ({ at }: UsageRow) => new Date(at).toISOString().slice(0, 10)],
  ] as const

  test.each(groupings)(
    'by %s agree with the rows, over the admin API and from the command line',
    async (by, groupOf) => {
      await settled()
      const rows = await gateway().records()
      const answer = await gateway().admin('GET', `/usage/totals?by=${by}&limit=500`)
      const printed = await sekisho('usage', '--by', by, '--limit', '500', '--json')
      expect(JSON.parse(printed)).toEqual(answer)
      const { items, more } = answer as { items: readonly Total[]; more: boolean }
      expect(more).toBe(false)
      const groups = Map.groupBy(rows, groupOf)
      expect(items.map(({ group }) => group).toSorted()).toEqual([...groups.keys()].toSorted())
      for (const item of items) expect(item).toMatchObject(totalOf(groups.get(item.group) ?? []))
    },
  )

  test('the table for people names the keys and shows dollars', async () => {
    await settled()
    const table = await sekisho('usage', '--by', 'key')
    expect(table).toMatch(/^ {2}GROUP +NAME +REQUESTS +/)
    expect(table).toMatch(new RegExp(`^  ${running.keyId}  ledger +\\d+ +`, 'm'))
  })
})

interface Total {
  readonly group: string
}

const totalOf = (rows: readonly UsageRow[]) => {
  const sum = (read: (row: UsageRow) => number) => rows.reduce((all, row) => all + read(row), 0)
  const costNano = sum((row) => row.costNano ?? 0)
  return {
    requests: sum((row) => (row.attempt === 1 ? 1 : 0)),
    attempts: rows.length,
    failed: sum((row) => (row.status === 'failed' ? 1 : 0)),
    inputTokens: sum((row) => (row.usage === null ? 0 : inputTokens(row.usage))),
    cacheReadTokens: sum((row) => row.usage?.cacheRead ?? 0),
    cacheWriteTokens: sum((row) => row.usage?.cacheWriteOther ?? 0),
    outputTokens: sum((row) => (row.usage === null ? 0 : outputTokens(row.usage))),
    reasoningTokens: sum((row) => row.usage?.reasoning ?? 0),
    unpriced: sum((row) => (row.costNano === null ? 1 : 0)),
    costNano,
  }
}

test('250 records are read page by page, each exactly once, while new ones arrive', async () => {
  const { id, key } = await gateway().createKey({ name: 'pages' })
  const send = async (count: number): Promise<void> => {
    const one = async () =>
      (await gateway().ask('/v1/chat/completions', { key, body: { model: 'fault/m', messages: [] } })).bytes()
    await Promise.all(Array.from({ length: count }, one))
  }
  for (let sent = 0; sent < 250; sent += 50) await send(50)
  await settled()
  const before = (await gateway().records()).filter(({ keyId }) => keyId === id)
  expect(before).toHaveLength(250)

  const found: string[] = []
  let cursor: string | null = ''
  for (let page = 0; cursor !== null; page++) {
    expect(page).toBeLessThan(20)
    const query: string = `key=${id}&limit=40${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`
    const { items, next } = (await gateway().admin('GET', `/usage?${query}`)) as Page
    found.push(...items.map((item) => item.id))
    cursor = next
    await send(5)
    await settled()
  }
  expect(found).toEqual(before.map((row) => row.id).toReversed())
  expect((await gateway().records()).filter(({ keyId }) => keyId === id).length).toBeGreaterThanOrEqual(280)
}, 60_000)

interface Page {
  readonly items: readonly { readonly id: string }[]
  readonly next: string | null
}

test('no word of a prompt or an answer is kept: not in the database, the journal, the logs or any file', async () => {
  const vendor = await startFaultVendor()
  onTestFinished(() => vendor.close())
  const config = { ...(await configuration(vendor)), log: { level: 'debug' } }
  const embedded = await startGateway({ config })
  onTestFinished(() => embedded.dispose())
  const words = { asked: 'canary-prompt-7d3f9a', answered: 'canary-answer-7d3f9a', refused: 'canary-refusal-7d3f9a' }
  const message = { role: 'assistant', content: words.answered }
  const delta = { delta: { content: words.answered }, tokens: 3 }
  const behaviours: readonly (readonly [string, object, Behaviour])[] = [
    ['chat/completions', {}, answerOf({ choices: [{ index: 0, message, finish_reason: 'stop' }], usage: everyKind })],
    ['chat/completions', { stream: true }, stream({ events: [delta, delta] })],
    ['chat/completions', { stream: true }, stream({ events: [delta, delta], done: false, usageIn: 'never' })],
    ['chat/completions', {}, refusal(400, { message: `${words.refused} ${words.asked}` })],
    ['chat/completions', {}, refusal(401, { message: `${words.refused} ${words.asked}` })],
    ['chat/completions', {}, whole({ body: `{"broken": "${words.answered}` })],
    [
      'chat/completions',
      { stream: true },
      stream({ events: [{ raw: `data: {"error":{"message":"${words.refused}"}}` }] }),
    ],
    ['embeddings', { input: words.asked }, whole()],
  ]
  const key = await embedded.anyModelKey()
  for (const [path, more, behaviour] of behaviours) {
    vendor.enqueue(behaviour)
    const messages = [{ role: 'user', content: words.asked }]
    const answer = await embedded.ask(`/v1/${path}`, {
      key,
      body: { model: 'fault/m', messages, user: words.asked, ...more },
    })
    await answer.bytes()
  }
  await embedded.waitForRecords(behaviours.length)
  const tables = await tablesOf(await embeddedDatabase(embedded.dataDir))
  const files = await folderTexts(embedded.dataDir)
  expect(tables['usage']).toContain('fault')
  expect(Object.keys(files).some((file) => file.includes('/journal/'))).toBe(true)
  for (const [place, text] of Object.entries({ ...tables, ...files, logs: embedded.logs() })) {
    for (const word of Object.values(words)) expect(text.includes(word), `${word} in ${place}`).toBe(false)
  }
})

/** Every table as text. */
async function tablesOf(connection: pg.ClientConfig): Promise<Readonly<Record<string, string>>> {
  const client = new pg.Client(connection)
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    )
    const texts: Record<string, string> = {}
    for (const { name } of rows) {
      const { rows: lines } = await client.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t`)
      texts[name.split('.')[1] ?? name] = lines.map(({ line }) => line).join('\n')
    }
    return texts
  } finally {
    await client.end()
  }
}

const recordsOf = (requestId: string, count: number): Promise<readonly UsageRow[]> =>
  waitUntil(`${count} records of ${requestId}`, async () => {
    const rows = (await gateway().records()).filter((row) => row.requestId === requestId)
    return rows.length >= count && rows
  })

/** Everything that was used stands in the database. */
const settled = (): Promise<unknown> =>
  waitUntil('everything to be delivered', async () => {
    const metrics = await gateway().metrics()
    const open = ['sekisho_requests_open', 'sekisho_journal_open_attempts', 'sekisho_journal_undelivered_bytes']
    return open.every((name) => metrics.value(name) === 0)
  })

async function sekisho(...words: readonly string[]): Promise<string> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    SEKISHO_URL: gateway().url,
    SEKISHO_TOKEN: await gateway().serviceToken(),
  }
  const bin = join(import.meta.dirname, '../bin/sekisho.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [bin, ...words], { env })
  return stdout
}
