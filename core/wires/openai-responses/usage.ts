import { asCount, asList, asObject, type JsonObject } from '../../json.ts'
import type { UsageFlavour } from '../../provider.ts'
import { inputTokens, outputTokens, type Usage } from '../../usage.ts'
import { readUsage } from '../openai-chat/usage.ts'

/**
 * What a response used, in our kinds; `undefined` when it says nothing that can be billed. The wire counts as OpenAI's chat wire does (cached and
 * cache-written tokens inside the input, reasoning inside the output) under other names.
 */
export function readResponseUsage(response: JsonObject, flavour: UsageFlavour): Usage | undefined {
  const said = asObject(response['usage'])
  if (said === undefined) return undefined
  const { input_tokens, input_tokens_details, output_tokens, output_tokens_details, total_tokens } = said
  const usage = readUsage(
    {
      prompt_tokens: input_tokens ?? null,
      prompt_tokens_details: input_tokens_details ?? null,
      completion_tokens: output_tokens ?? null,
      completion_tokens_details: output_tokens_details ?? null,
      total_tokens: total_tokens ?? null,
    },
    flavour,
  )
  return usage === undefined ? undefined : { ...usage, searches: readSearches(response) }
}

/** Older models do not count their searches; then the items do, but opening a page that was found is no search. */
function readSearches(response: JsonObject): number {
  const counted = asCount(asObject(asObject(response['tool_usage'])?.['web_search'])?.['num_requests'])
  if (counted !== undefined) return counted
  const searches = asList(response['output'])?.filter((item) => {
    const fields = asObject(item)
    const action = asObject(fields?.['action'])?.['type']
    return fields?.['type'] === 'web_search_call' && (action === undefined || action === 'search')
  })
  return searches?.length ?? 0
}

/** In this wire's own spelling. */
export const writeUsage = (usage: Usage): JsonObject => ({
  input_tokens: inputTokens(usage),
  input_tokens_details: {
    cached_tokens: usage.cacheRead,
    cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h + usage.cacheWriteOther,
  },
  output_tokens: outputTokens(usage),
  output_tokens_details: { reasoning_tokens: usage.reasoning },
  total_tokens: inputTokens(usage) + outputTokens(usage),
})
