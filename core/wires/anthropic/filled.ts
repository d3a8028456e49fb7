import { put } from '../../fields.ts'
import { asList, asObject, type Json, type JsonObject } from '../../json.ts'

/** An object of the fields that have a value: what is absent is not written. A key may be `__proto__`, because clients send it. */
export function filled(fields: { readonly [key: string]: Json | undefined }): JsonObject {
  const object: { [key: string]: Json } = {}
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) put(object, key, value)
  return object
}

/** The same, and `undefined` when nothing is left: for an object that means nothing when it is empty. */
export function filledOrNone(fields: { readonly [key: string]: Json | undefined }): JsonObject | undefined {
  const object = filled(fields)
  return Object.keys(object).length === 0 ? undefined : object
}

/** Those members of a list that are objects; none where it is no list. */
export const objectsOf = (list: Json | undefined): readonly JsonObject[] =>
  (asList(list) ?? []).map(asObject).filter((member) => member !== undefined)
