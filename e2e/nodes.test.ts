import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { RawResponse } from './kit/client.ts'
import { closedPort, type FaultVendor, startFaultVendor } from './kit/fault-vendor.ts'
import { type FullHost, startFullHost } from './kit/full-host.ts'
import { withPostgres } from './kit/postgres.ts'
import { type ChatAsk, errorIn, requestIdOf, withRelay } from './kit/relay.ts'
import type { UsageRow } from './kit/usage-rows.ts'
import { type Behaviour, hang, halfHead, noAnswer, rateLimited, refusal, whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const started: { vendors: FaultVendor[]; full?: FullHost } = { vendors: [] }
const gone = [await closedPort(), await closedPort()].map((port) => `http://127.0.0.1:${port}/v1`)
const relay = withRelay(withPostgres(), {
  config: async ({ url }) => {
    started.vendors = [await startFaultVendor(), await startFaultVendor(), await startFaultVendor()]
    started.full = await startFullHost()
    const [first, second, third] = started.vendors.map((vendor) => vendor.url)
    return {
      providers: {
        trio: { nodes: [first, second, third] },
        'half-gone': { nodes: [gone[0], url] },
        gone: { nodes: gone },
        mute: { nodes: [started.full.url, url], timeouts: { connectMs: 300 } },
        patient: { nodes: [started.full.url, url], timeouts: { connectMs: 30_000 } },
        hasty: { nodes: [first, second], timeouts: { firstByteMs: 300 } },
        'other-gone': { baseUrl: gone[1] },
        narrow: { baseUrl: first, inFlightMax: 1 },
      },
      limits: { queueWaitMs: 300 },
      models: {
        'in-order': { targets: ['other-gone/m', 'gone/m', 'fault/m'] },
        'in-turn': { targets: ['trio/m', 'fault/m'], order: 'round-robin' },
        'nobody-there': { targets: ['gone/m', 'other-gone/m'] },
        'one-busy': { targets: ['narrow/m', 'fault/m'] },
      },
    }
  },
})
afterAll(async () => {
  await started.full?.close()
  await Promise.all(started.vendors.map((vendor) => vendor.close()))
})

describe('several nodes behind one model', () => {
  test('take turns, each as often as the others', async () => {
    for (let asked = 0; asked < 9; asked++) await answered({ model: 'trio/m' })
    expect(started.vendors.map(({ seen }) => seen.length)).toEqual([3, 3, 3])
  })

  test('one that is away is passed over before anything is sent, with a record for each try; back again, it has its turn', async () => {
    const [, second] = started.vendors
    const port = second?.port ?? 0
    await second?.close()
    const responses = await inTurn(6, { model: 'trio/m' })
    expect(responses.map(({ response }) => response.status)).toEqual([200, 200, 200, 200, 200, 200])
    const tries = responses.map(({ response }) => Number(response.header('x-sekisho-attempts')))
    expect(tries.toSorted((one, other) => one - other)).toEqual([1, 1, 1, 1, 2, 2])
    for (const { response, requestId } of responses) {
      const attempts = Number(response.header('x-sekisho-attempts'))
      expect(await relay.recordsOf(requestId, attempts)).toEqual(
        attempts === 1 ? [COMPLETE(1)] : [NOT_SENT(1), COMPLETE(2)],
      )
    }
    started.vendors[1] = await startFaultVendor({ port })
    await inTurn(3, { model: 'trio/m' })
    expect(started.vendors[1]?.seen.length).toBe(1)
  })

  test('a stream finds the next node as well, and its client sees nothing of it', async () => {
    for (const { requestId, response } of await inTurn(2, { model: 'half-gone/m', stream: true })) {
      const attempts = Number(response.header('x-sekisho-attempts'))
      expect(await relay.recordsOf(requestId, attempts)).toHaveLength(attempts)
    }
  })

  test('one that takes no connection costs the time for connecting, and then the next one is asked', async () => {
    const [one, other] = await inTurn(2, { model: 'mute/m' })
    const late = [one, other].find((each) => each?.response.header('x-sekisho-attempts') === '2')
    expect(late?.response.status).toBe(200)
    expect(await relay.recordsOf(late?.requestId ?? '', 2)).toEqual([NOT_SENT(1), COMPLETE(2)])
  })

  test('with none that can be reached: 503, when to come again, and one record for each try, all of them free', async () => {
    const response = await relay.chat({ model: 'gone/m' })
    expect(response.status).toBe(503)
    expect(Number(response.header('retry-after'))).toBeGreaterThan(0)
    expect(await errorIn(response)).toMatchObject({ code: 'upstream_unavailable' })
    expect(await relay.recordsOf(requestIdOf(response), 2)).toEqual([NOT_SENT(1), NOT_SENT(2)])
  })
})

describe('several targets behind an alias', () => {
  test('are tried in their order, nodes and all, and the answer says which one it was', async () => {
    const response = await relay.chat({ model: 'in-order' })
    expect(response.status).toBe(200)
    expect(response.header('x-sekisho-target')).toBe('fault/m')
    expect(response.header('x-sekisho-attempts')).toBe('4')
    expect(await response.json()).toMatchObject({ model: 'm' })
    const records = await relay.recordsOf(requestIdOf(response), 4)
    expect(records).toEqual([NOT_SENT(1), NOT_SENT(2), NOT_SENT(3), COMPLETE(4)])
    expect(records.map(({ provider }) => provider)).toEqual(['other-gone', 'gone', 'gone', 'fault'])
    expect(records.every(({ modelAsked, modelSent }) => modelAsked === 'in-order' && modelSent === 'm')).toBe(true)
  })

  test('take turns where the alias says so', async () => {
    const responses = await inTurn(4, { model: 'in-turn' })
    const [first, second] = responses.map(({ response }) => response.header('x-sekisho-target'))
    expect([first, second].toSorted((one = '', other = '') => one.localeCompare(other))).toEqual(['fault/m', 'trio/m'])
    expect(responses.map(({ response }) => response.header('x-sekisho-target'))).toEqual([first, second, first, second])
  })

  test('with none that can be reached: 503 and when to come again', async () => {
    const response = await relay.chat({ model: 'nobody-there', stream: true })
    expect(response.status).toBe(503)
    expect(Number(response.header('retry-after'))).toBeGreaterThan(0)
    await response.text()
    expect(await relay.recordsOf(requestIdOf(response), 3)).toEqual([NOT_SENT(1), NOT_SENT(2), NOT_SENT(3)])
  })

  test('one that has no free place in time is passed over: nothing was sent to it', async () => {
    const [node] = started.vendors
    const before = node?.seen.length ?? 0
    const busy = await relay.beginChat({ model: 'narrow/m', behaviour: hang('request') })
    await node?.waitFor(({ number }) => number === before)
    const response = await relay.chat({ model: 'one-busy' })
    busy.close()
    await response.text()
    expect(response.status).toBe(200)
    expect(response.header('x-sekisho-target')).toBe('fault/m')
    expect(Number(response.header('x-sekisho-wait-ms'))).toBeGreaterThan(0)
    expect(node?.seen.length).toBe(before + 1)
    expect(await relay.recordsOf(requestIdOf(response))).toEqual([COMPLETE(1)])
  })
})

describe('what was sent is never sent again', () => {
  const AFTER: readonly (readonly [string, Behaviour, number])[] = [
    ['a reset before the answer', noAnswer('reset'), 502],
    ['a close before the answer', noAnswer('close'), 502],
    ['half a head', halfHead(), 502],
    ['a 500', refusal(500), 500],
    ['a 503', refusal(503), 503],
    ['a 429', rateLimited(1), 429],
    ['silence', hang('request'), 504],
  ]
  beforeEach(() => relay.whenIdle())

  test.for(AFTER)('after %s, no other node gets the request', async ([, behaviour, status]) => {
    const before = requestsAtNodes()
    const response = await relay.chat({ model: 'hasty/m', behaviour })
    expect(response.status).toBe(status)
    await response.text()
    expect(await relay.recordsOf(requestIdOf(response))).toMatchObject([{ attempt: 1, status: 'failed' }])
    await relay.whenIdle()
    expect(requestsAtNodes()).toBe(before + 1)
  })

  test('a connection that the vendor has closed while it was idle is not used: the next request opens another', async () => {
    const { port } = relay.vendor
    await answered({ model: 'fault/m' })
    await relay.vendor.close()
    const again = await startFaultVendor({ port })
    started.vendors.push(again)
    await answered({ model: 'fault/m' })
    expect(again.seen).toHaveLength(1)
  })
})

test('a client that leaves while the first node is tried: the second one is never asked', async () => {
  await relay.whenIdle()
  const before = new Set((await relay.gateway.records()).map(({ id }) => id))
  // The nodes take turns: of two requests, one begins at the node that takes no connection.
  const clients = [
    await relay.beginChat({ model: 'patient/m', user: 'leaves' }),
    await relay.beginChat({ model: 'patient/m', user: 'leaves' }),
  ]
  const inFlight = async () =>
    (await relay.gateway.metrics()).value('sekisho_provider_in_flight', { provider: 'patient' })
  const mine = async () => (await relay.gateway.records()).filter((record) => !before.has(record.id))
  await waitUntil('the other one to be answered', async () =>
    (await mine()).some(({ status }) => status === 'complete'),
  )
  expect(await inFlight()).toBe(1)
  for (const client of clients) client.close()
  await waitUntil('the place to be given back', async () => (await inFlight()) === 0, { timeoutMs: 1_000 })
  const records = await waitUntil('both records', async () => {
    const rows = await mine()
    return rows.length >= 2 && rows
  })
  expect(records.map(({ status, attempt, costNano }) => [status, attempt, costNano])).toEqual(
    expect.arrayContaining([
      ['complete', 1, expect.any(Number)],
      ['canceled', 1, 0],
    ]),
  )
  expect(records).toHaveLength(2)
})

const NOT_SENT = (attempt: number): UsageRow =>
  expect.objectContaining({
    attempt,
    status: 'failed',
    reason: 'upstream_unavailable',
    httpStatus: null,
    costNano: 0,
    usage: null,
  })
const COMPLETE = (attempt: number): UsageRow =>
  expect.objectContaining({ attempt, status: 'complete', reason: null, httpStatus: 200, usageSource: 'vendor' })

const requestsAtNodes = (): number => started.vendors.reduce((sum, { seen }) => sum + seen.length, 0)

async function answered(ask: ChatAsk): Promise<void> {
  const response = await relay.chat({ behaviour: whole(), ...ask })
  expect(response.status).toBe(200)
  await response.text()
}

async function inTurn(
  count: number,
  ask: ChatAsk,
): Promise<readonly { readonly response: RawResponse; readonly requestId: string }[]> {
  const all: { response: RawResponse; requestId: string }[] = []
  for (let asked = 0; asked < count; asked++) {
    const response = await relay.chat(ask)
    const text = await response.text()
    expect(response.ending).toBe('complete')
    expect(text).toMatch(ask.stream === true ? /data: \[DONE\]\n\n$/ : /^\{.*\}$/)
    all.push({ response, requestId: requestIdOf(response) })
  }
  return all
}
