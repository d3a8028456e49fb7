import { hash } from 'node:crypto'
import type { Pico } from '../../core/money.ts'
import { fullRates, type Price, type PublishedRates } from '../../core/price.ts'
import { USAGE_KINDS } from '../../core/usage.ts'
import type { Config } from '../config-schema.ts'

/** The operator's prices by `provider/model`, ascending by the day from which they hold. */
export function operatorPrices(config: Config): ReadonlyMap<string, readonly Price[]> {
  const prices = new Map<string, readonly Price[]>()
  for (const configured of config.prices) {
    const all = [...(prices.get(configured.model) ?? []), priceOf(configured)]
    prices.set(
      configured.model,
      all.toSorted((one, other) => one.from - other.from),
    )
  }
  return prices
}

/** One list from both: what the operator says wins over the catalogue from the first day that it names, also over later news. */
export function mergedPrices(catalog: readonly Price[], operator: readonly Price[]): readonly Price[] {
  const [first] = operator
  return first === undefined ? catalog : [...catalog.filter((price) => price.from < first.from), ...operator]
}

type ConfiguredPrice = Config['prices'][number]

function priceOf({ model, from, rates }: ConfiguredPrice): Price {
  const identity = hash(
    'sha256',
    JSON.stringify([model, from, USAGE_KINDS.map((kind) => rates[kind] ?? null)]),
    'hex',
  ).slice(0, 12)
  return {
    version: `operator:${from}:${identity}`,
    from: Date.parse(from),
    rates: fullRates(picoRates(rates)),
    steps: [],
    tiers: {},
  }
}

function picoRates({ input, output, searches, ...others }: ConfiguredPrice['rates']): PublishedRates {
  const entries = Object.entries(others).flatMap(([kind, dollars]) =>
    dollars === undefined ? [] : [[kind, picoPerToken(dollars)] as const],
  )
  return {
    ...Object.fromEntries(entries),
    ...(searches === undefined ? {} : { searches: Math.round(searches * PICO_PER_CALL) }),
    input: picoPerToken(input),
    output: picoPerToken(output),
  }
}

/** The check refused more digits than an integer can hold; rounding only takes away what the binary fraction added. */
const picoPerToken = (dollarsPerMillion: number): Pico => Math.round(dollarsPerMillion * PICO_PER_TOKEN)
/** $1 per million tokens, and $1 per call, in pico-dollars for one of them. */
const PICO_PER_TOKEN = 1_000_000
const PICO_PER_CALL = 1_000_000_000_000
