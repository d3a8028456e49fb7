import { DEFAULT_ORGANISATION, DEFAULT_OWNER } from '../../core/owner.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AttemptRecord } from '../../core/attempt.ts'
import { NO_USAGE } from '../../core/usage.ts'
import { withPostgres } from '../../e2e/kit/postgres.ts'
import { ensureUsageDays, insertUsage } from '../store/usage-insert.sql.ts'
import { administrator, startPlane, type TestPlane, textAt } from '../../e2e/kit/plane.ts'

const postgres = withPostgres()
const started: { plane?: TestPlane; token?: string; keyId?: string } = {}

beforeAll(async () => {
  const plane = await startPlane(await postgres.freshDatabase())
  const token = await administrator(plane)
  const keyId = textAt((await plane.call('/api/keys', { token, body: { name: 'ci' } })).json, 'id')
  Object.assign(started, { plane, token, keyId })
  await ensureUsageDays(plane.sql.ledger, ['2026-11-19', '2026-11-20'])
  await insertUsage(plane.sql.ledger, [
    { ...record(1, keyId), at: Date.parse('2026-11-19T10:00:00Z') },
    {
      ...record(2, keyId),
      usage: null,
      usageSource: null,
      costNano: null,
      pricing: 'unknown',
      status: 'failed',
      reason: 'upstream_timeout',
    },
    { ...record(3, 'gone'), modelSent: 'small', costNano: 5 },
  ])
})
afterAll(() => started.plane?.close())

const call = async (path: string) => {
  if (started.plane === undefined || started.token === undefined) throw new Error('not started')
  return started.plane.call(path, { token: started.token })
}

test('totals by key name the key, cost in dollars, and say how many costs are unknown', async () => {
  const { json } = await call('/api/usage/totals?by=key&from=2026-11-19&to=2026-11-20')
  expect(json).toEqual({
    from: '2026-11-19',
    to: '2026-11-20',
    more: false,
    items: [
      expect.objectContaining({
        group: started.keyId,
        name: 'ci',
        attempts: 2,
        failed: 1,
        inputTokens: 15,
        outputTokens: 7,
        costNano: 12_500,
        cost: '0.0000125',
        unpriced: 1,
      }),
      expect.objectContaining({ group: 'gone', name: null, attempts: 1, cost: '0.000000005', unpriced: 0 }),
    ],
  })
})

test('totals by day, model and provider add up to the same, and the window is thirty days to today when nothing is said', async () => {
  for (const [by, groups] of [
    ['day', ['2026-11-20', '2026-11-19']],
    ['model', ['big', 'small']],
    ['provider', ['demo']],
  ] as const) {
    const { json } = await call(`/api/usage/totals?by=${by}&from=2026-11-01&to=2026-11-30`)
    const { items } = json as { items: { group: string; attempts: number }[] }
    expect(items.map(({ group }) => group)).toEqual(groups)
    expect(items.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(3)
  }
  const { json } = await call('/api/usage/totals')
  const days = (Date.parse(textAt(json, 'to')) - Date.parse(textAt(json, 'from'))) / 86_400_000
  expect(days).toBe(29)
})

test.each([
  ['totals?by=nothing', 'by'],
  ['totals?from=yesterday', 'from'],
  ['totals?from=0000-01-01', 'from'],
  ['totals?from=2026-02-30', 'from'],
  ['totals?from=2026-11-20&to=2026-11-19', 'from'],
  ['totals?limit=501', 'limit'],
])('%s is refused with the field %s', async (query, field) => {
  expect(await call(`/api/usage/${query}`)).toMatchObject({ status: 400, json: { error: { field } } })
})

test('the list goes page by page, and what is unknown is null and not zero', async () => {
  const first = (await call('/api/usage?from=2026-11-01&to=2026-11-30&limit=2')).json as {
    items: object[]
    next: string
  }
  expect(first.items).toMatchObject([
    { keyId: 'gone', model: 'small', inputTokens: 15, outputTokens: 7, cost: '0.000000005', status: 'complete' },
    {
      keyId: started.keyId,
      inputTokens: null,
      outputTokens: null,
      usage: null,
      cost: null,
      status: 'failed',
      reason: 'upstream_timeout',
    },
  ])
  const second = await call(`/api/usage?from=2026-11-01&to=2026-11-30&limit=2&cursor=${first.next}`)
  expect(second.json).toMatchObject({
    items: [{ at: '2026-11-19T10:00:00.000Z', usage: { input: 10, cacheRead: 5, output: 7 } }],
    next: null,
  })
  expect((await call(`/api/usage?from=2026-11-01&key=${started.keyId}&status=complete`)).json).toMatchObject({
    items: { length: 1 },
  })
  expect(await call('/api/usage?cursor=x')).toMatchObject({ status: 400, json: { error: { field: 'cursor' } } })
})

test('a list is of thirty days back unless it says another window, of days or moments', async () => {
  const times = async (query: string) => {
    const { json } = await call(`/api/usage?${query}`)
    return (json as { items: { at: string }[] }).items.map(({ at }) => at.slice(0, 10))
  }
  expect(await times('to=2026-11-19')).toEqual(['2026-11-19'])
  expect(await times('from=2026-11-20&to=2026-11-20')).toEqual(['2026-11-20', '2026-11-20'])
  expect(await times('to=2026-12-19')).toEqual(['2026-11-20', '2026-11-20'])
  expect(await times('from=2026-11-19T10:00:00Z&to=2026-11-20T10:00:00.003Z')).toEqual(['2026-11-20', '2026-11-19'])
  expect(await call('/api/usage?from=2026-11-20&to=2026-11-19')).toMatchObject({
    status: 400,
    json: { error: { field: 'from' } },
  })
  expect(await call('/api/usage?from=yesterday')).toMatchObject({ status: 400, json: { error: { field: 'from' } } })
})

test('a key or project of another organisation is nothing, and nothing is looked for', async () => {
  for (const filter of ['key=gone', 'project=proj00000000'])
    expect(await call(`/api/usage?from=2026-11-01&organisation=${DEFAULT_ORGANISATION}&${filter}`)).toMatchObject({
      status: 200,
      json: { items: [], next: null, searchedTo: null },
    })
  expect((await call(`/api/usage?from=2026-11-01&key=gone`)).json).toMatchObject({ items: { length: 1 } })
})

const record = (number: number, keyId: string): AttemptRecord => ({
  id: `019a0000-0000-7000-8000-00000000000${number}`,
  requestId: `request ${number}`,
  attempt: 1,
  at: Date.parse('2026-11-20T10:00:00Z') + number,
  keyId,
  owner: DEFAULT_OWNER,
  operation: 'chat',
  stream: false,
  modelAsked: 'alias',
  provider: 'demo',
  modelSent: 'big',
  priceVersion: 'v1',
  inputEstimate: 10,
  budgets: [],
  bookings: [],
  status: 'complete',
  reason: null,
  httpStatus: 200,
  modelAnswered: 'big',
  usage: { ...NO_USAGE, input: 10, cacheRead: 5, output: 7 },
  usageSource: 'vendor',
  serviceTier: null,
  wire: null,
  vendorWire: null,
  losses: null,
  replyId: null,
  costNano: 12_500,
  pricing: 'known',
  queueUs: 0,
  gatewayUs: 10,
  firstByteUs: 20,
  totalUs: 30,
})
