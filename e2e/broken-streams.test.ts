import OpenAI, { APIError } from 'openai'
import { describe, expect, test } from 'vitest'
import { BEHAVIOUR_FIELD, closedPort } from './kit/fault-vendor.ts'
import { withPostgres } from './kit/postgres.ts'
import { errorIn, expectAllSettled, readStream, requestIdOf, withRelay } from './kit/relay.ts'
import type { UsageRow } from './kit/usage-rows.ts'
import { textOf } from './kit/vendor-bodies.ts'
import { type Behaviour, errorInStream, flood, html, rateLimited, refusal, stream, whole } from './kit/vendor-script.ts'
import { waitUntil } from './kit/wait.ts'

const HASTY_MS = 500
const relay = withRelay(withPostgres(), {
  config: async ({ url }) => ({
    providers: {
      /** Gives the vendor little time. */
      hasty: { baseUrl: url, timeouts: { firstByteMs: HASTY_MS, idleMs: HASTY_MS } },
      gone: { baseUrl: `http://127.0.0.1:${await closedPort()}/v1` },
    },
  }),
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
const ERROR_EVENT =
  'data: {"error":{"message":"The vendor gave up","type":"server_error","param":null,"code":"overloaded"}}'

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
  test.for(LATE_FAULTS)(
    'it $what: an error in the stream, an end that is none, one record',
    async (fault, { expect }) => {
      const { behaviour, model = 'fault/m', tokens, message, code } = fault
      const response = await relay.chat({ model, stream: true, behaviour })
      const read = await readStream(response)
      expect(read).toMatchObject({
        status: 200,
        content: textOf(tokens),
        error: { message: expect.stringMatching(message), code },
      })
      expect(read.finished, 'a broken stream never looks like a finished one').toBe(false)
      expect(read.ending).toBe('closed')
      const [record, ...more] = await relay.recordsOf(read.requestId)
      expect(more).toEqual([])
      expect(record).toMatchObject({
        status: 'partial',
        httpStatus: 200,
        stream: true,
        modelAnswered: 'm',
        ...fault.record,
      })
      expect(record?.usageSource).toBe('counted')
      expect(record?.usage?.output).toBeGreaterThan(0)
      expect(record?.costNano).toBe(1_000 * (record?.usage?.input ?? 0) + 2_000 * (record?.usage?.output ?? 0))
    },
  )

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
  const behaviour = stream({
    events: [2, 3, 4],
    usageIn: 'every',
    usage: { prompt: 70, cached: 20 },
    breaks: { afterEvents: 2, how: 'reset' },
  })
  const { requestId, error } = await readStream(await relay.chat({ stream: true, behaviour }))
  expect(error).toBeDefined()
  const [record] = await relay.recordsOf(requestId)
  expect(record).toMatchObject({
    status: 'partial',
    usageSource: 'running',
    usage: { input: 50, cacheRead: 20, output: 5 },
  })
})

test('a vendor that does not end behind its [DONE] is not waited for', async () => {
  const answer = await relay.chat({
    stream: true,
    behaviour: { kind: 'raw', text: endless(['data: {"model":"m","choices":[]}', 'data: [DONE]']), then: 'hang' },
  })
  expect(await readStream(answer)).toMatchObject({ finished: true, ending: 'complete' })
  expect(await relay.recordsOf(requestIdOf(answer))).toMatchObject([{ status: 'complete', reason: null }])
  const { seen } = relay.vendor
  await waitUntil(
    'the vendor to be closed',
    () => seen.find(({ id }) => id === requestIdOf(answer))?.connectionClosedAt ?? null,
    { timeoutMs: 3_000 },
  )
})

test('what a vendor says in mid-stream about our own account stays with us: the client gets our words at once, and the vendor is left', async () => {
  const secret = 'Your credit balance is too low, account acct_4711'
  const own = `data: {"error":{"message":"${secret}","code":402}}`
  const behaviour = stream({
    events: [2, { raw: own }, 3],
    usageIn: 'never',
    done: false,
    pace: { kind: 'every', ms: 100 },
    breaks: { afterEvents: 2, how: 'hang' },
  })
  const response = await relay.chat({ stream: true, behaviour })
  const read = await readStream(response)
  expect(read).toMatchObject({ finished: false, error: { code: 'upstream_unavailable' } })
  expect(JSON.stringify(read)).not.toContain('acct_4711')
  expect(await relay.recordsOf(requestIdOf(response), 1)).toMatchObject([{ status: 'partial', usageSource: 'counted' }])
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
  expect(await asked('fault/m', errorInStream([]))).toMatchObject({
    status: 502,
    message: expect.stringContaining('The vendor gave up'),
  })
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
      expect(records).toMatchObject([
        { status: 'partial', httpStatus: 200, costNano: null, usage: null, usageSource: null },
      ])
    })
  })
})

test('after all of it nothing is open, and every request that the vendor saw has exactly one record', () =>
  expectAllSettled(relay))

/** A stream of these events in chunks, without the last chunk. */
const endless = (events: readonly string[]): string =>
  [
    'HTTP/1.1 200 OK',
    'content-type: text/event-stream',
    'transfer-encoding: chunked',
    '',
    ...events.flatMap((event) => [(event.length + 2).toString(16), `${event}\n\n`]),
    '',
  ].join('\r\n')

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
