import { afterEach, describe, expect, test } from 'vitest'
import type { RawResponse } from './kit/client.ts'
import { closedPort } from './kit/fault-vendor.ts'
import { withPostgres } from './kit/postgres.ts'
import { type ChatAsk, errorIn, requestIdOf, withRelay } from './kit/relay.ts'
import { type Behaviour, hang, html, malformedJson, noAnswer, refusal, stream, whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const PLACES = 2
const QUEUE = 3
const QUEUE_WAIT_MS = 1_200
const ALL_PLACES = 24
const gone = `http://127.0.0.1:${await closedPort()}/v1`
const relay = withRelay(withPostgres(), {
  config: ({ url }) => ({
    limits: { inFlightMax: ALL_PLACES, queueMax: QUEUE, queueWaitMs: QUEUE_WAIT_MS },
    providers: {
      narrow: { baseUrl: url, inFlightMax: PLACES },
      hasty: { baseUrl: url, inFlightMax: PLACES, timeouts: { firstByteMs: 100, idleMs: 100 } },
      gone: { baseUrl: gone, inFlightMax: PLACES },
    },
  }),
})

describe('the places of a provider', () => {
  test('who waits is let in by the order of arrival, is told how long it took, and the record says it too', async () => {
    const holders = await hold('narrow', PLACES)
    const waiting: { readonly user: string; readonly answer: Promise<RawResponse> }[] = []
    for (const user of ['waits first', 'waits second', 'waits third']) {
      waiting.push({ user, answer: relay.chat({ model: 'narrow/m', user, behaviour: whole() }) })
      await waitUntil('one more to wait', async () => (await places('narrow')).waiting === waiting.length)
    }
    expect(seenBy('waits')).toEqual([])
    await holders[0]?.finish()
    for (const { answer } of waiting) {
      const response = await answer
      expect(response.status).toBe(200)
      const waitMs = Number(response.header('x-sekisho-wait-ms'))
      expect(waitMs).toBeGreaterThan(0)
      expect(waitMs).toBeLessThan(QUEUE_WAIT_MS)
      await response.text()
      const [record] = await relay.recordsOf(requestIdOf(response))
      expect(record?.queueUs).toBeGreaterThan(0)
      expect(Math.ceil((record?.queueUs ?? 0) / 1_000)).toBeLessThanOrEqual(waitMs)
    }
    expect(seenBy('waits')).toEqual(waiting.map(({ user }) => user))
    await holders[1]?.finish()
    const alone = await relay.chat({ model: 'narrow/m' })
    expect(alone.header('x-sekisho-wait-ms')).toBeUndefined()
    await alone.text()
  })

  test('whoever waits too long, or finds the line full, gets 503 and when to come again; the vendor never hears of it', async () => {
    await hold('narrow', PLACES)
    const before = relay.vendor.seen.length
    const waiting = Array.from({ length: QUEUE }, () => relay.chat({ model: 'narrow/m' }))
    await waitUntil('the line to be full', async () => (await places('narrow')).waiting === QUEUE)
    const startedAt = performance.now()
    expect(await refused(relay.chat({ model: 'narrow/m' }))).toMatch(/provider/)
    expect(performance.now() - startedAt).toBeLessThan(QUEUE_WAIT_MS)
    for (const answer of waiting) expect(await refused(answer)).toMatch(/provider/)
    expect(await places('narrow')).toEqual({ inFlight: PLACES, waiting: 0 })
    expect(relay.vendor.seen.length).toBe(before)
  })

  test('one provider that is full does not hold up another', async () => {
    await hold('narrow', PLACES)
    const response = await relay.chat()
    expect(response.status).toBe(200)
    await response.text()
  })
})

describe('the places of the whole process', () => {
  test('with none free the next one waits for one, whatever provider it asks for', async () => {
    const holders = await hold('fault', ALL_PLACES)
    const before = relay.vendor.seen.length
    const next = relay.chat({ model: 'narrow/m' })
    await expectStillOpen(next, ALL_PLACES + 1)
    expect(relay.vendor.seen.length).toBe(before)
    await holders[0]?.finish()
    const response = await next
    expect(response.status).toBe(200)
    expect(Number(response.header('x-sekisho-wait-ms'))).toBeGreaterThan(0)
    await response.text()
  })

  test('whoever waits too long, or finds the line full, gets 503 and when to come again', async () => {
    await hold('fault', ALL_PLACES)
    const before = relay.vendor.seen.length
    const waiting = Array.from({ length: QUEUE }, () => relay.chat())
    await Promise.all(waiting.map((answer) => expectStillOpen(answer, ALL_PLACES + QUEUE)))
    const startedAt = performance.now()
    expect(await refused(relay.chat())).toMatch(/gateway/)
    expect(performance.now() - startedAt).toBeLessThan(QUEUE_WAIT_MS)
    for (const answer of waiting) expect(await refused(answer)).toMatch(/gateway/)
    expect(relay.vendor.seen.length).toBe(before)
  })
})

test('a thousand requests that end in every way give back every place, and leave one record for each attempt', async () => {
  const before = (await relay.gateway.records()).length
  const seenBefore = relay.vendor.seen.length
  const random = seeded(20_261_121)
  const ends = new Map<string, number>()
  const worker = async (): Promise<void> => {
    for (let asked = 0; asked < 1_000 / WORKERS; asked++) {
      const end = await one(ENDS[Math.floor(random() * ENDS.length)] ?? {}, random)
      ends.set(end, (ends.get(end) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, worker))
  await relay.whenIdle({ timeoutMs: 20_000 })
  // Every way was really gone, the refusals of both limits among them.
  expect([...ends.keys()].toSorted()).toEqual(
    expect.arrayContaining(['200 complete', '200 closed', '500', '502', '503', '504', 'left']),
  )

  const records = (await relay.gateway.records()).slice(before)
  const attempts = records.filter(({ provider }) => provider !== 'gone')
  const sent = records.filter(
    ({ status, httpStatus, costNano }) => !(status === 'canceled' && httpStatus === null && costNano === 0),
  )
  expect(new Set(records.map(({ id }) => id)).size).toBe(records.length)
  const atVendor = relay.vendor.seen.slice(seenBefore).map(({ id }) => id)
  const recorded = attempts.map(({ requestId }) => requestId)
  expect(new Set(recorded).size).toBe(recorded.length)
  expect(atVendor.filter((id) => !recorded.includes(id))).toEqual([])
  // An attempt that the vendor does not know was never sent, or its client left while it was on its way.
  const unknown = sent.filter(({ requestId, provider }) => provider !== 'gone' && !atVendor.includes(requestId))
  expect(unknown.filter(({ status }) => status !== 'canceled')).toEqual([])

  // The proof of a place is that somebody gets it.
  await hold('narrow', PLACES)
  await hold('fault', ALL_PLACES - PLACES)
  expect(await refused(relay.chat())).toMatch(/gateway/)
})

const WORKERS = 40

interface End extends ChatAsk {
  /** Leaves so many milliseconds after the request was sent, at most. */
  readonly leavesWithinMs?: number
}

const narrowly = (behaviour: Behaviour, more: End = {}): End => ({ model: 'narrow/m', behaviour, ...more })
const ENDS: readonly End[] = [
  narrowly(whole()),
  narrowly(whole()),
  narrowly(stream(), { stream: true }),
  narrowly(stream({ breaks: { afterEvents: 2, how: 'reset' } }), { stream: true }),
  narrowly(stream({ breaks: { afterEvents: 1, how: 'close' } }), { stream: true }),
  narrowly(refusal(500)),
  narrowly(html()),
  narrowly(malformedJson()),
  narrowly(noAnswer('reset')),
  { behaviour: whole() },
  { behaviour: stream({ pace: { kind: 'every', ms: 5 } }), stream: true },
  { model: 'hasty/m', behaviour: hang('request') },
  { model: 'hasty/m', stream: true, behaviour: stream({ breaks: { afterEvents: 1, how: 'hang' } }) },
  { model: 'gone/m' },
  narrowly(hang('request'), { leavesWithinMs: 0 }),
  narrowly(hang('head'), { stream: true, leavesWithinMs: 20 }),
  narrowly(stream({ pace: { kind: 'every', ms: 5 } }), { stream: true, leavesWithinMs: 30 }),
  { behaviour: whole({ pace: { kind: 'every', ms: 10 } }), leavesWithinMs: 15 },
  { behaviour: stream({ pace: { kind: 'every', ms: 5 } }), stream: true, leavesWithinMs: 30 },
  { behaviour: whole(), leavesWithinMs: 0 },
]

/** One request to its end; how that was, in a word. */
async function one({ leavesWithinMs, ...ask }: End, random: () => number): Promise<string> {
  if (leavesWithinMs !== undefined) {
    const connection = await relay.beginChat(ask)
    const afterMs = Math.floor(random() * leavesWithinMs)
    if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs))
    if (random() < 0.5) connection.close()
    else connection.socket.resetAndDestroy()
    return 'left'
  }
  const response = await relay.chat(ask)
  await response.bytes()
  return response.status === 200 ? `200 ${response.ending}` : String(response.status)
}

/** Takes places: requests that the vendor answers when it is told to, or at the end of the test. */
function hold(provider: string, count: number): Promise<readonly Holder[]> {
  return Promise.all(Array.from({ length: count }, () => holdOne(provider)))
}

async function holdOne(provider: string): Promise<Holder> {
  const user = `holds ${provider} ${(held.count += 1)}`
  const behaviour = stream({ events: [1], pace: { kind: 'driven' } })
  const answer = relay.chat({ model: `${provider}/m`, stream: true, user, behaviour })
  const { number } = await relay.vendor.waitFor(({ body }) => body.includes(JSON.stringify(user)))
  const holder: Holder = {
    finish: async () => {
      held.open.delete(holder)
      relay.vendor.next(number, 2)
      await (await answer).bytes()
    },
  }
  held.open.add(holder)
  return holder
}

interface Holder {
  finish(): Promise<void>
}

const held = { count: 0, open: new Set<Holder>() }
afterEach(async () => {
  await Promise.all([...held.open].map((holder) => holder.finish()))
  await relay.whenIdle()
})

async function refused(answer: Promise<RawResponse>): Promise<string> {
  const response = await answer
  expect(response.status).toBe(503)
  expect(Number(response.header('retry-after'))).toBeGreaterThan(0)
  const { code, message } = await errorIn(response)
  expect(code).toBe('overloaded')
  return message
}

/** So many requests are open, and this one has no answer yet. */
async function expectStillOpen(answer: Promise<RawResponse>, open: number): Promise<void> {
  await waitUntil('it to wait', async () => (await relay.gateway.metrics()).value('sekisho_requests_open') === open)
  expect(await Promise.race([answer, Promise.resolve('no answer')])).toBe('no answer')
}

async function places(provider: string): Promise<{ readonly inFlight: number; readonly waiting: number }> {
  const metrics = await relay.gateway.metrics()
  return {
    inFlight: metrics.value('sekisho_provider_in_flight', { provider }) ?? -1,
    waiting: metrics.value('sekisho_provider_waiting', { provider }) ?? -1,
  }
}

/** The users, of those whose name begins so, in the order in which the vendor saw them. */
const seenBy = (beginning: string): readonly string[] =>
  relay.vendor.seen
    .map(({ body }) => (JSON.parse(body.toString('utf8')) as { user?: string }).user ?? '')
    .filter((user) => user.startsWith(beginning))

/** Chance that is the same every time (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
