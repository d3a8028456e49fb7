import { asList, asObject, asText, type Json, type JsonObject } from './json.ts'
import { filled, objectsOf } from './json-object.ts'

/** Whether a schema is strict as OpenAI's wire means it: every object closed, and all that it names required. */
export const isClosed = (schema: JsonObject): boolean => isClosedNode(schema, 0)

/** A schema apart from its title, which is its name on wires that have no other. A title that could be no name stays where it is. */
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

/** A keyword's value with every schema in it replaced by what `change` makes of it. */
export function withInnerSchemas(key: string, value: Json, change: (schema: JsonObject) => JsonObject): Json {
  const one = (schema: Json): Json => {
    const object = asObject(schema)
    return object === undefined ? schema : change(object)
  }
  if (BY_NAME.includes(key)) {
    return Object.fromEntries(Object.entries(asObject(value) ?? {}).map(([name, schema]) => [name, one(schema)]))
  }
  if (LISTS.includes(key)) return (asList(value) ?? []).map(one)
  return SINGLE.includes(key) ? one(value) : value
}

/** Whether a schema is about an object, said or not. */
export const isObjectNode = (node: JsonObject): boolean =>
  node['type'] === 'object' ||
  asList(node['type'])?.includes('object') === true ||
  asObject(node['properties']) !== undefined

/** Deeper than any schema that means something. */
export const SCHEMA_DEPTH_MAX = 100

const NAME = /^[a-zA-Z0-9_-]{1,64}$/

/** Keywords of which each holds schemas: by name, in a list, or one. */
const BY_NAME = ['properties', '$defs', 'definitions']
const LISTS = ['anyOf', 'allOf', 'oneOf', 'prefixItems']
const SINGLE = ['items']

function isClosedNode(node: JsonObject, depth: number): boolean {
  if (depth > SCHEMA_DEPTH_MAX) return false
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
