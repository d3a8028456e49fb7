import type { Block, Chat, OutputFormat, ServiceTier } from '../../chat.ts'
import { isClosed, named } from '../../json-schema.ts'
import type { Json, JsonObject } from '../../json.ts'
import { NO_ALTERNATIVES, TIER } from './config-read.ts'
import { speltAs, wordAs } from './kept.ts'
import { isUploaded, resolutionOf } from './parts-read.ts'
import { writeReasoning } from './reasoning-write.ts'
import { rewriteSchema } from './schema.ts'
import { asWritten } from './schema-spelling.ts'
import { lose, type Writing } from './writing.ts'

/** `generationConfig`, or `undefined` when there is nothing to say in it. */
export function writeConfig(writing: Writing): JsonObject | undefined {
  const { chat } = writing
  const thinkingConfig = writeReasoning(chat.reasoning ?? {}, writing)
  const config: JsonObject = {
    ...field('maxOutputTokens', chat.outputTokensMax),
    ...field('temperature', chat.temperature),
    ...field('topP', chat.topP),
    ...field('topK', chat.topK),
    ...field('presencePenalty', chat.presencePenalty),
    ...field('frequencyPenalty', chat.frequencyPenalty),
    ...field('seed', writeSeed(writing)),
    ...field('candidateCount', writing.isHome || chat.choices !== 1 ? chat.choices : undefined),
    ...field('stopSequences', writeStops(writing)),
    ...writeLogprobs(chat),
    ...writeOutput(chat.output, writing),
    ...field('mediaResolution', writeDetail(writing)),
    ...(Object.keys(thinkingConfig).length === 0 ? {} : { thinkingConfig }),
  }
  return Object.keys(config).length === 0 ? undefined : config
}

/** The tier by the vendor's name; `auto` is what it does when nothing is said. */
export function writeTier({ chat, losses }: Writing): string | undefined {
  const { serviceTier } = chat
  if (serviceTier === undefined || serviceTier === 'auto') return undefined
  const word = TIERS[serviceTier]
  if (word !== undefined) return wordAs(chat.own, TIER, word)
  losses.add({ field: 'serviceTier', what: 'dropped', why: 'the vendor has no such tier' })
  return undefined
}

const TIERS: { readonly [tier in ServiceTier]: string | undefined } = {
  auto: undefined,
  standard: 'standard',
  fast: 'priority',
  flex: 'flex',
  scale: undefined,
  ultrafast: undefined,
}

const field = (key: string, value: Json | undefined): JsonObject => (value === undefined ? {} : { [key]: value })

/** Whole numbers of 32 bits; others keep their last bits, so that one seed still means one answer. */
function writeSeed({ chat: { seed }, losses, isHome }: Writing): number | undefined {
  if (seed === undefined || isHome || seed === (seed | 0)) return seed
  losses.add({ field: 'seed', what: 'clamped', why: 'a seed has 32 bits' })
  return Math.trunc(seed) % SEED_MAX
}

const SEED_MAX = 2_147_483_647
const STOPS_MAX = 5

function writeStops({ chat: { stops }, losses, isHome }: Writing): readonly string[] | undefined {
  if (stops === undefined || isHome) return stops
  const some = stops.filter((stop) => stop !== '')
  const sent = some.slice(0, STOPS_MAX)
  if (some.length > STOPS_MAX)
    losses.add({ field: 'stops', what: 'clamped', why: `at most ${STOPS_MAX} stop strings are taken` })
  if (some.length < stops.length)
    losses.add({ field: 'stops', what: 'dropped', why: 'an empty stop string is refused' })
  return sent.length === 0 ? undefined : sent
}

function writeLogprobs({ logprobs, own }: Chat): JsonObject {
  if (logprobs === undefined) return {}
  const { alternatives } = logprobs
  const isSaid = alternatives > 0 || speltAs(own, NO_ALTERNATIVES) !== undefined
  return { responseLogprobs: true, ...(isSaid ? { logprobs: alternatives } : {}) }
}

function writeOutput(output: OutputFormat | undefined, writing: Writing): JsonObject {
  switch (output?.kind) {
    case undefined:
      return {}
    case 'text':
      return writing.isHome ? { responseMimeType: 'text/plain' } : {}
    case 'json':
      return { responseMimeType: 'application/json' }
    case 'schema':
      return { responseMimeType: 'application/json', ...writeOutputSchema(output, writing) }
  }
}

function writeOutputSchema(
  output: Extract<OutputFormat, { kind: 'schema' }>,
  { losses, isHome, target }: Writing,
): JsonObject {
  const original = asWritten(output.schema, output.own)
  if (original !== undefined) return { responseSchema: original }
  const { schema: form = 'json-schema' } = target.dialect
  const whole = named(output.schema, output)
  if (isHome && form === 'json-schema') return { responseJsonSchema: whole }
  if (output.strict === true && (form === 'openapi' || !isClosed(output.schema))) {
    losses.add({ field: 'output.strict', what: 'emulated', why: 'the vendor keeps every answer to its schema' })
  }
  const schema = rewriteSchema(whole, form, (keyword, what, why) => {
    losses.add({ field: 'output.schema', what: 'emulated', why: 'the schema is rewritten' })
    losses.add({ field: `output.schema.${keyword}`, what, why })
  })
  return form === 'openapi' ? { responseSchema: schema } : { responseJsonSchema: schema }
}

/** How finely pictures are looked at is said once for all of them; at home each part says it itself. */
function writeDetail({ chat, losses, isHome }: Writing): string | undefined {
  if (isHome) return undefined
  const details = new Set(chat.turns.flatMap(({ blocks }) => blocks.flatMap(detailsIn)))
  const [detail] = details
  if (detail === undefined || (details.size === 1 && detail === 'auto')) return undefined
  if (details.size === 1 && (detail === 'low' || detail === 'high')) {
    lose(losses, 'image.detail')
    return resolutionOf(detail)
  }
  losses.add({ field: 'image.detail', what: 'dropped', why: 'pictures cannot be looked at in different ways' })
  return undefined
}

/** Those of pictures inside of results too, but not of one that another vendor keeps: it is not sent. */
function detailsIn(block: Block): readonly string[] {
  if (block.kind === 'result') return block.blocks.flatMap(detailsIn)
  const isSent = 'source' in block && (block.source.kind !== 'id' || isUploaded(block.source.id))
  return isSent && 'detail' in block ? [block.detail ?? 'auto'] : []
}
