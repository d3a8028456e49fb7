import { Fault } from '../../fault.ts'
import { badField } from '../../fields.ts'
import { put } from '../../json-object.ts'
import { asList, asObject, type Json, type JsonObject } from '../../json.ts'
import { type KnownField, type Shape, snakeCase } from './shape.ts'

/** A body in one spelling, and what it takes to write it as the client did. */
export interface Spelled {
  readonly body: JsonObject
  /** For `own.spelt`: `snake` and `one` with the path of what was written so. */
  readonly spelt: readonly string[]
}

/**
 * The body with its known fields in camelCase and its lists as lists: the one place that knows that clients may also write snake_case,
 * and one object where a list of one is meant. Throws `bad_request` for a field that stands there in both spellings.
 */
export function inOneSpelling(body: JsonObject, shape: Shape): Spelled {
  const spelt: string[] = []
  return { body: spelledObject(body, { shape, path: '', spelt }), spelt }
}

/** The body as the client had spelt it, as far as it still is what the client had sent. */
export function respelt(body: JsonObject, spelt: readonly string[]): JsonObject {
  const tree = treeOf(spelt)
  return tree === undefined ? body : (asObject(written(body, tree)) ?? body)
}

/** The same fault with the field's path as the client had spelt it. */
export function inClientsSpelling(error: unknown, spelt: readonly string[]): unknown {
  if (!(error instanceof Fault) || error.field === undefined || spelt.length === 0) return error
  const field = clientsPath(error.field, treeOf(spelt))
  if (field === error.field) return error
  return new Fault(
    error.code,
    error.message.replace(`'${error.field}'`, () => `'${field}'`),
    { field },
  )
}

interface Place {
  readonly shape: Shape
  readonly path: string
  readonly spelt: string[]
}

function spelledObject(object: JsonObject, { shape, path, spelt }: Place): JsonObject {
  const entries = Object.entries(object)
  /** Only where something differs: most bodies are in one spelling from the start. */
  let result: { [key: string]: Json } | undefined
  for (const [index, [key, value]] of entries.entries()) {
    const known = shape.get(key)
    const name = known?.name ?? key
    const child = known === undefined ? value : spelledField(object, { key, value, known }, { shape, path, spelt })
    if (result === undefined && name === key && child === value) continue
    if (result === undefined) {
      result = {}
      for (const [before, same] of entries.slice(0, index)) put(result, before, same)
    }
    put(result, name, child)
  }
  return result ?? object
}

interface Field {
  readonly key: string
  readonly value: Json
  readonly known: KnownField
}

function spelledField(object: JsonObject, { key, value, known }: Field, { path, spelt }: Place): Json {
  const { name, of, list } = known
  if (name === key && of === undefined) return value
  const at = path === '' ? name : `${path}.${name}`
  if (name !== key) {
    if (Object.hasOwn(object, name)) throw badField(withBrackets(at), 'stands twice, in two spellings')
    spelt.push(SNAKE + at)
  }
  return of === undefined ? value : spelledValue(value, { shape: of, path: at, spelt }, list)
}

function spelledValue(value: Json, place: Place, list: boolean): Json {
  const object = asObject(value)
  if (!list) return object === undefined ? value : spelledObject(object, place)
  const { path, spelt } = place
  if (object !== undefined) {
    spelt.push(ONE + path)
    return [spelledObject(object, { ...place, path: `${path}.0` })]
  }
  const members = asList(value)
  if (members === undefined) return value
  let changed = false
  const result = members.map((member, index) => {
    const inner = asObject(member)
    if (inner === undefined) return member
    const spelled = spelledObject(inner, { ...place, path: `${path}.${index}` })
    changed ||= spelled !== inner
    return spelled
  })
  return changed ? result : value
}

/** What was spelt in its own way, by its place in the body. */
interface Tree {
  snake: boolean
  one: boolean
  readonly below: Map<string, Tree>
}

function treeOf(spelt: readonly string[]): Tree | undefined {
  const root = leaf()
  for (const way of spelt) {
    if (way.startsWith(SNAKE)) placeIn(root, way.slice(SNAKE.length)).snake = true
    if (way.startsWith(ONE)) placeIn(root, way.slice(ONE.length)).one = true
  }
  return root.below.size === 0 ? undefined : root
}

function placeIn(root: Tree, path: string): Tree {
  let tree = root
  for (const key of path.split('.')) {
    const next = tree.below.get(key) ?? leaf()
    tree.below.set(key, next)
    tree = next
  }
  return tree
}

const leaf = (): Tree => ({ snake: false, one: false, below: new Map() })

function written(value: Json, tree: Tree | undefined): Json {
  if (tree === undefined) return value
  const members = asList(value)
  if (members !== undefined) {
    const all = members.map((member, index) => written(member, tree.below.get(String(index))))
    const [only] = all
    return tree.one && all.length === 1 && only !== undefined ? only : all
  }
  const object = asObject(value)
  if (object === undefined) return value
  const result: { [key: string]: Json } = {}
  for (const [key, member] of Object.entries(object)) {
    const child = tree.below.get(key)
    put(result, child?.snake === true ? snakeCase(key) : key, written(member, child))
  }
  return result
}

function clientsPath(path: string, root: Tree | undefined): string {
  let tree = root
  let isOne = false
  let result = ''
  for (const key of path.match(/[^.[\]]+/g) ?? []) {
    tree = tree?.below.get(key)
    const index = /^\d+$/.test(key)
    if (index && !isOne) result += `[${key}]`
    if (!index) result += `${result === '' ? '' : '.'}${tree?.snake === true ? snakeCase(key) : key}`
    isOne = tree?.one === true
  }
  return result
}

const withBrackets = (path: string): string => path.replace(/\.(\d+)(?=\.|$)/g, '[$1]')

const SNAKE = 'snake '
const ONE = 'one '
