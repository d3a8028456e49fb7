import type { WireId } from '../../core/chat.ts'
import { asList, asObject, asText, type Json, type JsonObject } from '../../core/json.ts'

/**
 * Which fields the objects of a wire always have: learnt from what its own vendor sends, and asked of what we write. So a field that a client may
 * count on is missed even where it says nothing that another wire has a word for (`object`, `index`, a `null`).
 */
export class Shapes {
  readonly #seen = new Map<string, { count: number; readonly keys: Map<string, number> }>()

  /** `own`: whether it comes from the vendor that made the wire. What others send under its name counts where the vendor's own was not met. */
  learn(wire: WireId, body: JsonObject, { own }: { readonly own: boolean }): void {
    eachObject('', body, (path, object) => {
      for (const source of own ? ['own', 'any'] : ['any']) {
        this.#count(`${source} ${wire} ${typedPath(path, object)}`, Object.keys(object))
        this.#count(`${source} ${wire} untyped ${path}`, Object.keys(object))
      }
    })
  }

  /** Fields that the vendor always sends in the objects that stand in `body`, and those of them that are missing. */
  check(wire: WireId, body: JsonObject): { readonly wanted: readonly string[]; readonly missing: readonly string[] } {
    const wanted = new Set<string>()
    const missing = new Set<string>()
    eachObject('', body, (path, object) => {
      const here = typedPath(path, object)
      // What has lost its type is no longer known by it, only that it should have one.
      const always = [
        ...this.#always(`${wire} ${here}`),
        ...this.#always(`${wire} untyped ${path}`).filter((key) => NAMING.includes(key)),
      ]
      for (const key of new Set(always)) {
        const field = NAMING.includes(key) ? `${path}.${key}` : `${here}.${key}`
        wanted.add(field)
        if (!Object.hasOwn(object, key)) missing.add(field)
      }
    })
    return { wanted: [...wanted], missing: [...missing] }
  }

  #count(path: string, keys: readonly string[]): void {
    const known = this.#seen.get(path) ?? { count: 0, keys: new Map<string, number>() }
    this.#seen.set(path, known)
    known.count++
    for (const key of keys) known.keys.set(key, (known.keys.get(key) ?? 0) + 1)
  }

  #always(path: string): readonly string[] {
    const known = ['own', 'any']
      .map((source) => this.#seen.get(`${source} ${path}`))
      .find((one) => (one?.count ?? 0) >= SEEN_MIN)
    if (known === undefined) return []
    return [...known.keys].filter(([, count]) => count === known.count).map(([key]) => key)
  }
}

/** Every field that stands in a body, by its path without the places in lists, and whether its value says something. */
export function fieldsIn(body: JsonObject): ReadonlyMap<string, boolean> {
  const fields = new Map<string, boolean>()
  eachObject('', body, (path, object) => {
    for (const [key, value] of Object.entries(object)) {
      const field = `${typedPath(path, object)}.${key}`
      fields.set(field, fields.get(field) === true || !NOTHING_SAID.includes(JSON.stringify(value)))
    }
  })
  return fields
}

/** The body without a field, wherever it stands. */
export function without(body: JsonObject, field: string): JsonObject {
  const drop = (value: Json, path: string): Json => {
    const list = asList(value)
    if (list !== undefined) return list.map((item) => drop(item, path))
    const object = asObject(value)
    if (object === undefined) return value
    const here = typedPath(path, object)
    const entries = Object.entries(object).filter(([key]) => `${here}.${key}` !== field)
    return Object.fromEntries(
      entries.map(([key, item]) => [key, isFree(here, key, item) ? item : drop(item, stepTo(here, key, item))]),
    )
  }
  return asObject(drop(body, '')) ?? {}
}

/** A kind of object that was met less often is not known well enough. */
const SEEN_MIN = 2

const NOTHING_SAID = ['null', '0', '""', '[]', '{}', 'false']

/** By these an object says what it is. */
const NAMING: readonly string[] = ['type', 'object']

/** What stands below these is the client's own, or the model's. */
const FREE: ReadonlySet<string> = new Set([
  'parameters',
  'parametersJsonSchema',
  'input_schema',
  'schema',
  'responseSchema',
  'responseJsonSchema',
  'metadata',
  'logit_bias',
  'args',
  'response_metadata',
  'properties',
])

/** `input` is a list of messages on one wire, and what a tool is given on another; `response` is a whole reply, or a tool's. */
const isFree = (path: string, key: string, value: Json): boolean =>
  FREE.has(key) ||
  (key === 'input' && asList(value) === undefined) ||
  (key === 'response' && path.endsWith('functionResponse'))

function eachObject(path: string, value: Json, each: (path: string, object: JsonObject) => void): void {
  for (const item of asList(value) ?? []) eachObject(path, item, each)
  const object = asObject(value)
  if (object === undefined) return
  each(path, object)
  const here = typedPath(path, object)
  for (const [key, item] of Object.entries(object)) {
    if (!isFree(here, key, item)) eachObject(stepTo(here, key, item), item, each)
  }
}

/** Objects of different types in one place are different objects, and a whole reply is the same wherever it stands. */
function typedPath(path: string, object: JsonObject): string {
  const type = asText(object['type'])
  const reply = asText(object['object'])
  if (reply !== undefined) return `{${reply}}`
  return type === undefined ? path : `${path}<${type}>`
}

/** Counts of a stream's last chunk are those of a whole reply. */
const stepTo = (path: string, key: string, value: Json): string =>
  path === '{chat.completion.chunk}' && key === 'usage'
    ? '{chat.completion}.usage'
    : `${path}.${key}${asList(value) === undefined ? '' : '[]'}`
