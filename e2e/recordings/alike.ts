import { canonical } from '../../core/contract/canonical.ts'
import { asList, asObject, asText, type Json, parseJson } from '../../core/json.ts'

/** What is so anyway: a field that says it changes nothing. */
export function isDefault(fact: string, value: Json | undefined): boolean {
  if (value === undefined) return true
  const word = asText(asObject(value)?.['kind']) ?? value
  switch (fact) {
    case 'toolChoice':
      return word === 'auto'
    case 'parallelCalls':
      return value === true
    case 'output':
      return value === 'text'
    case 'serviceTier':
      return value === 'auto' || value === 'standard'
    case 'tool.strict':
      return Object.values(asObject(value) ?? {}).every((strict) => strict === false)
    case 'reasoning.shown':
      return value === 'hidden'
    case 'reasoning.mode':
      return value === 'auto'
    case 'choices':
      return value === 1
    case 'image.detail':
      return (asList(value) ?? []).every((detail) => detail === 'auto')
    case 'stream':
    case 'output.strict':
      return value === false
    default:
      return false
  }
}

/** A schema without the ways of spelling it. */
export function looseSchema(value: Json | undefined): Json {
  const list = asList(value)
  if (list !== undefined) return list.map(looseSchema)
  const object = asObject(value)
  if (object === undefined) return value ?? null
  const entries = Object.entries(object).flatMap(([key, item]): [string, Json][] => {
    if (key === 'additionalProperties' && item === false) return []
    if (key === 'type' && typeof item === 'string') return [[key, item.toLowerCase()]]
    if (SPELLINGS.has(key)) return []
    return [[key, looseSchema(item)]]
  })
  return Object.fromEntries(entries)
}
const SPELLINGS: ReadonlySet<string> = new Set(['propertyOrdering', '$schema'])

/** Results as what they say: out of the one field of an object, JSON read. */
export const answers = (value: Json | undefined): Json =>
  (asList(value) ?? []).map((result) => bare(asList(result)?.[1]))

function bare(value: Json | undefined): Json {
  const read = typeof value === 'string' ? (parseJson(value) ?? value) : (value ?? null)
  const fields = Object.values(asObject(read) ?? {})
  return fields.length === 1 ? bare(fields[0]) : typeof read === 'string' ? read.trim() : read
}

/** Without white space between pieces. */
export const squeezed = (value: Json | undefined): Json => JSON.stringify(value ?? null).replace(/\\n|\s/g, '')

/** Who speaks when. */
export const speakers = (value: Json | undefined): Json =>
  (asList(value) ?? []).map((said) => asList(said)?.[0] ?? null)

/** The ids of a list; what is none is empty. */
export const idsIn = (value: Json | undefined): readonly string[] => (asList(value) ?? []).map((id) => asText(id) ?? '')
/** Whether there are ids, and all different. */
export const areUnique = (ids: readonly string[]): boolean =>
  ids.every((id) => id !== '') && new Set(ids).size === ids.length

/** Calls with free text in the one place where it may stand in an object. */
export const bareCalls = (value: Json | undefined): Json =>
  (asList(value) ?? []).map((call) => {
    const { name, given } = asObject(call) ?? {}
    return [name ?? null, typeof given === 'string' ? given : (asText(asObject(given)?.['input']) ?? given ?? null)]
  })

/** Counts without those of a cache’s writes. */
export const withoutWrites = (value: Json | undefined): Json => ({ ...asObject(value), cacheWrite: null })

/** Whether a side says nothing. */
export const isNothing = (value: Json | undefined): boolean => value === undefined || value === null || value === ''
/** Whether both say the same, the order of keys aside; nothing is null. */
export const same = (a: Json | undefined, b: Json | undefined): boolean => canonical(a ?? null) === canonical(b ?? null)
