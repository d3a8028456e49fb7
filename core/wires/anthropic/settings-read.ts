import { type Chat, EFFORTS, type OutputFormat, type Reasoning } from '../../chat.ts'
import { badField, type Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import { isClosed, nameApart } from '../../json-schema.ts'
import type { JsonObject } from '../../json.ts'
import { ownOf } from '../../own.ts'
import { keptOf, WIRE } from './kept.ts'

/** What was read of a group of fields, and what of it only this wire knows, by the name of the field. */
export interface ReadSettings {
  readonly said: Partial<Chat>
  readonly left: JsonObject
  readonly spelt: readonly string[]
}

/** `thinking` and `output_config` say together how the model thinks and what its answer looks like. */
export function readOutput(fields: Fields): ReadSettings {
  const config = fields.object('output_config')
  const effort = config?.text('effort')
  const known = EFFORTS.find((word) => word === effort)
  const reasoning = readReasoning(fields.object('thinking'), known)
  const format = config?.object('format') ?? fields.object('output_format')
  const isOlder = format !== undefined && config?.has('format') !== true
  const output = format === undefined ? undefined : readFormat(format, isOlder ? [OUTPUT_FORMAT] : [])
  const unread = format !== undefined && output === undefined ? format.json : undefined
  const left = {
    ...config?.rest(),
    ...(effort === undefined || known !== undefined ? {} : { effort }),
    ...(unread === undefined || isOlder ? {} : { format: unread }),
  }
  return {
    said: { ...(reasoning === undefined ? {} : { reasoning }), ...(output === undefined ? {} : { output }) },
    left: {
      ...(Object.keys(left).length === 0 ? {} : { output_config: left }),
      ...(unread !== undefined && isOlder ? { [OUTPUT_FORMAT]: unread } : {}),
    },
    spelt: config !== undefined && Object.keys(config.json).length === 0 ? ['output_config'] : [],
  }
}

/** Where the format stood while it was new. */
export const OUTPUT_FORMAT = 'output_format'

/** A way to think that is not known is the vendor's to judge: new ones come, and what they mean nobody here can say. */
function readReasoning(thinking: Fields | undefined, effort: Reasoning['effort']): Reasoning | undefined {
  if (thinking === undefined) return effort === undefined ? undefined : { effort }
  const type = thinking.textNeeded('type')
  const mode = readMode(thinking, type)
  const display = thinking.text('display')
  // Every model that takes a budget shows its thinking unless it is told not to.
  const isByHabit = display === undefined && type === 'enabled'
  const text = display === 'summarized' || isByHabit ? 'shown' : display === 'omitted' ? 'hidden' : undefined
  const kept = {
    ...thinking.rest(),
    ...(mode === undefined ? { type } : {}),
    ...(display === undefined || text !== undefined ? {} : { display }),
  }
  const own = ownOf(WIRE, kept, isByHabit ? [SHOWN_BY_HABIT] : [])
  return {
    ...given({ mode, effort, text, own }),
  }
}

/** How it was spelt that the thinking is shown: not at all. */
export const SHOWN_BY_HABIT = 'shown by habit'

function readMode(thinking: Fields, type: string): Reasoning['mode'] {
  switch (type) {
    case 'enabled': {
      const budgetTokens = thinking.count('budget_tokens')
      if (budgetTokens === undefined) throw badField(thinking.path('budget_tokens'), 'is required')
      return { budgetTokens }
    }
    case 'disabled':
      return 'off'
    case 'adaptive':
      return 'auto'
    case 'between_tools':
      return 'between-tools'
    default:
      return undefined
  }
}

function readFormat(format: Fields, spelt: readonly string[]): OutputFormat | undefined {
  if (format.textNeeded('type') !== 'json_schema') return undefined
  const { schema, name } = nameApart(format.objectNeeded('schema').json)
  // The vendor keeps every answer to its schema; whether that is what others call strict depends on the schema.
  const strict = isClosed(schema) ? { strict: true } : {}
  return { kind: 'schema', schema, ...(name === undefined ? {} : { name }), ...strict, ...keptOf(format, {}, spelt) }
}

/** Two fields say which service is asked for: `speed` the dearer one, `service_tier` what the account has paid for. */
export function readTier(fields: Fields): ReadSettings {
  const speed = fields.text('speed')
  const tier = fields.text('service_tier')
  const byTier = tier === 'auto' ? 'auto' : tier === 'standard_only' ? 'standard' : undefined
  const rest = (left: { readonly [key: string]: string | undefined }): JsonObject =>
    Object.fromEntries(Object.entries(left).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))
  if (speed === 'fast') return { said: { serviceTier: 'fast' }, left: rest({ service_tier: tier }), spelt: [] }
  if (byTier !== undefined) return { said: { serviceTier: byTier }, left: rest({ speed }), spelt: [] }
  if (speed === 'standard' && tier === undefined)
    return { said: { serviceTier: 'standard' }, left: {}, spelt: ['speed'] }
  return { said: {}, left: rest({ speed, service_tier: tier }), spelt: [] }
}
