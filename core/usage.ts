/**
 * What one attempt used, in kinds that never overlap: every token stands in exactly one field, so a cost is a plain sum.
 * Each wire flavour converts to this on entry (an OpenAI `prompt_tokens` includes its cached tokens, ours does not).
 */
export interface Usage {
  /** Prompt tokens that were neither read from nor written to a cache, text and anything without a kind of its own. */
  readonly input: number
  readonly cacheRead: number
  /** Written to a cache that lives five minutes, an hour, or for a time that the vendor does not say. */
  readonly cacheWrite5m: number
  readonly cacheWrite1h: number
  readonly cacheWriteOther: number
  readonly inputAudio: number
  readonly inputImage: number
  /** Answer tokens without reasoning and audio. */
  readonly output: number
  readonly reasoning: number
  readonly outputAudio: number
  readonly outputImage: number
  /** Calls of the vendor's own web search, priced per call. */
  readonly searches: number
}

/** Where a figure comes from: the vendor's final one, the vendor's last running one, or counted by us. */
export type UsageSource = 'vendor' | 'running' | 'counted'

export const NO_USAGE: Usage = {
  input: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  cacheWriteOther: 0,
  inputAudio: 0,
  inputImage: 0,
  output: 0,
  reasoning: 0,
  outputAudio: 0,
  outputImage: 0,
  searches: 0,
}

/** Every kind once. The object above has exactly the fields of its type, which `Object.keys` cannot say. */
export const USAGE_KINDS = Object.keys(NO_USAGE) as readonly (keyof Usage)[]

export const inputTokens = (usage: Usage): number =>
  usage.input +
  usage.cacheRead +
  usage.cacheWrite5m +
  usage.cacheWrite1h +
  usage.cacheWriteOther +
  usage.inputAudio +
  usage.inputImage

export const outputTokens = (usage: Usage): number =>
  usage.output + usage.reasoning + usage.outputAudio + usage.outputImage
