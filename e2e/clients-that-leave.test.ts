import { afterAll, describe, test } from 'vitest'
import { type FullHost, startFullHost } from './kit/full-host.ts'
import { withPostgres } from './kit/postgres.ts'
import { type ChatAsk, expectAllSettled, readStream, requestIdOf, withRelay } from './kit/relay.ts'
import type { UsageRow } from './kit/usage-rows.ts'
import { textOf } from './kit/vendor-bodies.ts'
import { hang, stream, whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const hosts: { full?: FullHost } = {}
const relay = withRelay(withPostgres(), {
  config: async ({ url }) => {
    hosts.full = await startFullHost()
    return {
      providers: {
        narrow: { baseUrl: url, inFlightMax: 1 },
        /** Never takes a connection. */
        full: { baseUrl: hosts.full.url, timeouts: { connectMs: 30_000 } },
      },
    }
  },
})
afterAll(() => hosts.full?.close())

/** What never left costs nothing; what was sent and not answered costs nobody knows what. */
const FREE = { costNano: 0, usage: null, usageSource: null }
const UNKNOWN = { costNano: null, usage: null, usageSource: null }

describe.concurrent('a client that leaves', () => {
  const leavings = (['abort', 'reset'] as const).map((how) => ({ how }))

  test.for(leavings)(
    '($how) before the first byte: the vendor is closed within a second, the cost is unknown',
    async ({ how }, { expect }) => {
      const mark = `before the first byte ${how}`
      const left = await leaveWhile(mark, how, { behaviour: hang('request') })
      expect(left.closedAfterMs).toBeLessThan(1_000)
      expect(await relay.recordsOf(left.requestId)).toEqual([
        expect.objectContaining({ status: 'canceled', httpStatus: null, ...UNKNOWN }),
      ])
    },
  )

  test.for(leavings)('($how) after the head: the vendor is closed within a second', async ({ how }, { expect }) => {
    const left = await leaveWhile(`after the head ${how}`, how, { stream: true, behaviour: hang('head') })
    expect(left.closedAfterMs).toBeLessThan(1_000)
    expect(await relay.recordsOf(left.requestId)).toMatchObject([{ status: 'canceled', ...UNKNOWN }])
  })

  test.for(leavings)(
    '($how) in the middle of a stream: the vendor is closed within a second, what came is booked',
    async ({ how }, { expect }) => {
      const behaviour = stream({ events: [2, 3, 1], breaks: { afterEvents: 2, how: 'hang' } })
      const response = await relay.chat({ stream: true, behaviour })
      const requestId = requestIdOf(response)
      let content = ''
      for await (const { data = '{}' } of response.events()) {
        content += data
        if (content.includes(textOf(3))) break
      }
      const leftAt = Date.now()
      response[how]()
      const seen = await relay.vendor.waitFor(({ id, state }) => id === requestId && state !== 'open')
      const closed = await relay.vendor.waitFor(
        ({ id, connectionClosedAt }) => id === requestId && connectionClosedAt !== null,
      )
      expect(seen.state).toBe('broken')
      expect((closed.connectionClosedAt ?? 0) - leftAt).toBeLessThan(1_000)
      const [record, ...more] = await relay.recordsOf(requestId)
      expect(more).toEqual([])
      expect(record).toMatchObject({ status: 'canceled', httpStatus: 200, usageSource: 'counted' })
      expect(record?.costNano).toBeGreaterThan(0)
    },
  )

  test('in the middle of a whole answer: the vendor is closed, the cost is unknown', async ({ expect }) => {
    const left = await leaveWhile('in the middle of a whole answer', 'abort', {
      behaviour: whole({ breaks: { afterBytes: 60, how: 'hang' } }),
    })
    expect(left.closedAfterMs).toBeLessThan(1_000)
    expect(await relay.recordsOf(left.requestId)).toMatchObject([{ status: 'canceled', httpStatus: 200, ...UNKNOWN }])
  })

  test('while it connects: nothing was sent, so it costs nothing', async ({ expect }) => {
    const before = await attemptsAt('full')
    const leaving = await relay.beginChat({ model: 'full/m' })
    await waitUntil('the attempt', async () => (await placesOf('full')).inFlight === 1)
    leaving.close()
    await waitUntil('the place to be given back', async () => (await placesOf('full')).inFlight === 0, {
      timeoutMs: 1_000,
    })
    const records = await waitUntil('the record', async () => {
      const all = await attemptsAt('full')
      return all.length > before.length && all
    })
    expect(records).toEqual([expect.objectContaining({ status: 'canceled', httpStatus: null, ...FREE })])
  })

  test('while it waits for a place: it never gets one, and no attempt is recorded', async ({ expect }) => {
    const hanging = stream({ events: [1, 1], pace: { kind: 'driven' } })
    const began = relay.vendor.waitFor(
      ({ behaviour }) => behaviour.kind === 'stream' && behaviour.pace.kind === 'driven',
    )
    void began.then(({ number }) => relay.vendor.next(number))
    const first = await relay.chat({ model: 'narrow/m', stream: true, behaviour: hanging })
    const waiting = await relay.beginChat({ model: 'narrow/m' })
    await waitUntil('one to wait', async () => (await placesOf('narrow')).waiting === 1)
    waiting.close()
    await waitUntil('nobody to wait', async () => (await placesOf('narrow')).waiting === 0, { timeoutMs: 1_000 })
    relay.vendor.next((await began).number, 2)
    expect(await readStream(first)).toMatchObject({ content: textOf(2), ending: 'complete' })
    await relay.recordsOf(requestIdOf(first))
    expect(await attemptsAt('narrow')).toMatchObject([{ requestId: requestIdOf(first), status: 'complete' }])
  })
})

test('after all of it nothing is open, and every request that the vendor saw has exactly one record', () =>
  expectAllSettled(relay))

/** Asks, leaves once the vendor has the request, and tells how long the vendor's connection lived on. */
async function leaveWhile(
  user: string,
  how: 'abort' | 'reset',
  ask: ChatAsk,
): Promise<{ readonly requestId: string; readonly closedAfterMs: number }> {
  const connection = await relay.beginChat({ ...ask, user })
  const mark = JSON.stringify(user)
  const { id } = await relay.vendor.waitFor(({ body }) => body.includes(mark))
  const leftAt = Date.now()
  if (how === 'reset') connection.socket.resetAndDestroy()
  else connection.close()
  const closed = await relay.vendor.waitFor((seen) => seen.id === id && seen.connectionClosedAt !== null)
  return { requestId: id, closedAfterMs: (closed.connectionClosedAt ?? 0) - leftAt }
}

async function placesOf(provider: string): Promise<{ readonly inFlight?: number; readonly waiting?: number }> {
  const metrics = await relay.gateway.metrics()
  return {
    inFlight: metrics.value('sekisho_provider_in_flight', { provider }) ?? -1,
    waiting: metrics.value('sekisho_provider_waiting', { provider }) ?? -1,
  }
}

const attemptsAt = async (provider: string): Promise<readonly UsageRow[]> =>
  (await relay.gateway.records()).filter((record) => record.provider === provider)
