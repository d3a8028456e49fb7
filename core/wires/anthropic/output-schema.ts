import { isObjectNode, SCHEMA_DEPTH_MAX, withInnerSchemas } from '../../json-schema.ts'
import { asText, type Json, type JsonObject } from '../../json.ts'

/**
 * A schema as this vendor keeps answers to it: every object closed, and none of the keywords that its grammar does not know (a request
 * with one of them is a 400). Such limits are said in the description, where the model reads them. A pure function of the schema, with
 * the keys in their order. Source: the vendor's page on structured outputs, "JSON Schema limitations", and wire-formats 1.5.
 */
export function closedSchema(schema: JsonObject): { readonly schema: JsonObject; readonly changed: boolean } {
  const written = closed(schema, 0)
  return { schema: written, changed: JSON.stringify(written) !== JSON.stringify(schema) }
}

function closed(node: JsonObject, depth: number): JsonObject {
  if (depth > SCHEMA_DEPTH_MAX) return node
  const entries = Object.entries(node)
  const unsaid = entries.filter(([key, value]) => !isKnown(key, value))
  const known = entries
    .filter(([key, value]) => isKnown(key, value))
    .map(([key, value]): [string, Json] => [
      renamed(key),
      withInnerSchemas(key, value, (schema) => closed(schema, depth + 1)),
    ])
  return {
    ...Object.fromEntries(known),
    ...(isObjectNode(node) ? { additionalProperties: false } : {}),
    ...(unsaid.length === 0 ? {} : { description: described(node, unsaid) }),
  }
}

/** `oneOf` is what the grammar can only take as `anyOf`. */
const renamed = (key: string): string => (key === 'oneOf' ? 'anyOf' : key)

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
