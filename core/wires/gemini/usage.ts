import { asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { taker, tokensIn } from '../../token-count.ts'
import { inputTokens, NO_USAGE, type Usage } from '../../usage.ts'

/**
 * A reply's `usageMetadata` in our kinds, or `undefined` when it says nothing that can be billed: missing is not zero. The prompt
 * includes what was cached, but not what the vendor's own tools put into it; the candidates do not include the thoughts (wire-formats 1.3).
 */
export function readUsage(value: Json | undefined, searches: number): Usage | undefined {
  const usage = asObject(value)
  const prompt = tokensIn(usage?.['promptTokenCount'])
  if (usage === undefined || prompt === undefined) return undefined
  return { ...NO_USAGE, ...readInputs(usage, prompt), ...readOutputs(usage), searches }
}

/** The tier that was really used; `standard` is none. Vertex has only a kind of traffic for it. */
export function readServiceTier(value: Json | undefined): string | null {
  const usage = asObject(value)
  const tier = asText(usage?.['serviceTier'])?.toLowerCase() ?? TIERS.get(asText(usage?.['trafficType']) ?? '')
  return tier === undefined || tier === 'standard' || tier === '' || tier.endsWith('unspecified') ? null : tier
}

/** Calls of the vendor's own search by one candidate, as its grounding names them. */
export const readSearches = (candidate: JsonObject): number =>
  asList(asObject(candidate['groundingMetadata'])?.['webSearchQueries'])?.length ?? 0

/** The same by all candidates of a response object. */
export function searchesIn(response: JsonObject): number {
  let searches = 0
  for (const candidate of asList(response['candidates']) ?? []) searches += readSearches(asObject(candidate) ?? {})
  return searches
}

/** Our usage in this wire's spelling. */
export function writeUsage(usage: Usage, serviceTier: string | null): JsonObject {
  const prompt = inputTokens(usage)
  const candidates = usage.output + usage.outputAudio + usage.outputImage
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: candidates,
    totalTokenCount: prompt + candidates + usage.reasoning,
    ...counted('cachedContentTokenCount', usage.cacheRead),
    ...counted('thoughtsTokenCount', usage.reasoning),
    ...details('promptTokensDetails', { TEXT: prompt, AUDIO: usage.inputAudio, IMAGE: usage.inputImage }),
    ...details('candidatesTokensDetails', { TEXT: candidates, AUDIO: usage.outputAudio, IMAGE: usage.outputImage }),
    ...(serviceTier === null ? {} : { serviceTier: serviceTier === 'fast' ? 'priority' : serviceTier }),
  }
}

const TIERS = new Map([
  ['ON_DEMAND_FLEX', 'flex'],
  ['ON_DEMAND_PRIORITY', 'priority'],
])

function readInputs(usage: JsonObject, prompt: number): Partial<Usage> {
  const inPrompt = (kind: string) =>
    modality(usage['promptTokensDetails'], kind) - modality(usage['cacheTokensDetails'], kind)
  const ofTools = (kind: string) => modality(usage['toolUsePromptTokensDetails'], kind)
  const take = taker(prompt + (tokensIn(usage['toolUsePromptTokenCount']) ?? 0))
  const taken = {
    cacheRead: take(tokensIn(usage['cachedContentTokenCount']) ?? 0),
    inputAudio: take(inPrompt('AUDIO') + ofTools('AUDIO')),
    // A document is looked at page by page.
    inputImage: take(inPrompt('IMAGE') + inPrompt('DOCUMENT') + ofTools('IMAGE') + ofTools('DOCUMENT')),
  }
  return { ...taken, input: take(Number.POSITIVE_INFINITY) }
}

function readOutputs(usage: JsonObject): Partial<Usage> {
  const take = taker(tokensIn(usage['candidatesTokenCount']) ?? 0)
  const taken = {
    outputAudio: take(modality(usage['candidatesTokensDetails'], 'AUDIO')),
    outputImage: take(modality(usage['candidatesTokensDetails'], 'IMAGE')),
  }
  return { ...taken, output: take(Number.POSITIVE_INFINITY), reasoning: tokensIn(usage['thoughtsTokenCount']) ?? 0 }
}

function modality(details: Json | undefined, kind: string): number {
  let sum = 0
  for (const detail of asList(details) ?? []) {
    const fields = asObject(detail)
    if (fields?.['modality'] === kind) sum += tokensIn(fields['tokenCount']) ?? 0
  }
  return sum
}

const counted = (key: string, count: number): JsonObject => (count === 0 ? {} : { [key]: count })

/** By modality, where there is more than text: text is what the others leave of the total. */
function details(
  key: string,
  { TEXT: total, ...others }: { readonly TEXT: number; readonly [kind: string]: number },
): JsonObject {
  const kinds = Object.entries(others).filter(([, tokenCount]) => tokenCount > 0)
  if (kinds.length === 0) return {}
  const text = kinds.reduce((left, [, tokenCount]) => left - tokenCount, total)
  return { [key]: [['TEXT', text] as const, ...kinds].map(([kind, tokenCount]) => ({ modality: kind, tokenCount })) }
}
