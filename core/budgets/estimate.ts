import type { Nano } from '../money.ts'
import { cost, type Price, type Rates, type Tariff } from '../price.ts'
import { NO_USAGE, USAGE_KINDS } from '../usage.ts'

/** What is known of a request's size before it is sent. What is no count (negative, not a number) is taken as not said. */
export interface Size {
  readonly inputTokensEstimate: number
  /** The most that the prompt can have, for instance a token for each byte. */
  readonly inputTokensMax: number
  /** What the client allows for the answer, for all of its choices together; `null` when it does not say. */
  readonly outputTokensMax: number | null
  /** What the model can answer; `null` when no source says. */
  readonly modelOutputTokensMax: number | null
  /** What the longest of such answers have lately had (`TypicalOutput`); `null` when too few were seen. */
  readonly typicalOutputTokens: number | null
  /** How often the vendor may search the web for it; absent: never. */
  readonly searchesMax?: number
}

/** The price in force, and the service tier that the client asked for by name. */
export interface Pricing {
  readonly price: Price
  readonly tier?: string
}

/** What to reserve, and what it can cost at worst. Both are 0 only for a model that costs nothing whatever it does. */
export interface CostEstimate {
  readonly nano: Nano
  readonly worstNano: Nano
}

/**
 * The cost of a request before it is sent. At worst every token is of the dearest kind at the dearest rates that its prompt can reach in any service
 * tier (a vendor may choose one by itself), and the answer is as long as it may be. Reserved is what such requests usually need: the prompt as
 * estimated and an answer as long as the longest of late, but never more than the worst case. Reserving the worst case of every request would shut out
 * everybody while next to nothing is spent (litellm PR 38647); what this may fall short of is the overshoot of `overshootBound`.
 */
export function estimateCost(size: Size, { price, tier }: Pricing): CostEstimate {
  const inputTokens = tokens(size.inputTokensEstimate) ?? 0
  const inputTokensMax = Math.max(inputTokens, tokens(size.inputTokensMax) ?? 0)
  const outputTokensMax = outputMax(size)
  const searches = tokens(size.searchesMax ?? 0) ?? 0
  const dearest = dearestRates(price, inputTokensMax)
  if (dearest.input === 0 && dearest.output === 0 && (searches === 0 || dearest.searches === 0)) return FREE

  const worst = { ...NO_USAGE, input: inputTokensMax, output: outputTokensMax, searches }
  const worstNano = Math.max(LEAST_NANO, cost(worst, { ...price, rates: dearest, steps: [] }))
  const typical = size.typicalOutputTokens === null ? undefined : tokens(size.typicalOutputTokens)
  if (typical === undefined) return { nano: worstNano, worstNano }
  const usual = { ...NO_USAGE, input: inputTokens, output: Math.min(typical, outputTokensMax), searches }
  // Never above the worst case: it is no longer, and no token of it is dearer.
  return { nano: Math.max(LEAST_NANO, cost(usual, price, tier)), worstNano }
}

const FREE: CostEstimate = { nano: 0, worstNano: 0 }
/** What costs something is never reserved as if it were free, however little. */
const LEAST_NANO = 1
/** More than any model takes or gives: a client may write any number. */
const TOKENS_MAX = 1_000_000_000
/** Where neither client nor catalogue sets a limit. Nearly all models stop earlier; for one that does not, the worst case is no bound. */
const OUTPUT_TOKENS_UNLIMITED = 131_072

const tokens = (count: number): number | undefined => (count >= 0 ? Math.min(TOKENS_MAX, Math.ceil(count)) : undefined)

/** What a client allows beyond what the model can do costs nothing. */
function outputMax({ outputTokensMax, modelOutputTokensMax }: Size): number {
  const asked = outputTokensMax === null ? undefined : tokens(outputTokensMax)
  const possible = modelOutputTokensMax === null ? undefined : tokens(modelOutputTokensMax)
  if (asked === undefined) return possible ?? OUTPUT_TOKENS_UNLIMITED
  return possible === undefined ? asked : Math.min(asked, possible)
}

/** What the dearest input token, output token and search of a prompt of that size can cost, in any service tier. */
function dearestRates(price: Price, promptTokensMax: number): Rates {
  const dearest = { input: 0, output: 0, searches: 0 }
  for (const rates of ratesWithin(price, promptTokensMax)) {
    for (const kind of USAGE_KINDS) {
      const as = CHARGED_AS[kind]
      if (rates[kind] > dearest[as]) dearest[as] = rates[kind]
    }
  }
  return { ...NO_USAGE, ...dearest }
}

function ratesWithin(price: Price, promptTokensMax: number): readonly Rates[] {
  const within: Rates[] = []
  const add = ({ rates, steps }: Tariff): void => {
    within.push(rates)
    for (const step of steps) if (promptTokensMax > step.abovePromptTokens) within.push(step.rates)
  }
  add(price)
  for (const tier of Object.values(price.tiers)) add(tier)
  return within
}

/** What a token of each kind can be at worst: the dearest of its side. */
const CHARGED_AS: { readonly [kind in keyof Rates]: 'input' | 'output' | 'searches' } = {
  input: 'input',
  cacheRead: 'input',
  cacheWrite5m: 'input',
  cacheWrite1h: 'input',
  cacheWriteOther: 'input',
  inputAudio: 'input',
  inputImage: 'input',
  output: 'output',
  reasoning: 'output',
  outputAudio: 'output',
  outputImage: 'output',
  searches: 'searches',
}
