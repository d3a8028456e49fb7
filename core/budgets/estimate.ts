import type { Nano } from '../money.ts'
import { cost, type Price, type Rates, type Tariff, type UnitRates } from '../price.ts'
import { ONE_REQUEST, UNIT_KINDS, type Units } from '../units.ts'
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
  /** The most that it may use of what is billed by the piece; absent: one request and nothing else. */
  readonly unitsMax?: Units
}

/** What to reserve, and what it can cost at worst. Both are 0 only for a model that costs nothing whatever it does. */
export interface CostEstimate {
  readonly nano: Nano
  readonly worstNano: Nano
}

/** `tier` is the service tier that the client asks for by name. */
export type CostEstimator = (size: Size, tier?: string) => CostEstimate

/**
 * Tells the cost of a request before it is sent. At worst every token is of the dearest kind at the dearest rates that its prompt can reach in any
 * service tier (a vendor may choose one by itself), and the answer is as long as it may be. Reserved is what such requests usually need: the prompt
 * as estimated and an answer as long as the longest of late, but never more than the worst case. Reserving the worst case of every request would shut
 * out everybody while next to nothing is spent (litellm PR 38647); what this may fall short of is the overshoot of `overshootBound`.
 * What is dearest is worked out here, once: keep the answer beside the price.
 */
export function costEstimator(price: Price): CostEstimator {
  const levels = dearestLevels(price)
  if (levels.every(({ tariff }) => isFree(tariff))) return () => FREE
  return (size, tier) => {
    const inputTokens = tokens(size.inputTokensEstimate) ?? 0
    const inputTokensMax = Math.max(inputTokens, tokens(size.inputTokensMax) ?? 0)
    const outputTokensMax = outputMax(size)
    const searches = tokens(size.searchesMax ?? 0) ?? 0
    const units = size.unitsMax ?? ONE_REQUEST

    const dearest = levels.findLast((level) => inputTokensMax > level.abovePromptTokens)?.tariff ?? price
    const worst = { ...NO_USAGE, input: inputTokensMax, output: outputTokensMax, searches }
    const worstNano = Math.max(LEAST_NANO, cost(worst, { ...price, ...dearest }, undefined, units))
    const typical = size.typicalOutputTokens === null ? undefined : tokens(size.typicalOutputTokens)
    if (typical === undefined) return { nano: worstNano, worstNano }
    const usual = { ...NO_USAGE, input: inputTokens, output: Math.min(typical, outputTokensMax), searches }
    // Never above the worst case: it is no longer, and no token of it is dearer.
    return { nano: Math.max(LEAST_NANO, cost(usual, price, tier, units)), worstNano }
  }
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

interface Level {
  readonly abovePromptTokens: number
  readonly tariff: Required<Tariff>
}

/** The dearest tariff for each size of prompt from which on another may hold, ascending. */
function dearestLevels(price: Price): readonly Level[] {
  const tariffs = [price, ...Object.values(price.tiers)]
  const sizes = tariffs.flatMap(({ steps }) => steps.map((step) => step.abovePromptTokens))
  return [ANY_PROMPT, ...new Set(sizes)]
    .toSorted((a, b) => a - b)
    .map((abovePromptTokens) => ({ abovePromptTokens, tariff: dearestTariff(tariffs, abovePromptTokens) }))
}

const ANY_PROMPT = -1

/** What the dearest input token, output token, search and piece of a prompt above that size can cost. */
function dearestTariff(tariffs: readonly Tariff[], abovePromptTokens: number): Required<Tariff> {
  const rates = { input: 0, output: 0, searches: 0 }
  const units = { ...NO_UNITS }
  for (const tariff of tariffs) {
    for (const reached of ratesWithin(tariff, abovePromptTokens)) {
      for (const kind of USAGE_KINDS) rates[CHARGED_AS[kind]] = Math.max(rates[CHARGED_AS[kind]], reached[kind])
    }
    for (const unit of UNIT_KINDS) units[unit] = Math.max(units[unit], tariff.units?.[unit] ?? 0)
  }
  return { rates: { ...NO_USAGE, ...rates }, steps: [], units }
}

/** Also the lower ones: the prompt may turn out shorter. */
const ratesWithin = ({ rates, steps }: Tariff, abovePromptTokens: number): readonly Rates[] => [
  rates,
  ...steps.filter((step) => step.abovePromptTokens <= abovePromptTokens).map((step) => step.rates),
]

const isFree = ({ rates, units }: Required<Tariff>): boolean =>
  USAGE_KINDS.every((kind) => rates[kind] === 0) && UNIT_KINDS.every((unit) => units[unit] === 0)

const NO_UNITS: UnitRates = { requests: 0, images: 0, audioSeconds: 0, videoSeconds: 0, pages: 0 }

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
