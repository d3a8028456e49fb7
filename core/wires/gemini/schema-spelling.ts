import type { Own } from '../../chat.ts'
import { badField, type Fields } from '../../fields.ts'
import { nameApart } from '../../json-schema.ts'
import { asObject, type JsonObject, parseJson } from '../../json.ts'
import { ownField } from '../../own.ts'
import { speltAs, WIRE } from './kept.ts'
import { readOpenApiSchema } from './schema-read.ts'

/** The two fields in which a schema may stand: the newer one takes JSON Schema, the older one OpenAPI's. */
export interface SchemaFields {
  readonly newer: string
  readonly older: string
}

/** A schema as JSON Schema. */
export interface ReadSchema {
  readonly schema: JsonObject
  /** How it was spelt, for a node that keeps nothing else. */
  readonly own?: Own
}

/** A schema in either of its fields, as JSON Schema. Throws `bad_request` when both are there. */
export function readSchema(fields: Fields, { newer, older }: SchemaFields): ReadSchema | undefined {
  const schema = fields.object(newer)?.json
  const openApi = fields.object(older)?.json
  if (schema !== undefined && openApi !== undefined)
    throw badField(fields.path(older), `must not stand beside '${newer}'`)
  if (openApi === undefined) return schema === undefined ? undefined : { schema }
  return { schema: readOpenApiSchema(openApi), ...ownField(WIRE, {}, [OLDER + JSON.stringify(openApi)]) }
}

/** The schema in the older form as its client wrote it, as long as it still says the same. */
export function asWritten(schema: JsonObject, own: Own | undefined): JsonObject | undefined {
  const text = speltAs(own, OLDER)
  const original = text === undefined ? undefined : asObject(parseJson(text))
  if (original === undefined) return undefined
  const read = readOpenApiSchema(original)
  const same = [read, nameApart(read).schema].some((one) => JSON.stringify(one) === JSON.stringify(schema))
  return same ? original : undefined
}

const OLDER = 'openapi='
