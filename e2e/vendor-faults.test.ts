import { afterAll, describe, expect, test } from 'vitest'
import { closedPort } from './kit/fault-vendor.ts'
import { type FullHost, startFullHost } from './kit/full-host.ts'
import { withPostgres } from './kit/postgres.ts'
import { errorIn, expectAllSettled, readStream, requestIdOf, withRelay } from './kit/relay.ts'
import type { UsageRow } from './kit/usage-rows.ts'
import { textOf } from './kit/vendor-bodies.ts'
import {
  type Behaviour,
  drip,
  errorInStream,
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

const HASTY_MS = 500
const hosts: { full?: FullHost } = {}
const relay = withRelay(withPostgres(), {
  config: async ({ url }) => {
    hosts.full = await startFullHost()
    return {
      providers: {
        /** Gives the vendor little time. */
        hasty: { baseUrl: url, timeouts: { firstByteMs: HASTY_MS, idleMs: HASTY_MS } },
        gone: { baseUrl: `http://127.0.0.1:${await closedPort()}/v1` },
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

const early = (fault: Omit<EarlyFault, 'stream' | 'status' | 'code'> & Partial<EarlyFault>): readonly EarlyFault[] =>
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
  ...early({
    what: 'sends malformed JSON with 200',
    behaviour: malformedJson(),
    record: { ...BAD_ANSWER, reason: 'broken_reply' },
  }),
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
  ...early({
    what: 'sends two content-lengths',
    behaviour: twoLengths(),
    record: { reason: 'upstream_error', ...UNKNOWN },
  }),
  ...early({
    what: 'sends a length and chunks',
    behaviour: lengthAndChunked(),
    record: { reason: 'upstream_error', ...UNKNOWN },
  }),
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
  const empty =
    'data: {"error":null,"id":"x","model":"m","choices":[{"index":0,"delta":{"content":" tok"},"finish_reason":null}]}'
  const errorless = await relay.chat({ stream: true, behaviour: stream({ events: [{ raw: empty }, { raw: empty }] }) })
  expect(await readStream(errorless)).toMatchObject({ content: textOf(2), error: undefined, ending: 'complete' })
  const commented = await relay.chat({
    stream: true,
    behaviour: stream({ events: [PROCESSING, PROCESSING, 1, PROCESSING, 1] }),
  })
  expect(await readStream(commented)).toMatchObject({ content: textOf(2), finished: true, ending: 'complete' })
})

test('comments that come alone, and then the whole answer in one piece: all of it arrives', async () => {
  const chunk = (delta: string, finish: string): string =>
    `data: {"model":"m","choices":[{"index":0,"delta":${delta},"finish_reason":${finish}}]}`
  const rest = [chunk('{"content":" tok"}', 'null'), chunk('{}', '"stop"'), 'data: [DONE]'].join('\n\n')
  const behaviour = stream({
    events: [PROCESSING, { raw: rest }],
    usageIn: 'never',
    done: false,
    pace: { kind: 'every', ms: 30 },
  })
  const response = await relay.chat({ stream: true, behaviour })
  expect(await response.text()).toBe(`: PROCESSING\n\n${rest}\n\n`)
  expect(response.ending).toBe('complete')
})

test('after all of it nothing is open, and every request that the vendor saw has exactly one record', () =>
  expectAllSettled(relay))
