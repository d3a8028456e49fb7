import OpenAI, { APIError } from 'openai'
import { afterAll, describe, expect, test } from 'vitest'
import { BEHAVIOUR_FIELD, closedPort } from './kit/fault-vendor.ts'
import { type FullHost, startFullHost } from './kit/full-host.ts'
import { withPostgres } from './kit/postgres.ts'
import { type ChatAsk, errorIn, readStream, requestIdOf, withRelay } from './kit/relay.ts'
import type { UsageRow } from './kit/usage-rows.ts'
import { textOf } from './kit/vendor-bodies.ts'
import {
  type Behaviour,
  drip,
  errorInStream,
  flood,
  halfHead,
  hang,
  html,
  hugeHeaders,
  lengthAndChunked,
  malformedJson,
  noAnswer,
  notHttp,
  PROCESSING,
  rateLimited,
  refusal,
  type Rupture,
  stream,
  twoLengths,
  twoTransferEncodings,
  whole,
} from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const postgres = withPostgres()
const HASTY_MS = 500
const hosts: { full?: FullHost } = {}
const relay = withRelay(postgres, {
  config: async ({ url }) => {
    hosts.full = await startFullHost()
    return {
      providers: {
        /** Gives the vendor little time. */
        hasty: { baseUrl: url, timeouts: { firstByteMs: HASTY_MS, idleMs: HASTY_MS } },
        gone: { baseUrl: `http://127.0.0.1:${await closedPort()}/v1` },
        narrow: { baseUrl: url, inFlightMax: 1 },
        full: { baseUrl: hosts.full.url, timeouts: { connectMs: 30_000 } },
        unreachable: { baseUrl: hosts.full.url, timeouts: { connectMs: 200 } },
      },
    }
  },
})
afterAll(() => hosts.full?.close())

/** A vendor that fails before anything has gone to the client. */
interface EarlyFault {
  readonly what: string
  readonly behaviour?: Behaviour
  readonly model?: string
  readonly stream: boolean
  readonly status: number
  readonly code: string
  readonly record: Partial<UsageRow>
}

/** What never left, or was refused with a status, costs nothing; what was sent and not answered costs nobody knows what. */
const FREE = { costNano: 0, usage: null, usageSource: null }
const UNKNOWN = { costNano: null, usage: null, usageSource: null }
const NO_ANSWER = { reason: 'upstream_error', httpStatus: null, ...UNKNOWN }
const BAD_ANSWER = { reason: 'upstream_error', httpStatus: 200, ...UNKNOWN }

const early = (
  fault: Omit<EarlyFault, 'stream' | 'status' | 'code'> & Partial<EarlyFault>,
): readonly EarlyFault[] =>
  [false, true].map((stream) => ({ stream, status: 502, code: 'upstream_error', ...fault }))

const EARLY_FAULTS: readonly EarlyFault[] = [
  ...early({
    what: 'refuses the connection',
    model: 'gone/m',
    status: 503,
    code: 'upstream_unavailable',
    record: { reason: 'upstream_unavailable', httpStatus: null, ...FREE },
  }),
  ...early({
    what: 'cannot be connected to in time',
    model: 'unreachable/m',
    status: 503,
    code: 'upstream_unavailable',
    record: { reason: 'upstream_unavailable', httpStatus: null, ...FREE },
  }),
  ...early({
    what: 'answers 500',
    behaviour: refusal(500, { code: 'vendor_broke' }),
    status: 500,
    code: 'vendor_broke',
    record: { reason: 'status_500', httpStatus: 500, ...FREE },
  }),
  ...early({
    what: 'answers 429',
    behaviour: rateLimited(7),
    status: 429,
    code: 'rate_limit_exceeded',
    record: { reason: 'status_429', httpStatus: 429, ...FREE },
  }),
  ...early({
    what: 'answers with a redirect',
    behaviour: whole({ status: 302, headers: [['location', 'http://169.254.169.254/']], body: '' }),
    record: { reason: 'upstream_error', httpStatus: 302, ...FREE },
  }),
  ...early({ what: 'sends a page of HTML with 200', behaviour: html(), record: BAD_ANSWER }),
  ...early({ what: 'sends malformed JSON with 200', behaviour: malformedJson(), record: { ...BAD_ANSWER, reason: 'broken_reply' } }),
  ...early({
    what: 'sends an error with 200',
    behaviour: whole({ body: '{"error":{"message":"The vendor gave up","type":"server_error","code":"overloaded"}}' }),
    record: { httpStatus: 200, ...FREE },
  }),
  ...early({ what: 'closes before the first byte', behaviour: noAnswer('close'), record: NO_ANSWER }),
  ...early({ what: 'half-closes before the first byte', behaviour: noAnswer('half-close'), record: NO_ANSWER }),
  ...early({ what: 'resets before the first byte', behaviour: noAnswer('reset'), record: NO_ANSWER }),
  ...early({ what: 'breaks off inside the head', behaviour: halfHead(), record: NO_ANSWER }),
  ...early({ what: 'speaks another protocol', behaviour: notHttp(), record: NO_ANSWER }),
  ...early({ what: 'sends two content-lengths', behaviour: twoLengths(), record: { reason: 'upstream_error', ...UNKNOWN } }),
  ...early({ what: 'sends a length and chunks', behaviour: lengthAndChunked(), record: { reason: 'upstream_error', ...UNKNOWN } }),
  ...early({
    what: 'sends two transfer-encodings',
    behaviour: twoTransferEncodings(),
    record: UNKNOWN,
  }),
  ...early({ what: 'sends huge headers', behaviour: hugeHeaders(40_000), record: NO_ANSWER }),
  ...early({ what: 'compresses its answer unasked', behaviour: whole({ manner: 'gzip' }), record: BAD_ANSWER }),
  ...early({
    what: 'hangs before the head',
    model: 'hasty/m',
    behaviour: hang('request'),
    status: 504,
    code: 'upstream_timeout',
    record: { reason: 'upstream_timeout', httpStatus: null, ...UNKNOWN },
  }),
  ...early({
    what: 'hangs after the head',
    model: 'hasty/m',
    behaviour: hang('head'),
    status: 504,
    code: 'upstream_timeout',
    record: { reason: 'upstream_timeout', httpStatus: 200, ...UNKNOWN },
  }),
  {
    what: 'falls silent inside its whole answer',
    model: 'hasty/m',
    behaviour: whole({ breaks: { afterBytes: 60, how: 'hang' } }),
    stream: false,
    status: 504,
    code: 'upstream_timeout',
    record: { httpStatus: 200, ...UNKNOWN },
  },
  ...(['close', 'half-close', 'reset'] as const).map((how) => ({
    what: `cuts its whole answer (${how})`,
    behaviour: whole({ breaks: { afterBytes: 60, how } }),
    stream: false,
    status: 502,
    code: 'upstream_error',
    record: { httpStatus: 200, ...UNKNOWN },
  })),
  ...[
    {
      what: 'says in its first event that it failed',
      behaviour: errorInStream([]),
      record: { ...BAD_ANSWER, ...FREE },
    },
    {
      what: 'begins its stream with an event that is no JSON',
      behaviour: stream({ events: [{ raw: 'data: {"id":"x","choices":[{' }] }),
      record: BAD_ANSWER,
    },
    {
      what: 'ends its stream before the first event',
      behaviour: stream({ events: [], usageIn: 'never', done: false }),
      record: BAD_ANSWER,
    },
    {
      what: 'ends its stream after a comment',
      behaviour: stream({ events: [PROCESSING], usageIn: 'never', done: false }),
      record: BAD_ANSWER,
    },
    { what: 'compresses its stream unasked', behaviour: stream({ manner: 'gzip' }), record: BAD_ANSWER },
    {
      what: 'cuts its stream inside the first event',
      behaviour: stream({ breaks: { afterBytes: 30, how: 'reset' as Rupture } }),
      record: BAD_ANSWER,
    },
  ].map((fault) => ({ stream: true, status: 502, code: 'upstream_error', ...fault })),
  {
    what: 'sends nothing but comments',
    model: 'hasty/m',
    behaviour: drip(50),
    stream: true,
    status: 504,
    code: 'upstream_timeout',
    record: { reason: 'upstream_timeout', httpStatus: 200, ...UNKNOWN },
  },
]

describe.concurrent('a vendor fails before the first content', () => {
  test.for(EARLY_FAULTS)('it $what (stream: $stream): $status $code, and one record', async (fault, { expect }) => {
    const { behaviour, model = 'fault/m', stream, status, code } = fault
    const response = await relay.chat({ model, stream, ...(behaviour === undefined ? {} : { behaviour }) })
    expect(await errorIn(response)).toMatchObject({ code, message: expect.stringMatching(/./) })
    expect(response.status).toBe(status)
    expect(response.header('content-type')).toBe('application/json')
    const records = await relay.recordsOf(requestIdOf(response))
    expect(records).toEqual([
      expect.objectContaining({ attempt: 1, status: 'failed', stream, provider: model.split('/')[0], ...fault.record }),
    ])
  })
})

test('a vendor that cannot be reached is worth another try, and the client is told when', async () => {
  for (const model of ['gone/m', 'unreachable/m']) {
    const response = await relay.chat({ model })
    expect(Number(response.header('retry-after'))).toBeGreaterThan(0)
    expect(response.header('x-should-retry')).toBe('true')
    await response.text()
  }
  const limited = await relay.chat({ behaviour: rateLimited(7) })
  expect(limited.header('retry-after')).toBe('7')
  expect(await limited.json()).toMatchObject({ error: { message: 'The vendor says no', type: 'requests' } })
})

test('what a vendor does oddly but rightly goes through as it came', async () => {
  const slow = await relay.chat({ behaviour: whole({ manner: 'byte-by-byte', usage: { completion: 40 } }) })
  expect(await slow.json()).toMatchObject({ usage: { completion_tokens: 40 } })
  const large = await relay.chat({ behaviour: hugeHeaders(8_000) })
  expect(large.status).toBe(200)
  expect(large.header('x-huge')).toBeUndefined()
  await large.text()
  for (const newline of ['\r\n', '\r'] as const) {
    const streamed = await relay.chat({ stream: true, behaviour: stream({ newline, manner: 'byte-by-byte' }) })
    expect(await readStream(streamed)).toMatchObject({ content: textOf(3), finished: true, ending: 'complete' })
  }
  const empty = 'data: {"error":null,"id":"x","model":"m","choices":[{"index":0,"delta":{"content":" tok"},"finish_reason":null}]}'
  const errorless = await relay.chat({ stream: true, behaviour: stream({ events: [{ raw: empty }, { raw: empty }] }) })
  expect(await readStream(errorless)).toMatchObject({ content: textOf(2), error: undefined, ending: 'complete' })
  const commented = await relay.chat({ stream: true, behaviour: stream({ events: [PROCESSING, PROCESSING, 1, PROCESSING, 1] }) })
  expect(await readStream(commented)).toMatchObject({ content: textOf(2), finished: true, ending: 'complete' })
})

/** A vendor that fails after content has gone to the client. */
interface LateFault {
  readonly what: string
  readonly behaviour: Behaviour
  readonly model?: string
  /** Of the content that the client gets. */
  readonly tokens: number
  readonly message: RegExp
  readonly code: string
  readonly record: Partial<UsageRow>
}

const BROKEN = { message: /provider/i, code: 'upstream_error' }
const TOLD = { message: /^The vendor gave up$/, code: 'overloaded', record: { reason: 'error_in_stream' } }
const ERROR_EVENT = 'data: {"error":{"message":"The vendor gave up","type":"server_error","param":null,"code":"overloaded"}}'

const LATE_FAULTS: readonly LateFault[] = [
  ...(['close', 'half-close', 'reset'] as const).flatMap((how): LateFault[] => [
    {
      what: `cuts its stream after the second event (${how})`,
      behaviour: stream({ events: [2, 3, 1], breaks: { afterEvents: 2, how } }),
      tokens: 5,
      ...BROKEN,
      record: { reason: expect.stringMatching(/./) },
    },
    {
      what: `cuts its stream inside the second event (${how})`,
      behaviour: stream({ events: [2, 30], breaks: { afterBytes: 300, how } }),
      tokens: 2,
      ...BROKEN,
      record: { reason: expect.stringMatching(/./) },
    },
  ]),
  {
    what: 'ends its stream as HTTP does, but without [DONE]',
    behaviour: stream({ events: [2, 3], usageIn: 'never', done: false }),
    tokens: 5,
    ...BROKEN,
    record: { reason: 'missing_terminal' },
  },
  {
    what: 'falls silent',
    model: 'hasty/m',
    behaviour: stream({ events: [2, 3, 1], breaks: { afterEvents: 2, how: 'hang' } }),
    tokens: 5,
    message: /silent/,
    code: 'upstream_timeout',
    record: { reason: 'idle' },
  },
  {
    what: 'sends an error, and then the end of the connection',
    behaviour: errorInStream([2, 3]),
    tokens: 5,
    ...TOLD,
  },
  {
    what: 'sends an error, and then [DONE]',
    behaviour: stream({ events: [2, 3, { raw: ERROR_EVENT }] }),
    tokens: 5,
    ...TOLD,
  },
  {
    what: 'sends an error as an event of that name',
    behaviour: stream({ events: [2, 3, { raw: `event: error\n${ERROR_EVENT}` }], usageIn: 'never', done: false }),
    tokens: 5,
    ...TOLD,
  },
  {
    what: 'sends an error, and then nothing',
    behaviour: stream({ events: [2, 3, { raw: ERROR_EVENT }, 1], breaks: { afterEvents: 3, how: 'hang' } }),
    tokens: 5,
    ...TOLD,
  },
  {
    what: 'sends an event that does not end',
    behaviour: stream({ events: [2, 3, { raw: `data: {"id":"${'x'.repeat(9_000_000)}"}` }] }),
    tokens: 5,
    ...BROKEN,
    record: { reason: expect.stringMatching(/./) },
  },
]

describe.concurrent('a vendor fails after the first content', () => {
  test.for(LATE_FAULTS)('it $what: an error in the stream, an end that is none, one record', async (fault, { expect }) => {
    const { behaviour, model = 'fault/m', tokens, message, code } = fault
    const response = await relay.chat({ model, stream: true, behaviour })
    const read = await readStream(response)
    expect(read).toMatchObject({ status: 200, content: textOf(tokens), error: { message: expect.stringMatching(message), code } })
    expect(read.finished, 'a broken stream never looks like a finished one').toBe(false)
    expect(read.ending).toBe('closed')
    const [record, ...more] = await relay.recordsOf(read.requestId)
    expect(more).toEqual([])
    expect(record).toMatchObject({ status: 'partial', httpStatus: 200, stream: true, modelAnswered: 'm', ...fault.record })
    expect(record?.usageSource).toBe('counted')
    expect(record?.usage?.output).toBeGreaterThan(0)
    expect(record?.costNano).toBe(1_000 * (record?.usage?.input ?? 0) + 2_000 * (record?.usage?.output ?? 0))
  })

  test.for(LATE_FAULTS)('it $what: the official SDK throws', async (fault, { expect }) => {
    const { behaviour, model = 'fault/m', tokens, message } = fault
    const seen = { content: '' }
    const reading = async (): Promise<void> => {
      const chunks = await (await openai()).chat.completions.create(streaming(model, behaviour))
      for await (const chunk of chunks) seen.content += chunk.choices[0]?.delta.content ?? ''
    }
    const error: unknown = await reading().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ message: expect.stringMatching(message) })
    expect(seen.content).toBe(textOf(tokens))
  })
})

test('what a vendor reports while it streams is what a broken stream is booked with', async () => {
  const behaviour = stream({ events: [2, 3, 4], usageIn: 'every', usage: { prompt: 70, cached: 20 }, breaks: { afterEvents: 2, how: 'reset' } })
  const { requestId, error } = await readStream(await relay.chat({ stream: true, behaviour }))
  expect(error).toBeDefined()
  const [record] = await relay.recordsOf(requestId)
  expect(record).toMatchObject({ status: 'partial', usageSource: 'running', usage: { input: 50, cacheRead: 20, output: 5 } })
})

test('a vendor that does not end behind its [DONE] is not waited for', async () => {
  const answer = await relay.chat({ stream: true, behaviour: { kind: 'raw', text: endless(['data: {"model":"m","choices":[]}', 'data: [DONE]']), then: 'hang' } })
  expect(await readStream(answer)).toMatchObject({ finished: true, ending: 'complete' })
  expect(await relay.recordsOf(requestIdOf(answer))).toMatchObject([{ status: 'complete', reason: null }])
  const { seen } = relay.vendor
  await waitUntil('the vendor to be closed', () => seen.find(({ id }) => id === requestIdOf(answer))?.connectionClosedAt ?? null, { timeoutMs: 3_000 })
})

test('the official SDK throws its own error for each status', async () => {
  const client = await openai()
  const asked = async (model: string, behaviour: Behaviour): Promise<unknown> =>
    client.chat.completions.create(streaming(model, behaviour)).then(
      () => 'no error',
      (error: unknown) => error,
    )
  expect(await asked('fault/m', refusal(500))).toBeInstanceOf(OpenAI.InternalServerError)
  expect(await asked('fault/m', rateLimited(7))).toBeInstanceOf(OpenAI.RateLimitError)
  expect(await asked('fault/m', html())).toBeInstanceOf(OpenAI.InternalServerError)
  expect(await asked('gone/m', whole())).toMatchObject({ status: 503, code: 'upstream_unavailable' })
  expect(await asked('fault/m', errorInStream([]))).toMatchObject({ status: 502, message: expect.stringContaining('The vendor gave up') })
})

describe('a vendor that sends no end of a line', () => {
  test('in a gibibyte of stream: cut off soon, with little memory', async () => {
    await rssFlat(async () => {
      const response = await relay.chat({ stream: true, behaviour: flood('stream') })
      expect(response.status).toBe(502)
      expect(await errorIn(response)).toMatchObject({ code: 'upstream_error' })
      const seen = await relay.vendor.waitFor(({ id }) => id === requestIdOf(response))
      await waitUntil('the vendor to be closed', () => seen.state === 'left')
      expect(seen.bytesSent).toBeLessThan(64 * MEBIBYTE)
    })
  })

  test('in a large whole answer: passed on as it comes, with little memory', async () => {
    await rssFlat(async () => {
      const response = await relay.chat({ behaviour: flood('whole', 256 * MEBIBYTE), timeoutMs: 30_000 })
      let bytes = 0
      for await (const piece of response.pieces()) bytes += piece.length
      expect(response.ending).not.toBe('complete')
      expect(bytes).toBeGreaterThan(250 * MEBIBYTE)
      const records = await relay.recordsOf(requestIdOf(response))
      expect(records).toMatchObject([{ status: 'partial', httpStatus: 200, ...UNKNOWN }])
    })
  })
})

describe.concurrent('a client that leaves', () => {
  const leavings = (['abort', 'reset'] as const).map((how) => ({ how }))

  test.for(leavings)('($how) before the first byte: the vendor is closed within a second, the cost is unknown', async ({ how }, { expect }) => {
    const mark = `before the first byte ${how}`
    const left = await leaveWhile(mark, how, { behaviour: hang('request') })
    expect(left.closedAfterMs).toBeLessThan(1_000)
    expect(await relay.recordsOf(left.requestId)).toEqual([
      expect.objectContaining({ status: 'canceled', httpStatus: null, ...UNKNOWN }),
    ])
  })

  test.for(leavings)('($how) after the head: the vendor is closed within a second', async ({ how }, { expect }) => {
    const left = await leaveWhile(`after the head ${how}`, how, { stream: true, behaviour: hang('head') })
    expect(left.closedAfterMs).toBeLessThan(1_000)
    expect(await relay.recordsOf(left.requestId)).toMatchObject([{ status: 'canceled', ...UNKNOWN }])
  })

  test.for(leavings)('($how) in the middle of a stream: the vendor is closed within a second, what came is booked', async ({ how }, { expect }) => {
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
    const closed = await relay.vendor.waitFor(({ id, connectionClosedAt }) => id === requestId && connectionClosedAt !== null)
    expect(seen.state).toBe('broken')
    expect((closed.connectionClosedAt ?? 0) - leftAt).toBeLessThan(1_000)
    const [record, ...more] = await relay.recordsOf(requestId)
    expect(more).toEqual([])
    expect(record).toMatchObject({ status: 'canceled', httpStatus: 200, usageSource: 'counted' })
    expect(record?.costNano).toBeGreaterThan(0)
  })

  test('in the middle of a whole answer: the vendor is closed, the cost is unknown', async ({ expect }) => {
    const left = await leaveWhile('in the middle of a whole answer', 'abort', { behaviour: whole({ breaks: { afterBytes: 60, how: 'hang' } }) })
    expect(left.closedAfterMs).toBeLessThan(1_000)
    expect(await relay.recordsOf(left.requestId)).toMatchObject([{ status: 'canceled', httpStatus: 200, ...UNKNOWN }])
  })

  test('while it connects: nothing was sent, so it costs nothing', async ({ expect }) => {
    const before = await attemptsAt('full')
    const leaving = await relay.beginChat({ model: 'full/m' })
    await waitUntil('the attempt', async () => (await placesOf('full')).inFlight === 1)
    leaving.close()
    await waitUntil('the place to be given back', async () => (await placesOf('full')).inFlight === 0, { timeoutMs: 1_000 })
    const records = await waitUntil('the record', async () => {
      const all = await attemptsAt('full')
      return all.length > before.length && all
    })
    expect(records).toEqual([expect.objectContaining({ status: 'canceled', httpStatus: null, ...FREE })])
  })

  test('while it waits for a place: it never gets one, and no attempt is recorded', async ({ expect }) => {
    const hanging = stream({ events: [1, 1], pace: { kind: 'driven' } })
    const began = relay.vendor.waitFor(({ behaviour }) => behaviour.kind === 'stream' && behaviour.pace.kind === 'driven')
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

test('after all of it nothing is open, and every request that the vendor saw has exactly one record', async () => {
  await relay.whenIdle()
  const ids = (await relay.gateway.records()).map((record) => record.requestId)
  expect(ids.length).toBe(new Set(ids).size)
  expect(relay.vendor.seen.map(({ id }) => id).filter((id) => !ids.includes(id))).toEqual([])
  expect(relay.gateway.logs()).not.toMatch(/uncaught|unhandled|request failed inside/i)
})

/** A stream of these events in chunks, without the last chunk. */
const endless = (events: readonly string[]): string =>
  ['HTTP/1.1 200 OK', 'content-type: text/event-stream', 'transfer-encoding: chunked', '', ...events.flatMap((event) => [(event.length + 2).toString(16), `${event}\n\n`]), ''].join('\r\n')

const MEBIBYTE = 1024 ** 2

/** The gateway's memory may rise by some buffers, not with what comes. */
async function rssFlat(work: () => Promise<void>): Promise<void> {
  const rss = async (): Promise<number> => (await relay.gateway.metrics()).value('process_resident_memory_bytes') ?? 0
  const before = await rss()
  const done = { yes: false, peak: 0 }
  const watching = waitUntil(
    'the end of the flood',
    async () => {
      done.peak = Math.max(done.peak, await rss())
      return done.yes
    },
    { timeoutMs: 50_000 },
  )
  await work().finally(() => (done.yes = true))
  await watching
  expect((done.peak - before) / MEBIBYTE).toBeLessThan(160)
}

async function openai(): Promise<OpenAI> {
  return new OpenAI({ baseURL: relay.gateway.baseUrl, apiKey: await relay.gateway.anyModelKey(), maxRetries: 0 })
}

/** The SDK's types know only OpenAI's own fields; it sends the others as they are. */
const streaming = (model: string, behaviour: Behaviour) => ({
  model,
  messages: [{ role: 'user' as const, content: 'Hello' }],
  stream: true as const,
  [BEHAVIOUR_FIELD]: behaviour,
})

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
