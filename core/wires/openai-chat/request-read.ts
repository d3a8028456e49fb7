import { type Chat, EFFORTS, type Reasoning, type ServiceTier } from '../../chat.ts'
import { badField, Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import { without } from '../../json-object.ts'
import { asList, type Json, type JsonObject } from '../../json.ts'
import type { AskedOf } from '../../wire.ts'
import { readCacheOptions } from './cache-mark.ts'
import { keep, spellings } from './kept.ts'
import { readMessages } from './messages-read.ts'
import { readOutput } from './output-read.ts'
import { TIERS } from './service-tier.ts'
import { readToolChoice, readTools } from './tools-read.ts'

/** What a client of chat completions asks. Throws `bad_request` with the path of the field that is wrong. */
export function readRequest(json: JsonObject, asked: AskedOf): Chat {
  const body = new Fields(json, '')
  body.text('model')
  body.flag('stream')
  const turns = readMessages(body)
  const tools = readTools(body)
  const { toolChoice, kept: choiceKept } = readToolChoice(body)
  const { output, kept: outputKept } = readOutput(body)
  const settings = readSettings(body)
  const options = readStreamOptions(body)
  const kept = body.restWith({ tool_choice: choiceKept, response_format: outputKept, stream_options: options.kept })
  return {
    model: asked.model,
    stream: asked.stream,
    turns,
    tools,
    ...given({ toolChoice, output }),
    ...settings,
    ...keep(kept, [...topSpellings(body), ...options.spelt]),
  }
}

type Settings = Omit<Chat, 'model' | 'stream' | 'turns' | 'tools' | 'toolChoice' | 'output' | 'own'>

/** How the model draws its words, which is what legacy completions ask in the same fields. */
export function readSampling(body: Fields): Settings {
  return given({
    outputTokensMax: body.count(limitField(body)),
    temperature: body.number('temperature'),
    topP: body.number('top_p'),
    // OpenAI has none; nodes of this wire take it, and other wires know it.
    topK: body.number('top_k'),
    presencePenalty: body.number('presence_penalty'),
    frequencyPenalty: body.number('frequency_penalty'),
    seed: body.number('seed'),
    choices: body.count('n'),
    stops: readStops(body),
    logitBias: body.object('logit_bias')?.json,
    user: body.text(userField(body)),
  })
}

function readSettings(body: Fields): Settings {
  return given({
    ...readSampling(body),
    parallelCalls: body.flag('parallel_tool_calls'),
    logprobs: readLogprobs(body),
    reasoning: readReasoning(body),
    verbosity: body.text('verbosity'),
    cacheKey: body.text('prompt_cache_key'),
    cacheAutomatic: readCacheOptions(body),
    serviceTier: readServiceTier(body),
    store: body.flag('store'),
    metadata: body.object('metadata')?.json,
  })
}

/** The two names of the limit; where both stand, the older one is kept beside. */
const limitField = (body: Fields): string =>
  body.has('max_completion_tokens') ? 'max_completion_tokens' : 'max_tokens'
const userField = (body: Fields): string => (body.has('safety_identifier') ? 'safety_identifier' : 'user')

function readStops(body: Fields): readonly string[] | undefined {
  const stop = body.any('stop')
  return typeof stop === 'string' ? [stop] : body.texts('stop')
}

function readLogprobs(body: Fields): Chat['logprobs'] {
  if (body.flag('logprobs') !== true) return undefined
  return { alternatives: body.count('top_logprobs') ?? 0 }
}

/** `none` switches it off; a word that is not known (nodes have some) is kept. */
function readReasoning(body: Fields): Reasoning | undefined {
  const word = body.json['reasoning_effort']
  const effort = EFFORTS.find((known) => known === word)
  if (word !== 'none' && effort === undefined) {
    if (word !== undefined && word !== null && typeof word !== 'string')
      throw badField('reasoning_effort', 'must be a string')
    return undefined
  }
  body.any('reasoning_effort')
  return effort === undefined ? { mode: 'off' } : { effort }
}

/** A tier that is not known (nodes have some) is kept. */
function readServiceTier(body: Fields): ServiceTier | undefined {
  const word = body.json['service_tier']
  if (word !== undefined && word !== null && typeof word !== 'string')
    throw badField('service_tier', 'must be a string')
  const tier = TIERS.get(word)
  if (tier !== undefined) body.any('service_tier')
  return tier
}

/**
 * Whether usage is wanted at the end of a stream, and whether it is padded: the gateway itself sees to the first and never does the second,
 * so neither is lost where another wire is spoken.
 */
function readStreamOptions(body: Fields): { readonly kept: JsonObject; readonly spelt: readonly string[] } {
  const options = body.object('stream_options')
  if (options === undefined) return { kept: {}, spelt: [] }
  const seen = Object.entries(options.json).filter(([key, value]) => isSeenTo(key, value))
  const kept = without(
    options.json,
    seen.map(([key]) => key),
  )
  return { kept, spelt: ['stream_options', ...seen.map(([key, value]) => `${key} ${value === true}`)] }
}

const isSeenTo = (key: string, value: Json): boolean =>
  (key === 'include_usage' && typeof value === 'boolean') || (key === 'include_obfuscation' && value === false)

/** What a value is not told from that was read of it. */
function topSpellings({ json }: Fields): readonly string[] {
  return spellings({
    unstreamed: json['stream'] === false,
    one_stop: typeof json['stop'] === 'string',
    toolless: asList(json['tools'])?.length === 0,
    any: json['tool_choice'] === 'any',
    max_completion_tokens: typeof json['max_completion_tokens'] === 'number',
    safety_identifier: typeof json['safety_identifier'] === 'string',
    top_k: typeof json['top_k'] === 'number',
    no_logprobs: json['logprobs'] === false,
    top_logprobs: json['top_logprobs'] === 0,
    fast: json['service_tier'] === 'fast',
  })
}
