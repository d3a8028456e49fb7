import { asObject, asText, type Json, type JsonObject } from '../../json.ts'
import type { UsageFlavour } from '../../provider.ts'
import { taker, tokensIn } from '../../token-count.ts'
import { inputTokens, NO_USAGE, outputTokens, type Usage } from '../../usage.ts'

/**
 * A vendor's `usage` object in our kinds, or `undefined` when it says nothing that can be billed: missing is not zero.
 * Counts that no model can produce (negative, broken, above a billion) count as missing.
 */
export function readUsage(value: Json | undefined, flavour: UsageFlavour): Usage | undefined {
  const usage = asObject(value)
  if (usage === undefined) return undefined
  const prompt = tokensIn(usage['prompt_tokens'])
  if (prompt === undefined) return undefined
  const completion = tokensIn(usage['completion_tokens']) ?? 0
  const inputs = readInputs(usage, prompt)
  return {
    ...NO_USAGE,
    ...inputs,
    ...readOutputs(usage, { prompt, completion, flavour }),
    searches: readSearches(usage),
  }
}

/** Our kinds in this wire's spelling: totals that include what their details take apart. */
export function writeUsage(usage: Usage): JsonObject {
  const [prompt, completion] = [inputTokens(usage), outputTokens(usage)]
  const { inputImage, outputImage, searches } = usage
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h + usage.cacheWriteOther,
      audio_tokens: usage.inputAudio,
      ...(inputImage === 0 ? {} : { image_tokens: inputImage }),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: usage.outputAudio,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
      ...(outputImage === 0 ? {} : { image_tokens: outputImage }),
    },
    ...(searches === 0 ? {} : { server_tool_use: { web_search_requests: searches } }),
  }
}

/** The service tier that was really used, as it stands in a reply or chunk. `default` and `auto` are no tier. */
export function readServiceTier(reply: JsonObject): string | null {
  const tier = asText(reply['service_tier'])
  return tier === undefined || tier === 'default' || tier === 'auto' || tier === 'standard' ? null : tier
}

/** The tier that was really used, for a client: a fast answer is called `priority` in replies, whoever gave it (wire-formats 1.1). */
export const writeServiceTier = (tier: string): string => (tier === 'fast' ? 'priority' : tier)

/**
 * Calls of the vendor's own web search: Perplexity's field, and Anthropic's as gateways of this wire keep it (LiteLLM issue
 * 15227). Not xAI's `num_sources_used`, which counts what was found; OpenAI says none on chat.
 */
const readSearches = (usage: JsonObject): number =>
  tokensIn(usage['num_search_queries']) ?? tokensIn(asObject(usage['server_tool_use'])?.['web_search_requests']) ?? 0

/** Cached and audio tokens stand inside `prompt_tokens`: they are taken out of it, and never more than it holds. */
function readInputs(usage: JsonObject, prompt: number): Partial<Usage> {
  const details = asObject(usage['prompt_tokens_details'])
  const cacheRead = tokensIn(details?.['cached_tokens']) ?? tokensIn(usage['prompt_cache_hit_tokens']) ?? 0
  const take = taker(prompt)
  const taken = {
    cacheRead: take(cacheRead),
    cacheWriteOther: take(tokensIn(details?.['cache_write_tokens']) ?? 0),
    inputAudio: take(tokensIn(details?.['audio_tokens']) ?? 0),
    inputImage: take(tokensIn(details?.['image_tokens']) ?? 0),
  }
  return { ...taken, input: take(Number.POSITIVE_INFINITY) }
}

/**
 * Reasoning stands inside `completion_tokens`, except where the flavour may leave it out (xAI on chat): there the total
 * decides, because the same vendor counts it inside on another endpoint (wire-formats 1.4).
 */
function readOutputs(
  usage: JsonObject,
  { prompt, completion, flavour }: { prompt: number; completion: number; flavour: UsageFlavour },
): Partial<Usage> {
  const details = asObject(usage['completion_tokens_details'])
  const reasoning = tokensIn(details?.['reasoning_tokens']) ?? 0
  const audio = Math.min(tokensIn(details?.['audio_tokens']) ?? 0, completion)
  const image = Math.min(tokensIn(details?.['image_tokens']) ?? 0, completion - audio)
  const rest = completion - audio - image
  const total = tokensIn(usage['total_tokens'])
  const apart = flavour === 'openai-reasoning-apart' && total === prompt + completion + reasoning
  const inside = apart ? reasoning : Math.min(reasoning, rest)
  return { output: apart ? rest : rest - inside, reasoning: inside, outputAudio: audio, outputImage: image }
}
