import { put } from '../../json-object.ts'
import { asList, asObject, type Json, type JsonObject } from '../../json.ts'

/**
 * What `allOf` says together with the keywords beside it, as one schema: properties and required names of all, the narrowest of limits,
 * and of everything else what was said first. `null` and other nonsense among the branches says nothing.
 */
export function merged(schemas: readonly JsonObject[]): JsonObject {
  const result: { [key: string]: Json } = {}
  for (const schema of schemas) {
    for (const [key, value] of Object.entries(schema)) {
      put(result, key, Object.hasOwn(result, key) ? both(key, result[key] ?? null, value) : value)
    }
  }
  return result
}

function both(key: string, first: Json, second: Json): Json {
  switch (key) {
    case 'properties':
    case '$defs':
    case 'definitions':
      return mergedMembers(asObject(first) ?? {}, asObject(second) ?? {})
    case 'required':
      return [...new Set([...(asList(first) ?? []), ...(asList(second) ?? [])])]
    case 'enum':
      return (asList(first) ?? []).filter((value) => asList(second)?.includes(value) !== false)
    case 'minimum':
    case 'minLength':
    case 'minItems':
    case 'exclusiveMinimum':
      return limit(first, second, Math.max)
    case 'maximum':
    case 'maxLength':
    case 'maxItems':
    case 'exclusiveMaximum':
      return limit(first, second, Math.min)
    default:
      return first
  }
}

/** A property that two branches speak of is what both say. */
function mergedMembers(first: JsonObject, second: JsonObject): JsonObject {
  const result: { [key: string]: Json } = { ...first }
  for (const [name, schema] of Object.entries(second)) {
    const known = Object.hasOwn(first, name) ? first[name] : undefined
    put(result, name, known === undefined ? schema : { allOf: [known, schema] })
  }
  return result
}

const limit = (first: Json, second: Json, narrowest: (a: number, b: number) => number): Json =>
  typeof first === 'number' && typeof second === 'number' ? narrowest(first, second) : first
