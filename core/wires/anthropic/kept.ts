import type { CacheMark, Own } from '../../chat.ts'
import type { Fields } from '../../fields.ts'
import { filled, isEmpty } from '../../json-object.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import { ownField, ownFields } from '../../own.ts'

/** Who keeps what only this wire knows. */
export const WIRE = 'anthropic'

/**
 * What a node keeps for its way home: the fields that nobody has asked for, and, under the name of each object inside it that was read
 * apart, what was left of that one.
 */
export function keptOf(fields: Fields, inside: Inside = {}, spelt: readonly string[] = []): { readonly own?: Own } {
  return ownField(WIRE, fields.restWith(inside), spelt)
}

/** Objects inside a node, by name: what nobody has read of each. */
export interface Inside {
  readonly [key: string]: JsonObject | undefined
}

/** An object inside a node as it is written: what the canonical form says, and what was kept of it. `undefined` where both say nothing. */
export function withKept(own: Own | undefined, key: string, said: { readonly [field: string]: Json | undefined }) {
  return filledOrNone({ ...said, ...asObject(ownFields(own, WIRE)[key]) })
}

/** What has a value, and `undefined` when nothing has: for an object that means nothing when it is empty. */
export function filledOrNone(fields: { readonly [key: string]: Json | undefined }): JsonObject | undefined {
  const object = filled(fields)
  return isEmpty(object) ? undefined : object
}

/** Fields of a node that stand for themselves: those of the objects inside it are written by `withKept`. */
export function keptFields(own: Own | undefined, inside: readonly string[] = []): JsonObject {
  const fields = ownFields(own, WIRE)
  if (!inside.some((key) => asObject(fields[key]) !== undefined)) return fields
  return Object.fromEntries(
    Object.entries(fields).filter(([key, value]) => !inside.includes(key) || asObject(value) === undefined),
  )
}

/** The cache mark of a node. A kind of mark that is not known is kept as it is. */
export function readMark(fields: Fields): {
  readonly mark: { readonly cacheMark?: CacheMark }
  readonly left: JsonObject
} {
  const control = fields.object('cache_control')
  if (control === undefined) return { mark: {}, left: {} }
  if (control.textNeeded('type') !== 'ephemeral') return { mark: {}, left: control.json }
  const ttl = control.text('ttl')
  return { mark: { cacheMark: ttl === undefined ? {} : { ttl } }, left: control.rest() }
}

/** A node's mark as it is written, `undefined` where it has none. */
export const writeMark = (mark: CacheMark | undefined, own?: Own): JsonObject | undefined =>
  withKept(own, 'cache_control', mark === undefined ? {} : { type: 'ephemeral', ttl: mark.ttl })
