import type { Own } from '../../chat.ts'
import { type Fields, put } from '../../fields.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import { ownOf } from '../../own.ts'

/** The wire of this folder, as the canonical form calls it. */
export const ID = 'openai-chat'

/** What a node keeps, as the field of a node that is being read: absent when there is nothing to keep. */
export function keep(fields: JsonObject, spelt: readonly string[] = []): { readonly own?: Own } {
  const own = ownOf(ID, fields, spelt)
  return own === undefined ? {} : { own }
}

/** The fields that nobody has asked for, those of inner objects that were read included; an inner object with nothing left is left out. */
export function restWith(fields: Fields, inner: { readonly [key: string]: JsonObject | undefined }): JsonObject {
  const left = Object.entries(inner).flatMap(([key, rest]) =>
    rest === undefined || Object.keys(rest).length === 0 ? [] : [[key, rest] as const],
  )
  return { ...fields.rest(), ...Object.fromEntries(left) }
}

/** An object without some of its fields: what is kept of a node whose known fields stand elsewhere. */
export function without(json: JsonObject, keys: readonly string[]): JsonObject {
  const rest: { [key: string]: Json } = {}
  for (const [key, value] of Object.entries(json)) if (!keys.includes(key)) put(rest, key, value)
  return rest
}

/** What is said of a node, and with it what was kept of it. Where both have an object they are joined; else what is said holds. */
export function overlay(kept: JsonObject, said: JsonObject): JsonObject {
  const whole: { [key: string]: Json } = {}
  for (const [key, value] of Object.entries(said)) {
    const inner = Object.hasOwn(kept, key) ? asObject(kept[key]) : undefined
    const object = asObject(value)
    put(whole, key, inner === undefined || object === undefined ? value : overlay(inner, object))
  }
  for (const [key, value] of Object.entries(kept)) if (!Object.hasOwn(said, key)) put(whole, key, value)
  return whole
}

/** An object of those fields that have a value. */
export function present(fields: { readonly [key: string]: Json | undefined }): JsonObject {
  const object: { [key: string]: Json } = {}
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) put(object, key, value)
  return object
}

/** The words that hold, of those that say how a node was spelt. */
export const spellings = (ways: { readonly [way: string]: boolean }): readonly string[] =>
  Object.keys(ways).filter((way) => ways[way])

/** What a spelling that carries a value says (`head data:image/PNG;base64,`), or `undefined`. */
export function speltValue(own: Own | undefined, way: string): string | undefined {
  if (own?.wire !== ID) return undefined
  return own.spelt?.find((spelt) => spelt.startsWith(`${way} `))?.slice(way.length + 1)
}
