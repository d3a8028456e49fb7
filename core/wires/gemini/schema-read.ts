import { put } from '../../json-object.ts'
import { asList, asObject, type Json, type JsonObject } from '../../json.ts'

/**
 * A schema in Gemini's older form (a subset of OpenAPI 3.0: types in capitals, `nullable`, whole numbers as text) as JSON Schema, which
 * is what every other wire knows. The order of properties is that of `propertyOrdering`, which is a keyword of Gemini alone. What is below
 * the depth limit stays as it is.
 */
export const readOpenApiSchema = (schema: JsonObject): JsonObject => jsonSchema(schema, DEPTH_MAX)

const DEPTH_MAX = 64

function jsonSchema(schema: JsonObject, depthLeft: number): JsonObject {
  if (depthLeft === 0) return schema
  const result: { [key: string]: Json } = {}
  for (const [key, value] of Object.entries(schema)) {
    const name = SNAKE_KEYWORDS.get(key) ?? key
    if (!OWN_WORDS.has(name) && !(name === 'format' && value === 'enum'))
      put(result, name, keyword(name, value, depthLeft - 1))
  }
  const ordered = inOrder(result, schema['propertyOrdering'] ?? schema['property_ordering'])
  return schema['nullable'] === true ? withNull(ordered) : ordered
}

/** With the properties that `ordering` names in front, in its order. */
function inOrder(schema: JsonObject, ordering: Json | undefined): JsonObject {
  const properties = asObject(schema['properties'])
  const names = asList(ordering)?.filter((name) => typeof name === 'string')
  if (properties === undefined || names === undefined) return schema
  const ordered: { [key: string]: Json } = {}
  for (const name of new Set([...names, ...Object.keys(properties)])) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (property !== undefined) put(ordered, name, property)
  }
  return { ...schema, properties: ordered }
}

function keyword(name: string, value: Json, depthLeft: number): Json {
  switch (name) {
    case 'type':
      return typeof value === 'string' ? value.toLowerCase() : value
    case 'properties':
      return eachMember(value, depthLeft)
    case 'items':
      return inner(value, depthLeft)
    case 'anyOf':
      return asList(value)?.map((member) => inner(member, depthLeft)) ?? value
    case 'minItems':
    case 'maxItems':
    case 'minLength':
    case 'maxLength':
    case 'minProperties':
    case 'maxProperties':
      return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
    default:
      return value
  }
}

function inner(value: Json, depthLeft: number): Json {
  const schema = asObject(value)
  return schema === undefined ? value : jsonSchema(schema, depthLeft)
}

function eachMember(value: Json, depthLeft: number): Json {
  const members = asObject(value)
  if (members === undefined) return value
  const result: { [key: string]: Json } = {}
  for (const [name, member] of Object.entries(members)) put(result, name, inner(member, depthLeft))
  return result
}

/** `nullable` is a type of its own there. */
function withNull(schema: JsonObject): JsonObject {
  const { type } = schema
  const branches = asList(schema['anyOf'])
  if (typeof type === 'string') return { ...schema, type: [type, 'null'] }
  return branches === undefined ? schema : { ...schema, anyOf: [...branches, { type: 'null' }] }
}

/** What JSON Schema says in another way; the `format` of a string with an `enum` says nothing more. */
const OWN_WORDS = new Set(['nullable', 'propertyOrdering'])

const SNAKE_KEYWORDS = new Map([
  ['any_of', 'anyOf'],
  ['min_items', 'minItems'],
  ['max_items', 'maxItems'],
  ['min_length', 'minLength'],
  ['max_length', 'maxLength'],
  ['min_properties', 'minProperties'],
  ['max_properties', 'maxProperties'],
  ['property_ordering', 'propertyOrdering'],
])
