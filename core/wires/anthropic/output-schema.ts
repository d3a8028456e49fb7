import { filled, objectsOf } from '../../json-object.ts'
import { asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'

/**
 * A schema as this vendor keeps answers to it: every object closed, and none of the keywords that its grammar does not know (a request
 * with one of them is a 400). Such limits are said in the description, where the model reads them. A pure function of the schema, with
 * the keys in their order. Source: the vendor's page on structured outputs, "JSON Schema limitations", and wire-formats 1.5.
 */
export function closedSchema(schema: JsonObject): { readonly schema: JsonObject; readonly changed: boolean } {
  const written = closed(schema, 0)
  return { schema: written, changed: JSON.stringify(written) !== JSON.stringify(schema) }
}

/** Whether a schema is strict as OpenAI's wire means it: every object closed, and all that it names required. */
export const isClosed = (schema: JsonObject): boolean => isClosedNode(schema, 0)

/** This wire has no name for a schema, but a schema has a title. */
export function nameApart(schema: JsonObject): { readonly schema: JsonObject; readonly name?: string } {
  const title = asText(schema['title'])
  if (title === undefined || !NAME.test(title)) return { schema }
  const { title: _, ...rest } = schema
  return { schema: rest, name: title }
}

/** The schema with its name and what it is for, as far as it does not say such things itself. */
export function named(schema: JsonObject, { name, description }: Names): JsonObject {
  return filled({
    ...(name !== undefined && schema['title'] === undefined ? { title: name } : {}),
    ...(description !== undefined && schema['description'] === undefined ? { description } : {}),
    ...schema,
  })
}

interface Names {
  readonly name?: string | undefined
  readonly description?: string | undefined
}

const NAME = /^[a-zA-Z0-9_-]{1,64}$/
/** Deeper than any schema that means something. */
const DEPTH_MAX = 100

/** Keywords of which each holds schemas: by name, in a list, or one. */
const BY_NAME = ['properties', '$defs', 'definitions']
const LISTS = ['anyOf', 'allOf', 'oneOf', 'prefixItems']
const SINGLE = ['items']

function closed(node: JsonObject, depth: number): JsonObject {
  if (depth > DEPTH_MAX) return node
  const entries = Object.entries(node)
  const unsaid = entries.filter(([key, value]) => !isKnown(key, value))
  const known = entries
    .filter(([key, value]) => isKnown(key, value))
    .map(([key, value]): [string, Json] => [renamed(key), inner(key, value, depth)])
  return {
    ...Object.fromEntries(known),
    ...(isObjectNode(node) ? { additionalProperties: false } : {}),
    ...(unsaid.length === 0 ? {} : { description: described(node, unsaid) }),
  }
}

function inner(key: string, value: Json, depth: number): Json {
  const one = (schema: Json): Json => {
    const object = asObject(schema)
    return object === undefined ? schema : closed(object, depth + 1)
  }
  if (BY_NAME.includes(key)) {
    return Object.fromEntries(Object.entries(asObject(value) ?? {}).map(([name, schema]) => [name, one(schema)]))
  }
  if (LISTS.includes(key)) return (asList(value) ?? []).map(one)
  return SINGLE.includes(key) ? one(value) : value
}

/** `oneOf` is what the grammar can only take as `anyOf`. */
const renamed = (key: string): string => (key === 'oneOf' ? 'anyOf' : key)

const isObjectNode = (node: JsonObject): boolean =>
  node['type'] === 'object' ||
  asList(node['type'])?.includes('object') === true ||
  asObject(node['properties']) !== undefined

function isKnown(key: string, value: Json): boolean {
  if (key === 'format') return FORMATS.includes(asText(value) ?? '')
  if (key === 'minItems') return value === 0 || value === 1
  return !UNKNOWN.includes(key)
}

function described(node: JsonObject, unsaid: readonly (readonly [string, Json])[]): string {
  const limits = `{${unsaid.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ')}}`
  const description = asText(node['description'])
  return description === undefined ? limits : `${description}\n\n${limits}`
}

const UNKNOWN = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'maxItems',
  'uniqueItems',
  'contains',
  'minContains',
  'maxContains',
  'minProperties',
  'maxProperties',
  'propertyNames',
  'patternProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'dependentRequired',
  'dependentSchemas',
  'not',
  'if',
  'then',
  'else',
]
const FORMATS = ['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid']

function isClosedNode(node: JsonObject, depth: number): boolean {
  if (depth > DEPTH_MAX) return false
  if (isObjectNode(node)) {
    const names = Object.keys(asObject(node['properties']) ?? {})
    const required = asList(node['required']) ?? []
    if (node['additionalProperties'] !== false || !names.every((name) => required.includes(name))) return false
  }
  return schemasIn(node).every((schema) => isClosedNode(schema, depth + 1))
}

function schemasIn(node: JsonObject): readonly JsonObject[] {
  const byName = BY_NAME.flatMap((key) => objectsOf(Object.values(asObject(node[key]) ?? {})))
  const listed = LISTS.flatMap((key) => objectsOf(node[key]))
  const single = SINGLE.map((key) => asObject(node[key])).filter((schema) => schema !== undefined)
  return [...byName, ...listed, ...single]
}
