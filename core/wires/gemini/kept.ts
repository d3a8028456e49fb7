import type { Own } from '../../chat.ts'
import type { Fields } from '../../fields.ts'
import { put } from '../../json-object.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import { isSpelt, ownOf, speltAs as speltBy } from '../../own.ts'

/** The wire of this folder, as the canonical form calls it. */
export const WIRE = 'gemini'

/**
 * Gathers what a node keeps for its own wire, out of the nested objects that Gemini makes of it. A field's name is its path below the
 * node (`generationConfig.speechConfig`), so that a loss is told by the place where the client wrote it.
 */
export class Kept {
  readonly #fields: { [key: string]: Json } = {}
  readonly #spelt: string[]

  constructor(spelt: readonly string[] = []) {
    this.#spelt = [...spelt]
  }

  /** Keeps everything that nobody has read of the object at `path`. */
  rest(fields: Fields | undefined, path = ''): void {
    if (fields === undefined) return
    if (path !== '' && Object.keys(fields.json).length === 0) this.spell(EMPTY + path)
    for (const [key, value] of Object.entries(fields.rest())) this.keep(childPath(path, key), value)
  }

  keep(path: string, value: Json): void {
    put(this.#fields, path, value)
  }

  spell(way: string): void {
    this.#spelt.push(way)
  }

  own(): Own | undefined {
    return ownOf(WIRE, this.#fields, this.#spelt)
  }
}

/** What was written, and again what Gemini itself had kept of it. What the gateway wrote wins. */
export function restored(written: JsonObject, own: Own | undefined): JsonObject {
  if (own?.wire !== WIRE) return written
  let whole = written
  for (const way of own.spelt ?? []) {
    if (way.startsWith(EMPTY)) whole = withValue(whole, keysOf(way.slice(EMPTY.length)), {})
  }
  for (const [path, value] of Object.entries(own.fields)) whole = withValue(whole, keysOf(path), value)
  return whole
}

/** Stands in `spelt` of everything that was read as a whole: without it nobody could tell it from a node of another wire that kept nothing. */
export const CAME_SO = 'gemini'

/** Whether the request or reply that this belongs to was read by Gemini itself. */
export const isHome = (own: Own | undefined): boolean => isSpelt(own, WIRE, CAME_SO)

/** What stands behind `prefix` in the way that the node was spelt, or `undefined`. */
export const speltAs = (own: Own | undefined, prefix: string): string | undefined => speltBy(own, WIRE, prefix)

/** A word of an enumeration as the client wrote it (`low` for `LOW`), as long as it still is that word. */
export function wordAs(own: Own | undefined, prefix: string, word: string): string {
  const spelt = speltAs(own, prefix)
  return spelt?.toUpperCase() === word.toUpperCase() ? spelt : word
}

/** An object that was there and held nothing. */
const EMPTY = 'empty '

const childPath = (path: string, key: string): string => (path === '' ? escaped(key) : `${path}.${escaped(key)}`)

/** A full stop inside a key is none between two. */
const escaped = (key: string): string => (/[.\\]/.test(key) ? key.replace(/[.\\]/g, '\\$&') : key)

function keysOf(path: string): readonly string[] {
  const keys = ['']
  for (let at = 0; at < path.length; at++) {
    if (path[at] === '.') {
      keys.push('')
      continue
    }
    if (path[at] === '\\') at++
    keys.push((keys.pop() ?? '') + (path[at] ?? ''))
  }
  return keys
}

function withValue(object: JsonObject, [key = '', ...below]: readonly string[], value: Json): JsonObject {
  const present = Object.hasOwn(object, key) ? object[key] : undefined
  if (below.length === 0 && present !== undefined) return object
  const copy: { [key: string]: Json } = { ...object }
  put(copy, key, below.length === 0 ? value : withValue(asObject(present) ?? {}, below, value))
  return copy
}
