import type { Chat, OutputFormat } from '../../chat.ts'
import { toldOfJson } from '../../fit/instruction.ts'
import { filled, without } from '../../json-object.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import { Losses } from '../../loss.ts'
import { isSpelt, loseOwn, ownFields } from '../../own.ts'
import { effortForBudget } from '../../reasoning-amount.ts'
import { plainNames, toolNames } from '../../tool-names.ts'
import type { RequestTarget, WrittenRequest } from '../../wire.ts'
import { WIRE, overlay, speltValue } from './kept.ts'
import { writeMessages } from './messages-write.ts'
import { TIER_WORDS } from './service-tier.ts'
import { writeToolChoice, writeTools } from './tools-write.ts'
import { lose, loseHere, type Writing } from './writing.ts'

/** The body for a vendor of chat completions. What it cannot say is reported. */
export function writeRequest(chat: Chat, target: RequestTarget): WrittenRequest {
  const losses = new Losses()
  loseOwn(chat, WIRE, losses)
  const names = toolNames(chat, TOOL_NAMES)
  const writing: Writing = { target, names, losses }
  const tools = writeTools(chat, writing)
  const said = filled({
    model: target.model,
    messages: writeMessages(
      target.foreign === true ? toldOfJson(chat, { role: 'system', losses }).turns : chat.turns,
      writing,
    ),
    tools,
    tool_choice: writeToolChoice(chat, tools !== undefined, writing),
    response_format: writeOutput(chat.output, target),
    ...settings(chat, writing),
  })
  const body = overlay(keptOf(chat, writing), said)
  return { body, losses: losses.list(), undo: { toolNames: names.originals, customTools: NONE } }
}

/** What of a request is spelt as the client did that does not speak chat completions, but only something older. */
export const LEGACY = 'completions'

/** OpenAI's API reference. */
const TOOL_NAMES = plainNames(64)
const NONE: ReadonlySet<string> = new Set()

/** The fields of a legacy completion that a chat does not have are lost, although it is the same vendor's wire. */
function keptOf({ own, toolChoice, output }: Chat, writing: Writing): JsonObject {
  const fields = ownFields(own, WIRE)
  if (!isSpelt(own, WIRE, LEGACY)) {
    // What was kept of a node says nothing alone, where the node itself had to be left out.
    const gone = [
      ...(toolChoice === undefined ? ['tool_choice'] : []),
      ...(output === undefined ? ['response_format'] : []),
    ]
    return without(
      fields,
      gone.filter((key) => asObject(fields[key]) !== undefined && asObject(fields[key])?.['type'] === undefined),
    )
  }
  for (const [field, value] of Object.entries(fields)) {
    if (value !== null) loseHere(writing, field, { what: 'dropped', why: 'a model that only chats has no such field' })
  }
  return {}
}

function settings(chat: Chat, writing: Writing): { readonly [field: string]: Json | undefined } {
  const { own } = chat
  return {
    stream: chat.stream ? true : isSpelt(own, WIRE, 'unstreamed') ? false : undefined,
    stream_options: streamOptions(chat),
    [limitField(chat, writing.target)]: chat.outputTokensMax,
    temperature: chat.temperature,
    top_p: chat.topP,
    top_k: topK(chat, writing),
    presence_penalty: chat.presencePenalty,
    frequency_penalty: chat.frequencyPenalty,
    stop: stops(chat, writing),
    seed: chat.seed,
    n: chat.choices,
    logit_bias: chat.logitBias,
    ...logprobs(chat),
    parallel_tool_calls: chat.parallelCalls,
    reasoning_effort: effort(chat, writing),
    verbosity: chat.verbosity,
    prompt_cache_key: chat.cacheKey,
    prompt_cache_options: cacheOptions(chat, writing),
    service_tier: tier(chat, writing),
    [isSpelt(own, WIRE, 'safety_identifier') ? 'safety_identifier' : 'user']: chat.user,
    store: chat.store,
    metadata: chat.metadata,
  }
}

/** The newer name where the vendor refuses the older one, else as the client has it, else the one that all nodes know. */
function limitField({ own }: Chat, { dialect }: RequestTarget): string {
  return (
    dialect.outputLimitField ?? (isSpelt(own, WIRE, 'max_completion_tokens') ? 'max_completion_tokens' : 'max_tokens')
  )
}

function streamOptions({ own }: Chat): JsonObject | undefined {
  if (!isSpelt(own, WIRE, 'stream_options')) return undefined
  const usage = speltValue(own, 'include_usage')
  const padding = speltValue(own, 'include_obfuscation')
  return filled({
    include_usage: usage === undefined ? undefined : usage === 'true',
    include_obfuscation: padding === undefined ? undefined : false,
  })
}

function topK({ topK, own }: Chat, writing: Writing): number | undefined {
  if (topK === undefined || isSpelt(own, WIRE, 'top_k')) return topK
  lose(writing, 'topK')
  return undefined
}

/** OpenAI takes four, and none that is empty. */
function stops({ stops: asked, own }: Chat, writing: Writing): Json | undefined {
  if (asked === undefined || writing.target.foreign !== true) return isSpelt(own, WIRE, 'one_stop') ? asked?.[0] : asked
  const taken = asked.filter((stop) => stop !== '').slice(0, STOPS_MAX)
  if (taken.length < asked.length)
    loseHere(writing, 'stops', { what: 'clamped', why: `to ${STOPS_MAX}, none of them empty` })
  return taken.length === 0 ? undefined : taken
}
const STOPS_MAX = 4

function logprobs({ logprobs: asked, own }: Chat): { readonly [field: string]: Json | undefined } {
  if (asked === undefined) return { logprobs: isSpelt(own, WIRE, 'no_logprobs') ? false : undefined }
  const isSaid = asked.alternatives > 0 || isSpelt(own, WIRE, 'top_logprobs')
  return { logprobs: true, top_logprobs: isSaid ? asked.alternatives : undefined }
}

/** How much to reason: a level is all that there is to say it with (wire-formats 1.5.1). */
function effort({ reasoning }: Chat, writing: Writing): string | undefined {
  if (reasoning === undefined) return undefined
  const { mode, effort: level, text } = reasoning
  if (text !== undefined && text !== 'hidden') lose(writing, 'reasoning.shown')
  if (mode === 'off') {
    const why = 'none is the only level without reasoning'
    if (level !== undefined) writing.losses.add({ field: 'reasoning.effort', what: 'dropped', why })
    return 'none'
  }
  if (mode === 'between-tools') lose(writing, 'reasoning.betweenTools')
  if (mode === 'auto' && level === undefined) lose(writing, 'reasoning.auto')
  if (typeof mode !== 'object') return level
  lose(writing, 'reasoning.budget')
  return level ?? effortForBudget(mode.budgetTokens)
}

/** Vendors of this wire place marks unasked: only a client of it is given back what it said of them. */
function cacheOptions({ cacheAutomatic }: Chat, writing: Writing): JsonObject | undefined {
  if (cacheAutomatic === undefined) return undefined
  const { ttl } = cacheAutomatic
  if (writing.target.foreign !== true) return filled({ mode: 'implicit', ttl })
  if (ttl !== undefined) {
    loseHere(writing, 'cacheAutomatic', { what: 'clamped', why: 'the cache lives as long as the provider likes' })
  }
  return undefined
}

function tier({ serviceTier, own }: Chat, writing: Writing): string | undefined {
  if (serviceTier === undefined) return undefined
  if (serviceTier === 'ultrafast')
    loseHere(writing, 'serviceTier', { what: 'clamped', why: 'to the fastest that this API has' })
  return serviceTier === 'fast' && isSpelt(own, WIRE, 'fast') ? 'fast' : WORDS[serviceTier]
}

/** Without the fastest one. */
const WORDS = { ...TIER_WORDS, ultrafast: TIER_WORDS.fast }

function writeOutput(output: OutputFormat | undefined, target: RequestTarget): JsonObject | undefined {
  switch (output?.kind) {
    case undefined:
      return undefined
    case 'text':
      return { type: 'text' }
    case 'json':
      return { type: 'json_object' }
    case 'schema':
      return schemaFormat(output, target)
  }
}

/** OpenAI demands a name; other wires have none. */
function schemaFormat(output: Extract<OutputFormat, { kind: 'schema' }>, { foreign }: RequestTarget): JsonObject {
  const { name, description, schema, strict, own } = output
  const inner = filled({
    name: name ?? (foreign === true ? 'answer' : undefined),
    description,
    schema: isSpelt(own, WIRE, 'schemaless') ? undefined : schema,
    strict,
  })
  return overlay(ownFields(own, WIRE), { type: 'json_schema', json_schema: inner })
}
