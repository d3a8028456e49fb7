import type { Own } from '../../chat.ts'
import { put } from '../../json-object.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import { ownField, speltAs } from '../../own.ts'

/** The wire of this folder, as the canonical form calls it. */
export const WIRE = 'openai-chat'

/** What a node keeps, as the field of a node that is being read: absent when there is nothing to keep. */
export function keep(fields: JsonObject, spelt: readonly string[] = []): { readonly own?: Own } {
  return ownField(WIRE, fields, spelt)
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

/** The words that hold, of those that say how a node was spelt. */
export const spellings = (ways: { readonly [way: string]: boolean }): readonly string[] =>
  Object.keys(ways).filter((way) => ways[way])

/** What a spelling that carries a value says (`head data:image/PNG;base64,`), or `undefined`. */
export function speltValue(own: Own | undefined, way: string): string | undefined {
  return speltAs(own, WIRE, `${way} `)
}
