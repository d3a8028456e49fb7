import type { Chat, Effort, Reasoning } from '../../chat.ts'
import { filled } from '../../json-object.ts'
import { named } from '../../json-schema.ts'
import type { JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import { filledOrNone, keptFields, WIRE, withKept } from './kept.ts'
import { closedSchema } from './output-schema.ts'
import { OUTPUT_FORMAT, SHOWN_BY_HABIT } from './settings-read.ts'
import { drop, isStrictVersion, lose, type Writing } from './writing.ts'

/** `thinking`: whether and how the model thinks. An effort alone is said in `output_config` only. */
export function writeThinking(reasoning: Reasoning | undefined, writing: Writing): JsonObject | undefined {
  if (reasoning === undefined) return undefined
  return filledOrNone({ ...thinkingOf(reasoning, writing), ...keptFields(reasoning.own) })
}

/** `output_config`: how much the model thinks, and the shape of its answer; and the older field for the shape, where the client used it. */
export function writeOutput(chat: Chat, writing: Writing): { readonly [field: string]: JsonObject | undefined } {
  const format = writeFormat(chat.output, writing)
  const isOlder = chat.output?.kind === 'schema' && isSpelt(chat.output.own, WIRE, OUTPUT_FORMAT)
  const said = { effort: writeEffort(chat.reasoning?.effort, writing), format: isOlder ? undefined : format }
  const config = withKept(chat.own, 'output_config', said)
  const empty = isSpelt(chat.own, WIRE, 'output_config') ? {} : undefined
  return { output_config: config ?? empty, ...(isOlder ? { [OUTPUT_FORMAT]: format } : {}) }
}

/** Sampling, as far as the version of the API knows it. */
export function writeSampling(chat: Chat, writing: Writing): JsonObject {
  const { temperature, topP, topK } = chat
  if (isStrictVersion(writing)) {
    const asked = { temperature, topP, topK }
    for (const feature of ['temperature', 'topP', 'topK'] as const) {
      if (asked[feature] !== undefined) drop(writing, feature, 'this version of the API refuses it')
    }
    return {}
  }
  const isTooHot = temperature !== undefined && temperature > TEMPERATURE_MAX && !writing.home
  if (isTooHot) writing.losses.add({ field: 'temperature', what: 'clamped', why: `to ${TEMPERATURE_MAX}` })
  return filled({ temperature: isTooHot ? TEMPERATURE_MAX : temperature, top_p: topP, top_k: topK })
}

/** A blank stop string is a 400, and no text ends at it. */
export function writeStops({ stops }: Chat, writing: Writing): readonly string[] | undefined {
  if (stops === undefined || writing.home) return stops
  const said = stops.filter((stop) => stop.trim() !== '')
  if (said.length < stops.length) drop(writing, 'stops', 'a blank stop string is refused')
  return said.length === 0 ? undefined : said
}

/** `service_tier` and `speed`. */
export function writeTier({ serviceTier, own }: Chat, writing: Writing): JsonObject {
  if (serviceTier === undefined) return {}
  switch (serviceTier) {
    case 'auto':
      return { service_tier: 'auto' }
    case 'standard':
      return isSpelt(own, WIRE, 'speed') ? { speed: 'standard' } : { service_tier: 'standard_only' }
    case 'fast':
      return { speed: 'fast' }
    case 'flex':
    case 'scale':
    case 'ultrafast':
      drop(writing, 'serviceTier', `the vendor has no service called ${serviceTier}`)
      return {}
  }
}

/** Room for the answer where neither the client nor the catalogue knows a limit, which the vendor demands. */
const OUTPUT_TOKENS_UNKNOWN = 4_096

/** `max_tokens`. */
export function writeLimit({ outputTokensMax, reasoning }: Chat, { target, losses }: Writing): number {
  const known = outputTokensMax ?? target.outputTokensMax
  if (known !== null) return known
  const budget = typeof reasoning?.mode === 'object' ? reasoning.mode.budgetTokens : 0
  const limit = OUTPUT_TOKENS_UNKNOWN + budget
  losses.add({ field: 'outputTokensMax', what: 'emulated', why: `the vendor demands a limit: ${limit} tokens` })
  return limit
}

const TEMPERATURE_MAX = 1

function thinkingOf(reasoning: Reasoning, writing: Writing) {
  const display = writeDisplay(reasoning, writing)
  const { mode, effort } = reasoning
  if (typeof mode === 'object') return { type: 'enabled', budget_tokens: mode.budgetTokens, display }
  if (mode === undefined) return displayAlone(display, effort, writing)
  switch (mode) {
    case 'off':
      return { type: 'disabled', display }
    case 'auto':
      return { type: 'adaptive', display }
    case 'between-tools':
      return { type: 'between_tools', display }
  }
}

/** The display has no place without a way to think. Whoever names an effort wants the model to think. */
function displayAlone(display: string | undefined, effort: Effort | undefined, writing: Writing) {
  if (writing.home) return { display }
  if (display !== 'summarized') return {}
  if (effort !== undefined) return { type: 'adaptive', display }
  drop(writing, 'reasoning.shown', 'it was not said that the model shall think')
  return {}
}

function writeDisplay({ mode, text, own }: Reasoning, writing: Writing): string | undefined {
  const isUnsaid = writing.home && typeof mode === 'object' && isSpelt(own, WIRE, SHOWN_BY_HABIT)
  if (text === undefined || isUnsaid) return undefined
  switch (text) {
    case 'hidden':
      return mode === 'off' && !writing.home ? undefined : 'omitted'
    case 'concise':
    case 'detailed':
      writing.losses.add({ field: 'reasoning.shown', what: 'clamped', why: 'there is one kind of summary' })
      return mode === 'off' ? undefined : 'summarized'
    case 'shown':
      return mode === 'off' && !writing.home ? undefined : 'summarized'
  }
}

function writeEffort(effort: Effort | undefined, writing: Writing): Effort | undefined {
  if (effort !== 'minimal' || writing.home) return effort
  writing.losses.add({ field: 'reasoning.effort', what: 'clamped', why: 'to low' })
  return 'low'
}

function writeFormat(output: Chat['output'], writing: Writing): JsonObject | undefined {
  if (output?.kind === 'json') lose(writing, 'output.json')
  if (output?.kind !== 'schema') return undefined
  const { name, description } = output
  if (writing.home) return { type: 'json_schema', schema: named(output.schema, { name }), ...keptFields(output.own) }
  const { schema, changed } = closedSchema(output.schema)
  if (changed)
    writing.losses.add({
      field: 'output.schema',
      what: 'emulated',
      why: 'closed, and limits are told in the description',
    })
  const title = schema['title']
  if (name !== undefined && title !== undefined && title !== name)
    drop(writing, 'output.name', 'the schema has a title')
  return { type: 'json_schema', schema: named(schema, { name, description }) }
}
