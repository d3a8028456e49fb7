import { type Chat, EFFORTS, type OutputFormat, type Reasoning, type ServiceTier } from '../../chat.ts'
import { badField, type Fields } from '../../fields.ts'
import { given, type Given } from '../../given.ts'
import { isEmpty } from '../../json-object.ts'
import type { Json, JsonObject } from '../../json.ts'
import { ownOf } from '../../own.ts'
import { readCacheOptions } from '../openai-chat/cache-mark.ts'
import { TIERS } from '../openai-chat/service-tier.ts'
import { label, WIRE } from './spelling.ts'

/** What a body asks for besides its conversation and tools. */
export interface ReadSettings {
  readonly chat: Given<Settings>
  /** What is left of fields that were read in part. */
  readonly fields: JsonObject
  readonly spelt: readonly string[]
}
type Settings = Pick<
  Chat,
  | 'output'
  | 'verbosity'
  | 'reasoning'
  | 'logprobs'
  | 'outputTokensMax'
  | 'temperature'
  | 'topP'
  | 'cacheKey'
  | 'cacheAutomatic'
  | 'serviceTier'
  | 'user'
  | 'store'
  | 'metadata'
>

/** Throws `bad_request` with the path of the field that is wrong. */
export function readSettings(body: Fields): ReadSettings {
  const [text, logprobs, user] = [readText(body), readLogprobs(body), readUser(body)]
  const [tier, tierSpelt] = readTier(body)
  const chat = given({
    ...text.chat,
    ...logprobs.chat,
    ...user.chat,
    reasoning: readReasoning(body),
    outputTokensMax: body.count('max_output_tokens'),
    temperature: body.number('temperature'),
    topP: body.number('top_p'),
    cacheKey: body.text('prompt_cache_key'),
    cacheAutomatic: readCacheOptions(body),
    serviceTier: tier,
    store: body.flag('store'),
    metadata: body.object('metadata')?.json,
  })
  const spelt = [...text.spelt, ...logprobs.spelt, ...user.spelt, ...tierSpelt]
  return { chat, fields: { ...text.fields, ...logprobs.fields }, spelt }
}

/** Part of the settings. */
interface Some {
  readonly chat: Given<Settings>
  readonly fields: JsonObject
  readonly spelt: readonly string[]
}

function readText(body: Fields): Some {
  const text = body.object('text')
  if (text === undefined) return { chat: {}, fields: {}, spelt: [] }
  const verbosity = text.text('verbosity')
  const format = text.object('format')
  const output = format === undefined ? undefined : readFormat(format)
  const formatRest = output === undefined ? (format?.json ?? {}) : (format?.rest() ?? {})
  const rest = { ...text.rest(), ...(isEmpty(formatRest) ? {} : { format: formatRest }) }
  return { chat: given({ verbosity, output }), fields: isEmpty(rest) ? {} : { text: rest }, spelt: ['text'] }
}

/** `undefined` for a kind of output that is not known: the vendor may have a new one. */
function readFormat(format: Fields): OutputFormat | undefined {
  const type = format.textNeeded('type')
  if (type === 'text') return { kind: 'text' }
  if (type === 'json_object') return { kind: 'json' }
  if (type !== 'json_schema') return undefined
  const optional = {
    name: format.text('name'),
    description: format.text('description'),
    strict: format.flag('strict'),
  }
  return { kind: 'schema', schema: format.objectNeeded('schema').json, ...given(optional) }
}

function readReasoning(body: Fields): Reasoning | undefined {
  const reasoning = body.object('reasoning')
  if (reasoning === undefined) return undefined
  const word = reasoning.json['effort']
  const effort = EFFORTS.find((known) => known === word)
  const mode = word === 'none' ? ('off' as const) : undefined
  if (effort !== undefined || mode !== undefined) reasoning.any('effort')
  else checkWord(reasoning, 'effort')
  const text = SUMMARIES.get(reasoning.json['summary'])
  if (text !== undefined) reasoning.any('summary')
  else checkWord(reasoning, 'summary')
  return given({ effort, mode, text, own: ownOf(WIRE, reasoning.rest()) })
}

const SUMMARIES: ReadonlyMap<Json | undefined, 'shown' | 'concise' | 'detailed'> = new Map([
  ['auto', 'shown'],
  ['concise', 'concise'],
  ['detailed', 'detailed'],
])

/** A word that is not known stays for the vendor to judge. */
function checkWord(fields: Fields, key: string): void {
  if (fields.has(key) && typeof fields.json[key] !== 'string') throw badField(fields.path(key), 'must be a string')
}

/** `include` also lists what only this vendor can add. Its own sealed reasoning comes without asking elsewhere, so nothing is lost with that word. */
function readLogprobs(body: Fields): Some {
  const include = body.texts('include')
  const top = body.count('top_logprobs')
  const wanted = include?.includes(LOGPROBS) === true || (top ?? 0) > 0
  const more = include?.filter((word) => word !== LOGPROBS && word !== ENCRYPTED) ?? []
  return {
    chat: wanted ? { logprobs: { alternatives: top ?? 0 } } : {},
    fields: more.length === 0 ? {} : { include: more },
    spelt: [
      ...(include === undefined ? [] : [label('include', include)]),
      ...(top === undefined ? [] : [label('top_logprobs', top)]),
    ],
  }
}

/** Words of `include`: for what the vendor adds only where it is asked to. */
export const LOGPROBS = 'message.output_text.logprobs'
export const ENCRYPTED = 'reasoning.encrypted_content'

/** `user` is the older name; where both stand it is not read. */
function readUser(body: Fields): Some {
  const key = body.has('safety_identifier') ? 'safety_identifier' : 'user'
  const user = body.text(key)
  return { chat: given({ user }), fields: {}, spelt: user !== undefined && key === 'user' ? ['user'] : [] }
}

function readTier(body: Fields): readonly [ServiceTier | undefined, readonly string[]] {
  checkWord(body, 'service_tier')
  const word = body.json['service_tier']
  const tier = ALL_TIERS.get(word)
  if (tier !== undefined) body.any('service_tier')
  return [tier, word === 'fast' ? ['fast'] : []]
}

const ALL_TIERS: ReadonlyMap<Json | undefined, ServiceTier> = new Map([...TIERS, ['ultrafast', 'ultrafast']])
