import { asList, asObject, type Json, type JsonObject } from './json.ts'

/** Sets an own property even when the key is `__proto__`, which an assignment would take for the prototype. */
export function put(object: { [key: string]: Json }, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  else object[key] = value
}

/** An object of the fields that have a value: what is absent is not written. */
export function filled(fields: { readonly [key: string]: Json | undefined }): JsonObject {
  const object: { [key: string]: Json } = {}
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) put(object, key, value)
  return object
}

/** An object without some of its fields. */
export function without(json: JsonObject, keys: readonly string[]): JsonObject {
  const rest: { [key: string]: Json } = {}
  for (const [key, value] of Object.entries(json)) if (!keys.includes(key)) put(rest, key, value)
  return rest
}

/** Whether an object says nothing. */
export const isEmpty = (object: JsonObject): boolean => Object.keys(object).length === 0

/** Those members of a list that are objects; none where it is no list. */
export const objectsOf = (list: Json | undefined): readonly JsonObject[] =>
  (asList(list) ?? []).map(asObject).filter((member) => member !== undefined)
