import type { Chat, OutputFormat, Reasoning } from '../../chat.ts'
import { given } from '../../given.ts'
import { asList, asObject, type Json, type JsonObject } from '../../json.ts'
import { isSpelt, ownFields } from '../../own.ts'
import { effortForBudget } from '../../reasoning-amount.ts'
import { TIER_WORDS } from '../openai-chat/service-tier.ts'
import { loseFeature } from './features.ts'
import { ENCRYPTED, LOGPROBS } from './settings-read.ts'
import { writeCacheOptions } from './cache-mark.ts'
import { labelled, WIRE } from './spelling.ts'
import type { Writing } from './writing.ts'

/** Everything that a body asks for besides its conversation and tools. */
export function writeSettings(chat: Chat, writing: Writing): JsonObject {
  return given({
    text: writeText(chat),
    reasoning: chat.reasoning === undefined ? undefined : writeReasoning(chat.reasoning, writing),
    max_output_tokens: writeLimit(chat, writing),
    temperature: chat.temperature,
    top_p: chat.topP,
    include: writeInclude(chat, writing),
    top_logprobs: writeTopLogprobs(chat),
    prompt_cache_key: chat.cacheKey,
    prompt_cache_options: writeCacheOptions(chat, writing),
    service_tier: writeTier(chat),
    ...writeUser(chat, writing),
    store: writing.home ? chat.store : (chat.store ?? false),
    metadata: chat.metadata,
  })
}

/** A smaller limit than the API has is an error to it. */
function writeLimit({ outputTokensMax }: Chat, { home, losses }: Writing): number | undefined {
  if (home || outputTokensMax === undefined || outputTokensMax >= OUTPUT_TOKENS_MIN) return outputTokensMax
  losses.add({ field: 'outputTokensMax', what: 'clamped', why: `it takes no limit under ${OUTPUT_TOKENS_MIN} tokens` })
  return OUTPUT_TOKENS_MIN
}

const OUTPUT_TOKENS_MIN = 16

function writeText(chat: Chat): JsonObject | undefined {
  const own = asObject(ownFields(chat.own, WIRE)['text'])
  if (chat.output === undefined && chat.verbosity === undefined && !isSpelt(chat.own, WIRE, 'text')) return undefined
  const format = chat.output === undefined ? own?.['format'] : writeFormat(chat.output, asObject(own?.['format']))
  return { ...own, ...given({ format, verbosity: chat.verbosity }) }
}

function writeFormat(output: OutputFormat, own: JsonObject | undefined): JsonObject {
  switch (output.kind) {
    case 'text':
      return { ...own, type: 'text' }
    case 'json':
      return { ...own, type: 'json_object' }
    case 'schema': {
      const { name = SCHEMA_NAME, schema, description, strict } = output
      return { ...own, type: 'json_schema', name, schema, ...given({ description, strict }) }
    }
  }
}

/** The wire wants a name for every schema. */
const SCHEMA_NAME = 'response'

function writeReasoning(reasoning: Reasoning, writing: Writing): JsonObject | undefined {
  const effort = writeEffort(reasoning, writing)
  const summary = reasoning.text === undefined ? undefined : SUMMARIES[reasoning.text]
  const said = { ...ownFields(reasoning.own, WIRE), ...given({ effort, summary: summary ?? undefined }) }
  // A model that does not reason refuses the word itself.
  return writing.home || Object.keys(said).length > 0 ? said : undefined
}

const SUMMARIES = { hidden: undefined, shown: 'auto', concise: 'concise', detailed: 'detailed' } as const

/** There are levels only. A client that asked for thinking as the model likes still gets some: newer models do not think unasked. */
function writeEffort({ mode, effort }: Reasoning, { losses }: Writing): string | undefined {
  if (mode === 'off') {
    const why = 'none is the only level without reasoning'
    if (effort !== undefined) losses.add({ field: 'reasoning.effort', what: 'dropped', why })
    return 'none'
  }
  if (mode === 'between-tools') loseFeature('reasoning.betweenTools', losses)
  if (typeof mode === 'object') {
    loseFeature('reasoning.budget', losses)
    return effort ?? effortForBudget(mode.budgetTokens)
  }
  if (mode !== 'auto' || effort !== undefined) return effort
  loseFeature('reasoning.auto', losses)
  return 'medium'
}

/**
 * For a client of another wire the sealed reasoning is asked for, because nothing is kept with the vendor (wire-formats 6.8) and the next
 * turn needs it.
 */
function writeInclude(chat: Chat, { home, dialect }: Writing): readonly Json[] | undefined {
  const sealed = home || dialect.sealedReasoning === false ? [] : [ENCRYPTED]
  const words = asList(labelled(chat.own, 'include')) ?? sealed
  const kept = chat.logprobs === undefined ? words.filter((word) => word !== LOGPROBS) : words
  const isAdded = !home && chat.logprobs !== undefined && !kept.includes(LOGPROBS)
  const include = isAdded ? [...kept, LOGPROBS] : kept
  return include.length === 0 && labelled(chat.own, 'include') === undefined ? undefined : include
}

function writeTopLogprobs(chat: Chat): Json | undefined {
  const said = labelled(chat.own, 'top_logprobs')
  if (chat.logprobs === undefined) return said === 0 ? said : undefined
  const { alternatives } = chat.logprobs
  return alternatives === 0 ? said : alternatives
}

function writeTier({ serviceTier, own }: Chat): string | undefined {
  if (serviceTier === undefined) return undefined
  return serviceTier === 'fast' && isSpelt(own, WIRE, 'fast') ? 'fast' : TIER_WORDS[serviceTier]
}

function writeUser({ user, own }: Chat, { home, losses }: Writing): JsonObject {
  if (user === undefined) return {}
  if (home) return { [isSpelt(own, WIRE, 'user') ? 'user' : 'safety_identifier']: user }
  if (user.length > USER_LENGTH_MAX) losses.add({ field: 'user', what: 'clamped', why: 'the name is too long' })
  return { safety_identifier: user.slice(0, USER_LENGTH_MAX) }
}

/** Letters of `safety_identifier`, as the API's own types have it. */
const USER_LENGTH_MAX = 128
