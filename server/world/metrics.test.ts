import { DEFAULT_OWNER } from '../../core/owner.ts'
import { describe, expect, test } from 'vitest'
import type { AttemptRecord } from '../../core/attempt.ts'
import { NO_USAGE } from '../../core/usage.ts'
import type { EndedRequest } from '../world.ts'
import { openMetrics, type OpenMetrics } from './metrics.ts'

const REQUEST: EndedRequest = {
  operation: 'chat',
  provider: 'openai',
  status: 200,
  stream: true,
  totalUs: 1_200_000,
  gatewayUs: 80,
  firstByteUs: 300_000,
}

const ATTEMPT: AttemptRecord = {
  id: '0190b1c2-7d3e-7abc-8def-0123456789ab',
  requestId: '0190b1c2-7d3e-7abc-8def-0123456789ac',
  attempt: 1,
  at: 0,
  keyId: 'abcdefghijkl',
  owner: DEFAULT_OWNER,
  operation: 'chat',
  stream: true,
  modelAsked: 'model-asked',
  provider: 'openai',
  modelSent: 'model-sent',
  priceVersion: null,
  inputEstimate: 10,
  budgets: [],
  bookings: [],
  status: 'complete',
  reason: null,
  httpStatus: 200,
  modelAnswered: 'model-answered',
  usage: null,
  usageSource: null,
  serviceTier: null,
  wire: null,
  vendorWire: null,
  losses: null,
  replyId: null,
  costNano: 0,
  pricing: 'known',
  queueUs: 0,
  gatewayUs: 80,
  firstByteUs: 300_000,
  totalUs: 1_200_000,
}

describe('what is counted', () => {
  test('a request by operation, provider, stream and class of its status', async () => {
    const metrics = openMetrics({ gauges: [] })
    metrics.request(REQUEST)
    metrics.request(REQUEST)
    metrics.request({ ...REQUEST, status: 429 })
    metrics.request({ ...REQUEST, status: 499 })
    metrics.request({
      ...REQUEST,
      operation: 'embeddings',
      stream: false,
      provider: null,
      status: 401,
      firstByteUs: null,
    })
    expect(await samplesOf(metrics, 'sekisho_requests_total')).toEqual({
      'operation=chat provider=openai status=2xx stream=true': 2,
      'operation=chat provider=openai status=4xx stream=true': 1,
      'operation=chat provider=openai status=canceled stream=true': 1,
      'operation=embeddings provider=none status=4xx stream=false': 1,
    })
  })

  test('an attempt by provider and how it ended, its tokens by kind, and its cost to the nano-dollar', async () => {
    const metrics = openMetrics({ gauges: [] })
    const usage = { ...NO_USAGE, input: 100, cacheRead: 40, output: 7, reasoning: 3, searches: 2 }
    for (let count = 0; count < 3; count++) metrics.attempt({ ...ATTEMPT, usage, costNano: 100_000_001 })
    metrics.attempt({ ...ATTEMPT, status: 'failed', provider: 'node-a' })
    expect(await samplesOf(metrics, 'sekisho_attempts_total')).toEqual({
      'provider=openai status=complete': 3,
      'provider=node-a status=failed': 1,
    })
    expect(await samplesOf(metrics, 'sekisho_tokens_total')).toEqual({
      'kind=input provider=openai': 300,
      'kind=cacheRead provider=openai': 120,
      'kind=output provider=openai': 21,
      'kind=reasoning provider=openai': 9,
    })
    expect(await samplesOf(metrics, 'sekisho_cost_dollars_total')).toEqual({
      'provider=openai': 0.300000003,
      'provider=node-a': 0,
    })
  })

  test('a cost that is not known is counted as unknown, and not as nothing', async () => {
    const metrics = openMetrics({ gauges: [] })
    metrics.attempt({ ...ATTEMPT, costNano: null, pricing: 'unknown' })
    metrics.attempt({ ...ATTEMPT, costNano: null, pricing: 'known' })
    metrics.attempt({ ...ATTEMPT, costNano: 0 })
    expect(await samplesOf(metrics, 'sekisho_unpriced_attempts_total')).toEqual({ 'provider=openai': 2 })
  })

  test('a refusal by its fault code', async () => {
    const metrics = openMetrics({ gauges: [] })
    metrics.refused('unauthorized')
    metrics.refused('unauthorized')
    metrics.refused('overloaded')
    expect(await samplesOf(metrics, 'sekisho_refused_total')).toEqual({ 'code=unauthorized': 2, 'code=overloaded': 1 })
  })
})

describe('durations', () => {
  test('buckets add up: each holds all that was not slower, the last one everything', async () => {
    const metrics = openMetrics({ gauges: [] })
    for (const gatewayUs of [50, 51, 100, 3_000, 9_000_000]) metrics.request({ ...REQUEST, gatewayUs })
    const buckets = await samplesOf(metrics, 'sekisho_gateway_seconds_bucket')
    expect(buckets['le=0.00005 operation=chat']).toBe(1)
    expect(buckets['le=0.0001 operation=chat']).toBe(3)
    expect(buckets['le=0.0025 operation=chat']).toBe(3)
    expect(buckets['le=0.005 operation=chat']).toBe(4)
    expect(buckets['le=1 operation=chat']).toBe(4)
    expect(buckets['le=+Inf operation=chat']).toBe(5)
    expect(await samplesOf(metrics, 'sekisho_gateway_seconds_count')).toEqual({ 'operation=chat': 5 })
    const sum = await samplesOf(metrics, 'sekisho_gateway_seconds_sum')
    expect(sum['operation=chat']).toBeCloseTo(9.003201, 9)
  })

  test('a request that never reached a provider has an end, but no first byte and no own share', async () => {
    const metrics = openMetrics({ gauges: [] })
    metrics.request({ ...REQUEST, provider: null, status: 503, gatewayUs: 0, firstByteUs: null })
    expect(await samplesOf(metrics, 'sekisho_request_seconds_count')).toEqual({
      'operation=chat provider=none stream=true': 1,
    })
    expect(await samplesOf(metrics, 'sekisho_first_byte_seconds_count')).toEqual({})
    expect(await samplesOf(metrics, 'sekisho_gateway_seconds_count')).toEqual({})
  })
})

describe('the exposition', () => {
  test('is the text format: every line parses, no series comes twice, every metric says its type first', async () => {
    const metrics = openMetrics({
      gauges: [{ name: 'streams_open', help: 'Streams that\nare \\ open.', read: () => 3 }],
    })
    metrics.request(REQUEST)
    metrics.attempt({ ...ATTEMPT, usage: { ...NO_USAGE, input: 1 } })
    metrics.refused('draining')
    const { contentType, text } = await metrics.expose()
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8')
    const series = parse(text)
    expect(new Set(series.map(({ name, labels }) => `${name} ${labels}`)).size).toBe(series.length)
    expect(series).toContainEqual({ name: 'sekisho_streams_open', labels: '', value: 3 })
    expect(series.find(({ name }) => name === 'process_resident_memory_bytes')?.value).toBeGreaterThan(10_000_000)
    expect(series.find(({ name }) => name === 'process_cpu_seconds_total')?.value).toBeGreaterThan(0)
  })

  test('says provider, operation, stream, status, code and kind, and nothing that a client sent', async () => {
    const metrics = openMetrics({ gauges: [] })
    metrics.request(REQUEST)
    metrics.attempt({ ...ATTEMPT, usage: { ...NO_USAGE, output: 1 } })
    const { text } = await metrics.expose()
    expect(text).not.toMatch(/model-asked|model-sent|model-answered|abcdefghijkl|0190b1c2/)
    const names = [...text.matchAll(/([a-z]+)="/g)].map(([, name]) => name)
    expect(new Set(names)).toEqual(new Set(['operation', 'provider', 'stream', 'status', 'le', 'kind']))
  })

  test('is written once for all who ask at the same time', async () => {
    let reads = 0
    const metrics = openMetrics({ gauges: [{ name: 'reads', help: 'Reads.', read: () => ++reads }] })
    const all = await Promise.all(Array.from({ length: 50 }, () => metrics.expose()))
    expect(reads).toBe(1)
    expect(new Set(all.map(({ text }) => text)).size).toBe(1)
    await metrics.expose()
    expect(reads).toBe(2)
  })
})

describe('the bound', () => {
  test('10,000 providers make at most 500 series of a metric, and nothing goes uncounted', async () => {
    const metrics = openMetrics({ gauges: [] })
    for (let provider = 0; provider < 10_000; provider++) {
      for (const status of [200, 503]) metrics.request({ ...REQUEST, provider: `p${provider}`, status })
      metrics.attempt({
        ...ATTEMPT,
        provider: `p${provider}`,
        usage: { ...NO_USAGE, input: 1, output: 2 },
        costNano: 10,
      })
    }
    for (const [name, sum] of [
      ['sekisho_requests_total', 20_000],
      ['sekisho_attempts_total', 10_000],
      ['sekisho_tokens_total', 30_000],
      ['sekisho_cost_dollars_total', 0.0001],
      ['sekisho_request_seconds_count', 20_000],
      ['sekisho_first_byte_seconds_count', 20_000],
    ] as const) {
      const samples = await samplesOf(metrics, name)
      expect(Object.keys(samples).length).toBeLessThanOrEqual(500)
      expect(Object.values(samples).reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 9)
      expect(Object.keys(samples).some((labels) => labels.includes('provider=other'))).toBe(true)
    }
  })

  test('a status that no HTTP has is counted, under one name', async () => {
    const metrics = openMetrics({ gauges: [] })
    for (const status of [0, 99, 600, 999, Number.NaN]) metrics.request({ ...REQUEST, status })
    expect(await samplesOf(metrics, 'sekisho_requests_total')).toEqual({
      'operation=chat provider=openai status=other stream=true': 5,
    })
  })
})

describe('gauges', () => {
  test('are read when somebody asks, with labels or without', async () => {
    let open = 1
    const metrics = openMetrics({
      gauges: [
        { name: 'requests_open', help: 'Requests that are open.', read: () => open },
        {
          name: 'provider_in_flight',
          help: 'Requests at a provider.',
          read: () => ['openai', 'groq'].map((provider, at) => ({ labels: { provider }, value: at })),
        },
      ],
    })
    expect(await samplesOf(metrics, 'sekisho_requests_open')).toEqual({ '': 1 })
    open = 2
    expect(await samplesOf(metrics, 'sekisho_requests_open')).toEqual({ '': 2 })
    expect(await samplesOf(metrics, 'sekisho_provider_in_flight')).toEqual({ 'provider=openai': 0, 'provider=groq': 1 })
  })

  test('one that cannot be read has no value, and all others have theirs', async () => {
    const metrics = openMetrics({
      gauges: [
        {
          name: 'broken',
          help: 'Fails.',
          read: () => {
            throw new Error('away')
          },
        },
        { name: 'unknown', help: 'Is not known.', read: () => Number.NaN },
        { name: 'fine', help: 'Works.', read: () => 1 },
      ],
    })
    expect(await samplesOf(metrics, 'sekisho_broken')).toEqual({})
    expect(await samplesOf(metrics, 'sekisho_unknown')).toEqual({})
    expect(await samplesOf(metrics, 'sekisho_fine')).toEqual({ '': 1 })
  })

  test('more than 500 of one are summed up in the last', async () => {
    const read = () => Array.from({ length: 1_000 }, (_, at) => ({ labels: { provider: `p${at}` }, value: 1 }))
    const samples = await samplesOf(openMetrics({ gauges: [{ name: 'many', help: 'Many.', read }] }), 'sekisho_many')
    expect(Object.keys(samples)).toHaveLength(500)
    expect(samples['provider=other']).toBe(501)
  })

  test('two of one name are refused at start', () => {
    const gauge = { name: 'same', help: 'Same.', read: () => 1 }
    expect(() => openMetrics({ gauges: [gauge, gauge] })).toThrow(/same/)
  })
})

/** The samples of one name, by their labels in order. */
async function samplesOf(metrics: OpenMetrics, name: string): Promise<{ readonly [labels: string]: number }> {
  const { text } = await metrics.expose()
  const found = parse(text).filter((sample) => sample.name === name)
  return Object.fromEntries(found.map(({ labels, value }) => [labels, value]))
}

interface Parsed {
  readonly name: string
  readonly labels: string
  readonly value: number
}

/** Reads the text format as its specification has it, and throws at anything that is not in it. */
function parse(text: string): readonly Parsed[] {
  const types = new Map<string, string>()
  const helps = new Set<string>()
  must(text.endsWith('\n'), 'the last line has no end')
  return text.split('\n').flatMap((line): readonly Parsed[] => {
    if (line === '') return []
    const [, helped] = /^# HELP ([a-z_]+) \S.*$/.exec(line) ?? []
    const [, typed, type] = /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/.exec(line) ?? []
    if (helped !== undefined) must(!helps.has(helped) && helps.add(helped), `${helped} comes twice`)
    else if (typed !== undefined && type !== undefined) types.set(typed, type)
    else return [sampleOf(line, types)]
    return []
  })
}

function sampleOf(line: string, types: ReadonlyMap<string, string>): Parsed {
  const [, name = '', , labels = '', figure] = SAMPLE.exec(line) ?? []
  must(figure !== undefined, `no line of the text format: ${line}`)
  const type = types.get(name) ?? types.get(name.replace(/_(?:bucket|sum|count)$/, ''))
  must(type !== undefined, `${name} has no type`)
  must((type === 'counter') === name.endsWith('_total'), `${name} is not named as what it is`)
  const pairs = [...labels.matchAll(/([a-z]+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, value]) => `${label}=${value}`)
  return { name, labels: pairs.sort().join(' '), value: Number(figure) }
}

const SAMPLE = /^([a-z_]+)(\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+)\})? ([0-9.e+-]+|\+Inf)$/

function must(holds: unknown, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}
