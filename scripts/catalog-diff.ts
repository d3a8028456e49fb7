import type { calcPrice, Provider } from '@pydantic/genai-prices'
import * as z from 'zod'
import type { CatalogModel } from '../core/catalog.ts'
import { dollars, type Nano } from '../core/money.ts'
import { cost, priceAt } from '../core/price.ts'
import { NO_USAGE, type Usage } from '../core/usage.ts'

/** What another price list says of one model for one sample; `undefined` when it does not know the model. */
export type Quote = (model: CatalogModel, sample: Sample) => Nano | undefined

/** A usage that shows one rate: the same request is costed by us and by the other list. */
export interface Sample {
  readonly name: string
  readonly usage: Usage
}

const MILLION = 1_000_000
const SHORT = 50_000
const LONG = 500_000

/** Prompts stay short, so that the first rates show alone; the long one shows the steps. */
export const SAMPLES: readonly Sample[] = [
  { name: 'input', usage: { ...NO_USAGE, input: SHORT } },
  { name: 'output', usage: { ...NO_USAGE, output: MILLION } },
  { name: 'cache read', usage: { ...NO_USAGE, cacheRead: SHORT } },
  { name: 'long prompt', usage: { ...NO_USAGE, input: LONG } },
]

/** One line for each sample that the other list costs otherwise than we do at `at` (milliseconds since 1970). */
export function catalogDiff(models: readonly CatalogModel[], quote: Quote, at: number): readonly string[] {
  return models.flatMap((model) => {
    const price = priceAt(model.prices, at)
    return SAMPLES.flatMap((sample) => {
      const theirs = quote(model, sample)
      const ours = price && cost(sample.usage, price)
      if (theirs === undefined || ours === theirs) return []
      return [
        `${model.provider}/${model.id}: ${sample.name}: ${ours === undefined ? 'unknown' : `$${dollars(ours)}`}, theirs $${dollars(theirs)}`,
      ]
    })
  })
}

/** The package as it is imported: any version from 0.1 on, for the installed one is not the newest. */
export interface GenaiPrices {
  readonly calcPrice: typeof calcPrice
  readonly findProvider: (options: { readonly providerId: string }) => Provider | undefined
}

/** Their ids where they are not ours. */
const GENAI_PROVIDERS: { readonly [provider: string]: string } = {
  'azure-openai': 'azure',
  gemini: 'google',
  moonshot: 'moonshotai',
  xai: 'x-ai',
}

const NANO_PER_DOLLAR = 1_000_000_000

/** Prices as the package of genai-prices calculates them at `at`. It counts cached tokens within the input, as vendors do. */
export function genaiQuote({ calcPrice, findProvider }: GenaiPrices, at: number): Quote {
  return (model, { usage }) => {
    const provider = findProvider({ providerId: GENAI_PROVIDERS[model.provider] ?? model.provider })
    if (provider === undefined) return undefined
    const counts = {
      input_tokens: usage.input + usage.cacheRead,
      ...(usage.cacheRead > 0 ? { cache_read_tokens: usage.cacheRead } : {}),
      output_tokens: usage.output,
    }
    const found = calcPrice(counts, model.id, { provider, timestamp: new Date(at) })
    return found === null ? undefined : Math.round(found.total_price * NANO_PER_DOLLAR)
  }
}

/** The price table that litellm carries (`model_prices_and_context_window_backup.json`): dollars per token, for now only. */
export const litellmTableSchema = z.record(
  z.string(),
  z.looseObject({
    litellm_provider: z.string().optional(),
    input_cost_per_token: z.number().optional(),
    output_cost_per_token: z.number().optional(),
    cache_read_input_token_cost: z.number().optional(),
  }),
)

const LITELLM_PROVIDERS: { readonly [provider: string]: string } = {
  alibaba: 'dashscope',
  'azure-openai': 'azure',
  fireworks: 'fireworks_ai',
  together: 'together_ai',
}

/** Prices of a litellm table. Its steps are spread over many keys, so a long prompt is left out. */
export function litellmQuote(table: z.output<typeof litellmTableSchema>): Quote {
  return (model, { usage }) => {
    const provider = LITELLM_PROVIDERS[model.provider] ?? model.provider
    const row = table[`${provider}/${model.id}`] ?? table[model.id]
    if (row?.litellm_provider !== provider || usage.input === LONG) return undefined
    const input = row.input_cost_per_token
    const output = row.output_cost_per_token ?? (model.operations.includes('embeddings') ? 0 : undefined)
    if (input === undefined || output === undefined) return undefined
    const cacheRead = row.cache_read_input_token_cost ?? input
    return Math.round((usage.input * input + usage.output * output + usage.cacheRead * cacheRead) * NANO_PER_DOLLAR)
  }
}
