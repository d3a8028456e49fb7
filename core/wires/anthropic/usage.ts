import { filled, objectsOf } from '../../json-object.ts'
import { asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { tokensIn } from '../../token-count.ts'
import { NO_USAGE, outputTokens, type Usage } from '../../usage.ts'

/**
 * A vendor's `usage` in our kinds, or `undefined` when it says nothing that can be billed: missing is not zero. Its input leaves the
 * cache out, its output includes the thoughts. Counts that no model can produce (negative, broken, above a billion) count as missing.
 */
export function readUsage(value: Json | undefined): Usage | undefined {
  const usage = asObject(value)
  if (usage === undefined || (tokensIn(usage['input_tokens']) ?? tokensIn(usage['output_tokens'])) === undefined)
    return undefined
  return [usage, ...compactions(usage)].map(readOne).reduce(sum)
}

/** The service that was really used, where it is not the usual one. */
export function readServiceTier(usage: JsonObject): string | null {
  if (usage['speed'] === 'fast') return 'fast'
  const tier = asText(usage['service_tier'])
  return tier === undefined || tier === 'standard' ? null : tier
}

/** A stream tells its usage in pieces, each of them complete for what it names: what it leaves out or sets to null still holds. */
export function laterUsage(earlier: JsonObject, later: JsonObject): JsonObject {
  const told = Object.entries(later).filter(([, value]) => value !== null)
  return { ...earlier, ...Object.fromEntries(told) }
}

/** Our kinds as a client of this wire expects them. Sounds and pictures have no place of their own in them. */
export function writeUsage(usage: Usage, serviceTier: string | null): JsonObject {
  const { cacheRead, cacheWrite5m, cacheWrite1h, cacheWriteOther, reasoning, searches } = usage
  const isFast = serviceTier === 'fast'
  return filled({
    input_tokens: usage.input + usage.inputAudio + usage.inputImage,
    cache_creation_input_tokens: cacheWrite5m + cacheWrite1h + cacheWriteOther,
    cache_read_input_tokens: cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: cacheWrite5m, ephemeral_1h_input_tokens: cacheWrite1h },
    output_tokens: outputTokens(usage),
    output_tokens_details: reasoning === 0 ? undefined : { thinking_tokens: reasoning },
    server_tool_use: searches === 0 ? undefined : { web_search_requests: searches },
    service_tier: serviceTier !== null && TIERS.includes(serviceTier) ? serviceTier : 'standard',
    speed: isFast ? 'fast' : undefined,
  })
}

/** What the SDK's types know; of another vendor's tiers they know nothing. */
const TIERS = ['priority', 'batch']
/** What the vendor spent on making the conversation shorter is not in its sums, and is billed (its page on compaction). */
const compactions = (usage: JsonObject): readonly JsonObject[] =>
  objectsOf(usage['iterations']).filter((iteration) => iteration['type'] === 'compaction')

function readOne(usage: JsonObject): Usage {
  const output = tokensIn(usage['output_tokens']) ?? 0
  const reasoning = Math.min(tokensIn(asObject(usage['output_tokens_details'])?.['thinking_tokens']) ?? 0, output)
  return {
    ...NO_USAGE,
    input: tokensIn(usage['input_tokens']) ?? 0,
    cacheRead: tokensIn(usage['cache_read_input_tokens']) ?? 0,
    ...readCacheWrites(usage),
    output: output - reasoning,
    reasoning,
    searches: tokensIn(asObject(usage['server_tool_use'])?.['web_search_requests']) ?? 0,
  }
}

/** The sum and its parts by lifetime. What no part claims was written for a time that the vendor does not say. */
function readCacheWrites(usage: JsonObject): Partial<Usage> {
  const byTime = asObject(usage['cache_creation'])
  const cacheWrite5m = tokensIn(byTime?.['ephemeral_5m_input_tokens']) ?? 0
  const cacheWrite1h = tokensIn(byTime?.['ephemeral_1h_input_tokens']) ?? 0
  const total = tokensIn(usage['cache_creation_input_tokens']) ?? 0
  return { cacheWrite5m, cacheWrite1h, cacheWriteOther: Math.max(0, total - cacheWrite5m - cacheWrite1h) }
}

const sum = (one: Usage, other: Usage): Usage => ({
  ...NO_USAGE,
  input: one.input + other.input,
  cacheRead: one.cacheRead + other.cacheRead,
  cacheWrite5m: one.cacheWrite5m + other.cacheWrite5m,
  cacheWrite1h: one.cacheWrite1h + other.cacheWrite1h,
  cacheWriteOther: one.cacheWriteOther + other.cacheWriteOther,
  output: one.output + other.output,
  reasoning: one.reasoning + other.reasoning,
  searches: one.searches + other.searches,
})
