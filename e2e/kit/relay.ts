import { afterAll, beforeAll, expect } from 'vitest'
import { openConnection, type RawConnection, type RawRequest, type RawResponse } from './client.ts'
import { BEHAVIOUR_FIELD, type FaultVendor, startFaultVendor } from './fault-vendor.ts'
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts'
import type { TestPostgres } from './postgres.ts'
import type { Ending } from './response-reader.ts'
import type { Behaviour } from './vendor-script.ts'
import type { UsageRow } from './usage-rows.ts'
import { waitUntil, type WaitOptions } from './wait.ts'

/** What a million tokens of every provider's model `m` cost here, in dollars: a token of input is 1,000 nano-dollars, one of output 2,000. */
const RATES = { input: 1, output: 2 }

/** A gateway with a vendor behind it that does what a test says: `fault/m`, priced, and the providers that the test adds. */
export interface Relay {
  readonly gateway: Gateway
  readonly vendor: FaultVendor
  /** A chat request; the vendor does with it what `behaviour` says. */
  chat(ask?: ChatAsk): Promise<RawResponse>
  /** Sends the same and waits for nothing: for clients that leave. */
  beginChat(ask?: ChatAsk): Promise<RawConnection>
  /** The records of one request, once there are so many: one for each attempt. */
  recordsOf(requestId: string, count?: number): Promise<readonly UsageRow[]>
  /** Waits until nothing is open any more: no request, no place of a provider, no attempt in the journal, nothing to ship. */
  whenIdle(options?: WaitOptions): Promise<void>
}

export interface ChatAsk extends RawRequest {
  readonly model?: string
  readonly stream?: boolean
  readonly behaviour?: Behaviour
  readonly key?: string
  /** The field of that name, by which the vendor's view of the request can be found. */
  readonly user?: string
}

export interface RelayOptions extends Omit<GatewayOptions, 'config'> {
  /** The rest of the configuration, above all further providers; each of them serves `m`, like `fault`. */
  readonly config?: (vendor: FaultVendor) => RelayConfig | Promise<RelayConfig>
}

export interface RelayConfig {
  readonly providers?: Readonly<Record<string, object>>
  readonly [section: string]: unknown
}

/** The configuration of a relay as text is kept by nobody; a test that changes it while it runs builds it anew. */
export function relayConfig(vendor: FaultVendor, { providers = {}, ...rest }: RelayConfig = {}): object {
  const all = { fault: { baseUrl: vendor.url }, ...providers }
  return {
    providers: Object.fromEntries(
      Object.entries(all).map(([name, provider]) => [name, { kind: 'vllm', models: ['m'], ...provider }]),
    ),
    prices: Object.keys(all).map((name) => ({ model: `${name}/m`, rates: RATES })),
    ...rest,
  }
}

export async function startRelay({ config = () => ({}), ...options }: RelayOptions): Promise<Relay & Disposable> {
  const vendor = await startFaultVendor()
  try {
    const gateway = await startGateway({ ...options, config: relayConfig(vendor, await config(vendor)) })
    return relay(gateway, vendor)
  } catch (error) {
    await vendor.close()
    throw error
  }
}

interface Disposable {
  dispose(): Promise<void>
}

/** One relay for the tests of a file (or `describe`), on a database of its own. Use what it gives inside tests. */
export function withRelay(postgres: TestPostgres, options: Omit<RelayOptions, 'databaseUrl'> = {}): Relay {
  const running: { relay?: Relay & Disposable } = {}
  beforeAll(async () => {
    running.relay = await startRelay({ ...options, databaseUrl: await postgres.freshDatabase() })
  }, START_MS_MAX)
  afterAll(() => running.relay?.dispose(), START_MS_MAX)
  const relay = (): Relay => {
    if (running.relay === undefined) throw new Error('the gateway of withRelay() is there inside tests only')
    return running.relay
  }
  return {
    get gateway() {
      return relay().gateway
    },
    get vendor() {
      return relay().vendor
    },
    chat: (ask) => relay().chat(ask),
    beginChat: (ask) => relay().beginChat(ask),
    recordsOf: (requestId, count) => relay().recordsOf(requestId, count),
    whenIdle: (wait) => relay().whenIdle(wait),
  }
}

const START_MS_MAX = 60_000

function relay(gateway: Gateway, vendor: FaultVendor): Relay & Disposable {
  return {
    gateway,
    vendor,
    chat: (ask) => gateway.ask('/v1/chat/completions', chatRequest(ask)),
    beginChat: async (ask) => {
      const connection = await openConnection(gateway.url)
      connection.write(chatBytes(ask, ask?.key ?? (await gateway.anyModelKey())))
      return connection
    },
    recordsOf: (requestId, count = 1) =>
      waitUntil(`${count} records of the request ${requestId}`, async () => {
        const rows = (await gateway.records()).filter((row) => row.requestId === requestId)
        return rows.length >= count && rows
      }),
    whenIdle: async (wait) => {
      await waitUntil('nothing to be open', async () => openParts(await gateway.metrics()).length === 0, wait).catch(
        async (error: unknown) => {
          throw new Error(`still open: ${openParts(await gateway.metrics()).join(', ')}`, { cause: error })
        },
      )
    },
    dispose: async () => {
      await gateway.dispose()
      await vendor.close()
    },
  }
}

function chatRequest({ model = 'fault/m', stream = false, behaviour, user, ...request }: ChatAsk = {}): RawRequest {
  const body = {
    model,
    messages: [{ role: 'user', content: 'Hello' }],
    stream,
    ...(user === undefined ? {} : { user }),
    ...(behaviour === undefined ? {} : { [BEHAVIOUR_FIELD]: behaviour }),
  }
  return { body, ...request }
}

function chatBytes(ask: ChatAsk | undefined, key: string): string {
  const body = JSON.stringify(chatRequest(ask).body)
  const head = ['POST /v1/chat/completions HTTP/1.1', 'host: gateway', `authorization: Bearer ${key}`]
  return [...head, 'content-type: application/json', `content-length: ${Buffer.byteLength(body)}`, '', body].join(
    '\r\n',
  )
}

const OPEN_GAUGES = [
  'sekisho_requests_open',
  'sekisho_provider_in_flight',
  'sekisho_provider_waiting',
  'sekisho_journal_recovering',
  'sekisho_journal_open_attempts',
  'sekisho_journal_undelivered_bytes',
]

const openParts = (metrics: Awaited<ReturnType<Gateway['metrics']>>): readonly string[] =>
  OPEN_GAUGES.filter((name) => metrics.value(name) !== 0).map((name) => `${name} ${metrics.value(name)}`)

/** To be expected after all tests: nothing is open, every request that the vendor saw has exactly one record, and the gateway was not at fault itself. */
export async function expectAllSettled({ gateway, vendor, whenIdle }: Relay): Promise<void> {
  await whenIdle()
  const ids = (await gateway.records()).map((record) => record.requestId)
  expect(ids.length, 'no request has two records').toBe(new Set(ids).size)
  expect(
    vendor.seen.map(({ id }) => id).filter((id) => !ids.includes(id)),
    'no request is without one',
  ).toEqual([])
  expect(gateway.logs()).not.toMatch(/uncaught|unhandled|request failed inside/i)
}

/** A stream as a client sees it that reads to its end. */
export interface ReadStream {
  readonly status: number
  readonly requestId: string
  /** The text of all deltas. */
  readonly content: string
  /** The error that stands in the stream, as OpenAI's wire writes it. */
  readonly error: WireError | undefined
  /** Whether something says that the answer is finished: `[DONE]`, or a reason for the finish. */
  readonly finished: boolean
  readonly ending: Ending
}

export interface WireError {
  readonly message: string
  readonly type: string
  readonly code: string | null
}

export async function readStream(response: RawResponse): Promise<ReadStream> {
  const seen = { content: '', error: undefined as WireError | undefined, finished: false }
  for await (const { data } of response.events()) {
    if (data === undefined) continue
    if (data === '[DONE]') seen.finished = true
    else readChunk(JSON.parse(data), seen)
  }
  return { status: response.status, requestId: requestIdOf(response), ending: response.ending, ...seen }
}

/** What a chunk of a stream may hold, as far as tests look. */
interface Chunk {
  readonly error?: WireError | null
  readonly choices?: readonly { readonly delta: { readonly content?: string }; readonly finish_reason: string | null }[]
}

function readChunk(chunk: Chunk, seen: { content: string; error: WireError | undefined; finished: boolean }): void {
  if (chunk.error !== undefined && chunk.error !== null) {
    expect(seen.error, 'one error is enough').toBeUndefined()
    seen.error = chunk.error
  }
  for (const { delta, finish_reason } of chunk.choices ?? []) {
    seen.content += delta.content ?? ''
    if (finish_reason !== null) seen.finished = true
  }
}

/** The error of an answer that is no stream. */
export async function errorIn(response: RawResponse): Promise<WireError> {
  const { error } = (await response.json()) as { error: WireError }
  expect(response.ending).toBe('complete')
  return error
}

/** As every answer of the data plane says it. */
export function requestIdOf(response: RawResponse): string {
  const id = response.header('x-sekisho-request-id')
  if (id === undefined) throw new Error('the answer names no request')
  return id
}
