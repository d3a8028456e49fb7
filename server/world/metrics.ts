import { setImmediate as nextTurn } from 'node:timers/promises'
import Registry, { type Metric } from '@prometheus-io/client/lib/registry.js'
import type { AttemptRecord, AttemptStatus } from '../../core/attempt.ts'
import type { FaultCode } from '../../core/fault.ts'
import type { Operation } from '../../core/operation.ts'
import { USAGE_KINDS } from '../../core/usage.ts'
import type { Metrics } from '../world.ts'
import { Counters } from './metrics-counter.ts'
import { type Gauge, gaugeMetric } from './metrics-gauge.ts'
import { Histograms } from './metrics-histogram.ts'
import { processMetrics } from './metrics-process.ts'
import { OTHER } from './metrics-series.ts'
import { resolveOnce } from './resolve-once.ts'

/** The whole text that a scraper gets. */
export interface Exposition {
  readonly contentType: string
  readonly text: string
}

export interface OpenMetrics extends Metrics {
  /** Reads every figure now. Who asks while it is being written gets the same text. */
  expose(): Promise<Exposition>
}

/**
 * The figures of this process for Prometheus. Labels say provider, operation, stream, status, fault code or kind of token and nothing
 * else; nothing that a client sends ever becomes one.
 */
export function openMetrics({ gauges }: { readonly gauges: readonly Gauge[] }): OpenMetrics {
  const registry = new Registry()
  const requests = openRequestMetrics()
  const attempts = openAttemptMetrics()
  const refused = new Counters({
    name: named('refused_total'),
    help: 'Requests that the gateway refused, by fault code.',
  })
  const refusedBy = resolveOnce((code: FaultCode) => refused.of({ code }))
  const own = gauges.map((gauge) => gaugeMetric(named(gauge.name), gauge))
  const metrics: readonly Metric[] = [...requests.metrics, ...attempts.metrics, refused, ...own, ...processMetrics()]
  for (const metric of metrics) registry.registerMetric(metric)
  let writing: Promise<Exposition> | undefined

  return {
    attempt: attempts.count,
    request: requests.count,
    refused: (code) => refusedBy(code).add(1),
    expose: () => {
      writing ??= write(registry, metrics).finally(() => {
        writing = undefined
      })
      return writing
    },
  }
}

/** One metric in each turn of the loop: with thousands of series the whole text would hold up requests for milliseconds. */
async function write(registry: Registry, metrics: readonly Metric[]): Promise<Exposition> {
  const parts: string[] = []
  for (const { name } of metrics) {
    parts.push(await registry.getSingleMetricAsString(name))
    await nextTurn()
  }
  return { contentType: registry.contentType, text: `${parts.join('\n\n')}\n` }
}

const named = (name: string): string => `sekisho_${name}`

/** What a request got, and when. */
function openRequestMetrics() {
  const total = new Counters({
    name: named('requests_total'),
    help: 'Requests that have ended, by the status that the client got.',
  })
  const whole = new Histograms({
    name: named('request_seconds'),
    help: 'From arrival to the end.',
    bounds: ANSWER_BOUNDS,
  })
  const first = new Histograms({
    name: named('first_byte_seconds'),
    help: "From arrival to the provider's first byte.",
    bounds: ANSWER_BOUNDS,
  })
  const gateway = new Histograms({
    name: named('gateway_seconds'),
    help: "The gateway's own work before a request was sent on, waiting for a free place left out.",
    bounds: GATEWAY_BOUNDS,
  })

  const ofProvider = resolveOnce(
    (provider: string) =>
      resolveOnce((operation: Operation) =>
        resolveOnce((streamed: boolean) => {
          const labels = { operation, provider, stream: String(streamed) }
          return {
            status: resolveOnce((status: string) => total.of({ ...labels, status })),
            whole: whole.of(labels),
            first: first.of(labels),
          }
        }),
      ),
    PROVIDERS,
  )
  const gatewayOf = resolveOnce((operation: Operation) => gateway.of({ operation }))

  const count: Metrics['request'] = ({ provider, operation, stream, status, totalUs, gatewayUs, firstByteUs }) => {
    const series = ofProvider(provider ?? NO_PROVIDER)(operation)(stream)
    series.status(statusName(status)).add(1)
    series.whole.observe(totalUs / MICROS)
    if (firstByteUs !== null) series.first.observe(firstByteUs / MICROS)
    if (provider !== null) gatewayOf(operation).observe(gatewayUs / MICROS)
  }
  return { metrics: [total, whole, first, gateway], count }
}

/** What the providers did, and what it costs. */
function openAttemptMetrics() {
  const total = new Counters({ name: named('attempts_total'), help: 'Tries at a provider that have ended, by how.' })
  const tokens = new Counters({ name: named('tokens_total'), help: 'Tokens used, each in one kind only.' })
  const cost = new Counters({
    name: named('cost_dollars_total'),
    help: 'What attempts cost, as far as it is known.',
    perUnit: NANO_PER_DOLLAR,
  })
  const unpriced = new Counters({
    name: named('unpriced_attempts_total'),
    help: 'Attempts whose cost is not known: the model has no price, or the usage is unknown.',
  })

  const ofProvider = resolveOnce(
    (provider: string) => ({
      status: resolveOnce((status: AttemptStatus) => total.of({ provider, status })),
      tokens: resolveOnce((kind: string) => tokens.of({ provider, kind })),
      cost: cost.of({ provider }),
      unpriced: unpriced.of({ provider }),
    }),
    PROVIDERS,
  )

  const count = ({ provider, status, usage, costNano }: AttemptRecord): void => {
    const series = ofProvider(provider)
    series.status(status).add(1)
    if (costNano === null) series.unpriced.add(1)
    else series.cost.add(costNano)
    if (usage === null) return
    for (const kind of TOKEN_KINDS) {
      const used = usage[kind]
      if (used > 0) series.tokens(kind).add(used)
    }
  }
  return { metrics: [total, tokens, cost, unpriced], count }
}

/** Names come from the configuration, so they are few; but a process may outlive many configurations. */
const PROVIDERS = { keysMax: 500, beyond: OTHER }
/** The label of a request that was refused before it had one. */
const NO_PROVIDER = 'none'
const MICROS = 1_000_000
const NANO_PER_DOLLAR = 1_000_000_000
/** Searches are calls and no tokens. */
const TOKEN_KINDS = USAGE_KINDS.filter((kind) => kind !== 'searches')

/** Seconds. A vendor's answer takes from milliseconds (a node nearby, an embedding) to minutes (reasoning). */
const ANSWER_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
/** Seconds, from the 50 µs that our own work should take to what nobody should ever see. */
const GATEWAY_BOUNDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]

/** `4xx` and so on; a client that left is nobody's failure and has a word of its own. */
const statusName = (status: number): string =>
  status === CLIENT_LEFT ? 'canceled' : (STATUS_CLASSES[Math.floor(status / 100)] ?? OTHER)

const CLIENT_LEFT = 499
const STATUS_CLASSES = [OTHER, '1xx', '2xx', '3xx', '4xx', '5xx']
