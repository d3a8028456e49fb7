import { asCount, asList, asObject, asText, type Json, type JsonObject } from '../../core/json.ts'

/** More values than any demonstration needs; a hostile schema stops growing here. */
const VALUES_MAX = 500
const DEPTH_MAX = 16
const LIST_ITEMS_MAX = 16
const TEXT_CHARACTERS_MAX = 1_000

/**
 * A value that a JSON schema allows, always the same for the same schema: arguments of tools and structured answers.
 * Knows `$ref` within the schema, `const`, `enum`, `anyOf`, `oneOf`, `allOf`, types, required and optional properties, lengths,
 * bounds and the usual formats; `pattern` and conditions are not solved. `name` is what texts are made of.
 */
export function schemaInstance(schema: JsonObject, name: string): Json {
  let left = VALUES_MAX

  const make = (node: JsonObject, at: Place): Json => {
    if (left-- <= 0 || at.depth > DEPTH_MAX) return null
    const { $ref } = node
    if (typeof $ref === 'string') return follow($ref, at)
    if (node['const'] !== undefined) return node['const']
    const [first] = asList(node['enum']) ?? []
    if (first !== undefined) return first
    const branches = asList(node['anyOf']) ?? asList(node['oneOf'])
    if (branches !== undefined) return make(pick(branches, at), deeper(at, at.name))
    const all = asList(node['allOf'])
    if (all !== undefined) return make(merge(node, all), deeper(at, at.name))
    return ofType(node, at)
  }

  const follow = (ref: string, at: Place): Json => {
    const target = lookUp(schema, ref)
    if (target === undefined) return null
    return make(target, { ...deeper(at, at.name), inside: [...at.inside, ref], again: at.inside.includes(ref) })
  }

  const ofType = (node: JsonObject, at: Place): Json => {
    switch (typeOf(node)) {
      case 'object':
        return objectOf(node, at)
      case 'array':
        return listOf(node, at)
      case 'integer':
        return numberOf(node, asNumber(node['multipleOf']) ?? 1)
      case 'number':
        return numberOf(node, asNumber(node['multipleOf']))
      case 'boolean':
        return true
      case 'null':
        return null
      default:
        return textOf(node, at.name)
    }
  }

  const objectOf = (node: JsonObject, at: Place): Json => {
    const required = asList(node['required']) ?? []
    const entries = Object.entries(asObject(node['properties']) ?? {})
      // Where a definition has come back to itself, only what must be there goes on.
      .filter(([key]) => !at.again || required.includes(key))
      .map(([key, value]) => [key, make(asObject(value) ?? {}, deeper(at, key))] as const)
    // `fromEntries` defines, so that a property called `__proto__` is one like any other.
    return Object.fromEntries(entries)
  }

  const listOf = (node: JsonObject, at: Place): Json => {
    const least = Math.max(asCount(node['minItems']) ?? 0, at.again ? 0 : 1)
    const length = Math.min(least, asCount(node['maxItems']) ?? LIST_ITEMS_MAX, LIST_ITEMS_MAX)
    const item = asObject(node['items']) ?? {}
    return Array.from({ length }, () => make(item, deeper(at, at.name)))
  }

  return make(schema, { name, depth: 0, inside: ['#'], again: false })
}

interface Place {
  /** Of the property that is being filled. */
  readonly name: string
  readonly depth: number
  /** The references that led here. */
  readonly inside: readonly string[]
  /** Whether one of them led here twice: a recursive schema. */
  readonly again: boolean
}

const deeper = (at: Place, name: string): Place => ({ ...at, name, depth: at.depth + 1 })

/** The first branch; in a recursive schema the one that ends it, if there is one. */
function pick(branches: readonly Json[], at: Place): JsonObject {
  const objects = branches.map((branch) => asObject(branch) ?? {})
  const ending = at.again || at.depth > DEPTH_MAX / 2 ? objects.find((one) => one['type'] === 'null') : undefined
  return ending ?? objects[0] ?? {}
}

function merge(node: JsonObject, all: readonly Json[]): JsonObject {
  const { allOf: _, ...own } = node
  const parts = [own, ...all.map((part) => asObject(part) ?? {})]
  return {
    ...together(parts),
    properties: together(parts.map((part) => asObject(part['properties']) ?? {})),
    required: parts.flatMap((part) => asList(part['required']) ?? []),
  }
}

const together = (objects: readonly JsonObject[]): JsonObject => objects.reduce((all, one) => ({ ...all, ...one }), {})

/** `#/$defs/name` and the like, within the same schema. */
function lookUp(root: JsonObject, ref: string): JsonObject | undefined {
  if (ref === '#') return root
  if (!ref.startsWith('#/')) return undefined
  let node: Json | undefined = root
  for (const step of ref.slice(2).split('/')) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    const object = asObject(node)
    node = object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined
  }
  return asObject(node)
}

function typeOf(node: JsonObject): string {
  const type = asText(node['type']) ?? asList(node['type'])?.find((one) => one !== 'null')
  if (typeof type === 'string') return type
  if (node['properties'] !== undefined) return 'object'
  return node['items'] === undefined ? 'string' : 'array'
}

function numberOf(node: JsonObject, multiple: number | undefined): number {
  const above = asNumber(node['exclusiveMinimum'])
  const high = asNumber(node['maximum']) ?? asNumber(node['exclusiveMaximum'])
  const wanted = asNumber(node['minimum']) ?? (above === undefined ? below(node) : between(above, high))
  return multiple === undefined || multiple <= 0 ? wanted : Math.ceil(wanted / multiple) * multiple
}

const between = (above: number, high: number | undefined): number =>
  high !== undefined && above + 1 > high ? (above + high) / 2 : above + 1

function below(node: JsonObject): number {
  const limit = asNumber(node['exclusiveMaximum'])
  return Math.min(1, asNumber(node['maximum']) ?? (limit === undefined ? 1 : limit - 1))
}

function textOf(node: JsonObject, name: string): string {
  const format = FORMATS.get(asText(node['format']) ?? '')
  if (format !== undefined) return format
  const least = Math.min(asCount(node['minLength']) ?? 0, TEXT_CHARACTERS_MAX)
  return `demo ${name}`.padEnd(least, '.').slice(0, asCount(node['maxLength']) ?? TEXT_CHARACTERS_MAX)
}

const FORMATS: ReadonlyMap<string, string> = new Map([
  ['date-time', '2026-01-01T00:00:00Z'],
  ['date', '2026-01-01'],
  ['time', '00:00:00Z'],
  ['duration', 'P1D'],
  ['email', 'demo@example.com'],
  ['hostname', 'example.com'],
  ['uri', 'https://example.com/'],
  ['ipv4', '192.0.2.1'],
  ['ipv6', '2001:db8::1'],
  ['uuid', '00000000-0000-4000-8000-000000000000'],
])

const asNumber = (value: Json | undefined): number | undefined => (typeof value === 'number' ? value : undefined)
