import { objectsOf, without } from '../../json-object.ts'
import { asList, asObject, type JsonObject } from '../../json.ts'

/**
 * A tool's schema as the vendor takes it: an object at its root, which no `anyOf`, `oneOf` or `allOf` may stand beside (a 400 for the
 * whole request). What such branches name is offered as fields of the root; that one of them must be there is left to the tool to check.
 */
export function rootedSchema(schema: JsonObject | undefined): {
  readonly schema: JsonObject
  readonly changed: boolean
} {
  if (schema === undefined) return { schema: { type: 'object', properties: {} }, changed: false }
  const rooted = { ...without(schema, COMBINING), type: 'object' }
  const branches = COMBINING.flatMap((key) => branchesOf(schema, key))
  const changed = COMBINING.some((key) => schema[key] !== undefined)
  if (branches.length === 0) return { schema: rooted, changed }
  const properties = [...branches, schema].reduce<JsonObject>(
    (all, branch) => ({ ...all, ...propertiesOf(branch) }),
    {},
  )
  const required = new Set([...requiredOf(schema), ...branchesOf(schema, 'allOf').flatMap(requiredOf)])
  return { schema: { ...rooted, properties, ...(required.size === 0 ? {} : { required: [...required] }) }, changed }
}

const COMBINING = ['anyOf', 'oneOf', 'allOf']

const branchesOf = (schema: JsonObject, key: string): readonly JsonObject[] => objectsOf(schema[key])
const propertiesOf = (schema: JsonObject): JsonObject => asObject(schema['properties']) ?? {}
const requiredOf = (schema: JsonObject) => asList(schema['required']) ?? []
