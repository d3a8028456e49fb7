import { Fault } from './fault.ts'
import { isEmpty, put } from './json-object.ts'
import { asList, asObject, type Json, type JsonObject } from './json.ts'

/**
 * Reading a client's body field by field: each of these gives the value, or throws the 400 that names the path of the field
 * (`messages[2].content[0].text`). `null` is what an absent field is: vendors' SDKs send it for "not set".
 */
export class Fields {
  readonly json: JsonObject
  readonly #path: string
  readonly #read = new Set<string>()

  constructor(json: JsonObject, path: string) {
    this.json = json
    this.#path = path
  }

  static of(value: Json | undefined, path: string): Fields {
    const json = asObject(value)
    if (json === undefined) throw badField(path, 'must be an object')
    return new Fields(json, path)
  }

  path(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`
  }

  has(key: string): boolean {
    return this.#get(key) !== undefined
  }

  /** The value as it is; `undefined` when it is absent or null. */
  any(key: string): Json | undefined {
    this.#read.add(key)
    return this.#get(key)
  }

  text(key: string): string | undefined {
    const value = this.any(key)
    if (value === undefined || typeof value === 'string') return value
    throw badField(this.path(key), 'must be a string')
  }

  textNeeded(key: string): string {
    return this.text(key) ?? this.#missing(key)
  }

  flag(key: string): boolean | undefined {
    const value = this.any(key)
    if (value === undefined || typeof value === 'boolean') return value
    throw badField(this.path(key), 'must be true or false')
  }

  /** A number that JSON can say again: `1e999` is none. */
  number(key: string): number | undefined {
    const value = this.any(key)
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value
    throw badField(this.path(key), 'must be a number')
  }

  /** A whole number, 0 or more. */
  count(key: string): number | undefined {
    const value = this.number(key)
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value
    throw badField(this.path(key), 'must be a whole number of 0 or more')
  }

  oneOf<Word extends string>(key: string, words: readonly Word[]): Word | undefined {
    const value = this.text(key)
    if (value === undefined) return undefined
    const known = words.find((word) => word === value)
    if (known === undefined) throw badField(this.path(key), `must be one of ${words.join(', ')}`)
    return known
  }

  object(key: string): Fields | undefined {
    const value = this.any(key)
    return value === undefined ? undefined : Fields.of(value, this.path(key))
  }

  objectNeeded(key: string): Fields {
    return this.object(key) ?? this.#missing(key)
  }

  list(key: string): readonly Json[] | undefined {
    const value = this.any(key)
    if (value === undefined) return undefined
    const list = asList(value)
    if (list === undefined) throw badField(this.path(key), 'must be a list')
    return list
  }

  /** The list's members as objects, each with its own path. */
  objects(key: string): readonly Fields[] | undefined {
    return this.list(key)?.map((member, index) => Fields.of(member, `${this.path(key)}[${index}]`))
  }

  texts(key: string): readonly string[] | undefined {
    return this.list(key)?.map((member, index) => {
      if (typeof member === 'string') return member
      throw badField(`${this.path(key)}[${index}]`, 'must be a string')
    })
  }

  /** The fields that nobody has asked for yet: what only this wire knows. A `null` belongs to them, because it stood there. */
  rest(): JsonObject {
    const rest: { [key: string]: Json } = {}
    for (const [key, value] of Object.entries(this.json)) {
      if (!this.#read.has(key) || value === null) put(rest, key, value)
    }
    return rest
  }

  /** The same, and under its name what nobody has asked for of each object inside that was read apart. */
  restWith(inside: { readonly [key: string]: JsonObject | undefined }): JsonObject {
    const left = Object.entries(inside).flatMap(([key, rest]) =>
      rest === undefined || isEmpty(rest) ? [] : [[key, rest] as const],
    )
    return { ...this.rest(), ...Object.fromEntries(left) }
  }

  #get(key: string): Json | undefined {
    const value = Object.hasOwn(this.json, key) ? this.json[key] : undefined
    return value === null ? undefined : value
  }

  #missing(key: string): never {
    throw badField(this.path(key), 'is required')
  }
}

/** The 400 for a field. */
export const badField = (path: string, problem: string): Fault =>
  new Fault('bad_request', `'${path}': ${problem}`, { field: path })
