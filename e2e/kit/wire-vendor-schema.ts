import type { OfferedTool, Schema } from './wire-vendor-asked.ts'
import { isRecord } from './wire-vendor-check.ts'

/** JSON that fits the schema: every property, the first choice of each, texts that say where they stand. */
export function sampleOf(schema: Schema): unknown {
  return sample(schema, { root: schema, name: 'value' })
}

/** Input for a call: the first text that the tool needs is the subject, the rest are samples. */
export function inputFor(
  { schema, name }: OfferedTool,
  subject: string | null,
): Readonly<Record<string, unknown>> | string {
  if (schema === undefined) return subject ?? `input of ${name}`
  const made = sampleOf({ ...schema, type: 'object' })
  const input = isRecord(made) ? made : {}
  const first = Object.keys(input).find((key) => typeof input[key] === 'string')
  return subject === null || first === undefined ? input : { ...input, [first]: subject }
}

interface Place {
  readonly root: Schema
  readonly name: string
}

function sample(given: Schema, place: Place): unknown {
  const schema = followed(given, place.root)
  if (schema['const'] !== undefined) return schema['const']
  if (Array.isArray(schema['enum'])) return schema['enum'][0]
  const union = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(union)) return sample(asSchema(union[0]), place)
  const parts = Array.isArray(schema['allOf']) ? schema['allOf'].map(asSchema) : []
  if (parts.length > 0) return Object.assign({}, ...parts.map((part) => sample(part, place)))
  switch (typeName(schema)) {
    case 'string':
      return `some ${place.name}`
    case 'integer':
      return atLeast(schema, 7)
    case 'number':
      return atLeast(schema, 1.5)
    case 'boolean':
      return true
    case 'null':
      return null
    case 'array':
      return sampleList(schema, place)
    case 'object':
      return sampleObject(schema, place)
  }
  return isRecord(schema['properties']) ? sampleObject(schema, place) : `some ${place.name}`
}

function sampleObject(schema: Schema, { root }: Place): Record<string, unknown> {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {}
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, sample(asSchema(property), { root, name })]),
  )
}

function sampleList(schema: Schema, place: Place): unknown[] {
  if (Array.isArray(schema['prefixItems'])) return schema['prefixItems'].map((item) => sample(asSchema(item), place))
  const length = typeof schema['minItems'] === 'number' ? Math.max(1, schema['minItems']) : 1
  return Array.from({ length }, () => sample(asSchema(schema['items']), place))
}

/** Types may be in capitals (Gemini), or a list with `null` in it. */
function typeName(schema: Schema): string {
  const type = schema['type']
  const first: unknown = Array.isArray(type) ? type.find((one) => one !== 'null') : type
  return typeof first === 'string' ? first.toLowerCase() : ''
}

const atLeast = (schema: Schema, usual: number): number =>
  typeof schema['minimum'] === 'number' ? Math.max(schema['minimum'], usual) : usual

function followed(schema: Schema, root: Schema): Schema {
  const reference = schema['$ref']
  if (typeof reference !== 'string') return schema
  const steps = reference
    .replace(/^#\/?/, '')
    .split('/')
    .filter((step) => step !== '')
  const found = steps.reduce<unknown>((value, step) => (isRecord(value) ? value[step] : undefined), root)
  return asSchema(found)
}

export const asSchema = (value: unknown): Schema => (isRecord(value) ? value : {})

/**
 * What OpenAI and Anthropic want of a schema that an answer is held to: the sentence of the complaint, or `undefined`. Every object says
 * `additionalProperties: false`; at OpenAI every property is required as well.
 */
export function strictFault(schema: Schema, wants: StrictWants, at: readonly string[] = []): string | undefined {
  const context = `In context=(${at.map((step) => `'${step}'`).join(', ')}${at.length === 1 ? ',' : ''})`
  const refused = wants.refused.find((keyword) => Object.hasOwn(schema, keyword))
  if (refused !== undefined) return `${context}, '${refused}' is not permitted.`
  if (typeName(schema) === 'object' || isRecord(schema['properties'])) {
    if (schema['additionalProperties'] !== false)
      return `${context}, 'additionalProperties' is required to be supplied and to be false.`
    const missing = wants.allRequired ? notRequired(schema) : undefined
    if (missing !== undefined)
      return `${context}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`
  }
  for (const [keyword, child] of children(schema)) {
    const fault = strictFault(child, wants, [...at, ...keyword])
    if (fault !== undefined) return fault
  }
  return undefined
}

export interface StrictWants {
  readonly allRequired: boolean
  /** Keywords that are not taken. */
  readonly refused: readonly string[]
}

function notRequired(schema: Schema): string | undefined {
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.keys(asSchema(schema['properties'])).find((name) => !required.includes(name))
}

/** The schemas inside a schema, with the steps to them. */
export function* children(schema: Schema): Generator<readonly [steps: readonly string[], child: Schema]> {
  for (const keyword of ['properties', '$defs', 'definitions']) {
    for (const [name, child] of Object.entries(asSchema(schema[keyword]))) yield [[keyword, name], asSchema(child)]
  }
  for (const keyword of ['anyOf', 'oneOf', 'allOf', 'prefixItems']) {
    const list: readonly unknown[] = Array.isArray(schema[keyword]) ? schema[keyword] : []
    for (const [index, child] of list.entries()) yield [[keyword, String(index)], asSchema(child)]
  }
  for (const keyword of ['items', 'additionalProperties', 'not', 'if', 'then', 'else']) {
    if (isRecord(schema[keyword])) yield [[keyword], schema[keyword]]
  }
}
