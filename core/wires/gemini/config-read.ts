import { type Chat, EFFORTS, type OutputFormat, type Reasoning, type ServiceTier } from '../../chat.ts'
import { badField, type Fields } from '../../fields.ts'
import { isClosed, nameApart } from '../../json-schema.ts'
import type { Kept } from './kept.ts'
import { readSchema } from './schema-spelling.ts'

/** Everything of `generationConfig` that has a canonical place; the rest is kept. */
export function readConfig(request: Fields, kept: Kept): Partial<Chat> {
  const config = request.object('generationConfig')
  if (config === undefined) return {}
  const chat = {
    ...readNumbers(config),
    ...field('stops', config.texts('stopSequences')),
    ...field('output', readOutput(config)),
    ...field('logprobs', readLogprobs(config, kept)),
    ...field('reasoning', readReasoning(config, kept)),
  }
  kept.rest(config, 'generationConfig')
  return chat
}

/** The tier that was asked for; one that only Gemini knows is kept. */
export function readTier(request: Fields, kept: Kept): ServiceTier | undefined {
  const word = request.json['serviceTier'] ?? ''
  if (typeof word !== 'string') throw badField(request.path('serviceTier'), 'must be a string')
  const tier = TIERS.get(word.toLowerCase())
  if (tier === undefined) return undefined
  request.any('serviceTier')
  kept.spell(TIER + word)
  return tier
}

/** How words of enumerations were spelt: the vendor does not look at their case. */
export const TIER = 'tier='
export const LEVEL = 'level='
export const NO_ALTERNATIVES = 'logprobs=0'

const TIERS = new Map<string, ServiceTier>([
  ['standard', 'standard'],
  ['flex', 'flex'],
  ['priority', 'fast'],
])

const readNumbers = (config: Fields): Partial<Chat> => ({
  ...field('outputTokensMax', config.count('maxOutputTokens')),
  ...field('choices', config.count('candidateCount')),
  ...field('temperature', config.number('temperature')),
  ...field('topP', config.number('topP')),
  ...field('topK', config.number('topK')),
  ...field('presencePenalty', config.number('presencePenalty')),
  ...field('frequencyPenalty', config.number('frequencyPenalty')),
  ...field('seed', config.number('seed')),
})

/** An absent field stays absent. */
const field = <Key extends keyof Chat>(key: Key, value: Chat[Key] | undefined): Partial<Chat> =>
  value === undefined ? {} : { [key]: value }

/** Other types than JSON and plain text are Gemini's own, with their schema. */
function readOutput(config: Fields): OutputFormat | undefined {
  const type = config.json['responseMimeType']
  const hasSchema = config.has('responseJsonSchema') || config.has('responseSchema')
  if (type === 'text/plain' && !hasSchema) {
    config.any('responseMimeType')
    return { kind: 'text' }
  }
  if (type !== 'application/json') {
    checkText(config)
    return undefined
  }
  config.any('responseMimeType')
  if (!hasSchema) return { kind: 'json' }
  const read = readSchema(config, { newer: 'responseJsonSchema', older: 'responseSchema' })
  if (read === undefined) return { kind: 'json' }
  // The vendor keeps every answer to its schema; whether that is what others call strict depends on the schema.
  const strict = isClosed(read.schema) ? { strict: true } : {}
  return { kind: 'schema', ...read, ...nameApart(read.schema), ...strict }
}

function checkText(config: Fields): void {
  const type = config.json['responseMimeType'] ?? ''
  if (typeof type !== 'string') throw badField(config.path('responseMimeType'), 'must be a string')
}

function readLogprobs(config: Fields, kept: Kept): Chat['logprobs'] {
  if (config.json['responseLogprobs'] !== true) return undefined
  config.any('responseLogprobs')
  const alternatives = config.count('logprobs')
  if (alternatives === 0) kept.spell(NO_ALTERNATIVES)
  return { alternatives: alternatives ?? 0 }
}

function readReasoning(config: Fields, kept: Kept): Reasoning | undefined {
  const thinking = config.object('thinkingConfig')
  if (thinking === undefined) return undefined
  const budget = thinking.number('thinkingBudget')
  const effort = readLevel(thinking, kept)
  const shown = thinking.flag('includeThoughts')
  if (budget !== undefined && thinking.has('thinkingLevel')) {
    throw badField(thinking.path('thinkingLevel'), "must not stand beside 'thinkingBudget'")
  }
  const reasoning: Reasoning = {
    ...(budget === undefined ? {} : { mode: modeOf(budget) }),
    ...(effort === undefined ? {} : { effort }),
    ...(shown === undefined ? {} : { text: shown ? 'shown' : 'hidden' }),
  }
  kept.rest(thinking, 'generationConfig.thinkingConfig')
  return Object.keys(reasoning).length === 0 ? undefined : reasoning
}

/** 0 is off, -1 leaves it to the model (wire-formats 1.3). */
function modeOf(budget: number): NonNullable<Reasoning['mode']> {
  if (budget === 0) return 'off'
  return budget < 0 ? 'auto' : { budgetTokens: budget }
}

/** A level that is not known is kept for Gemini itself. */
function readLevel(thinking: Fields, kept: Kept): Reasoning['effort'] {
  const word = thinking.json['thinkingLevel'] ?? ''
  if (typeof word !== 'string') throw badField(thinking.path('thinkingLevel'), 'must be a string')
  const effort = EFFORTS.find((known) => known === word.toLowerCase())
  if (effort === undefined) return undefined
  thinking.any('thinkingLevel')
  kept.spell(LEVEL + word)
  return effort
}
