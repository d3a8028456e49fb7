import type { Own } from '../../chat.ts'
import { put } from '../../json-object.ts'
import { type Json, type JsonObject, parseJson } from '../../json.ts'
import { ownOf, speltAs } from '../../own.ts'

/** The wire of this folder, as the canonical form calls it. */
export const WIRE = 'openai-responses'

/** A spelling that has a value, as one entry of `Own.spelt`. */
export const label = (key: string, value: Json): string => `${key}=${JSON.stringify(value)}`

/** The value of a `label` that this wire left on the node. */
export function labelled(own: Own | undefined, key: string): Json | undefined {
  const text = speltAs(own, WIRE, `${key}=`)
  return text === undefined ? undefined : parseJson(text)
}

/**
 * What a node keeps of an item or part: its unread fields, and how it was spelt. Marks that the vendor put on its own output go to the
 * spelling, because they ask for nothing: a request of which only they are left behind has lost nothing. A message has no node
 * of its own; it keeps its fields on its first block, under `MESSAGE`.
 */
export function keep(rest: JsonObject, { spelt = [], under = '' }: Keeping = {}): Own | undefined {
  const fields: { [key: string]: Json } = {}
  const marks: string[] = []
  for (const [key, value] of Object.entries(rest)) {
    if (MARKS.has(key)) marks.push(label(under + key, value))
    else put(fields, under + key, value)
  }
  return ownOf(WIRE, fields, [...spelt, ...marks])
}

interface Keeping {
  readonly spelt?: readonly string[]
  readonly under?: string
}

/** Two that stand on the same node. */
export const bothOwn = (one: Own | undefined, other: Own | undefined): Own | undefined =>
  one === undefined || other === undefined
    ? (one ?? other)
    : ownOf(WIRE, { ...one.fields, ...other.fields }, [...(one.spelt ?? []), ...(other.spelt ?? [])])

/** The fields that `keep` put away, as they stood. */
export function kept(own: Own | undefined, under = ''): JsonObject {
  if (own?.wire !== WIRE) return {}
  const fields: { [key: string]: Json } = {}
  const restore = (key: string, value: Json | undefined) => {
    if (value !== undefined && isUnder(key, under)) put(fields, key.slice(under.length), value)
  }
  for (const [key, value] of Object.entries(own.fields)) restore(key, value)
  for (const mark of MARKS) restore(under + mark, labelled(own, under + mark))
  return fields
}

/** Under this name a block keeps the fields of the message that it begins. */
export const MESSAGE = 'message.'

const isUnder = (key: string, under: string): boolean =>
  under === '' ? !key.startsWith(MESSAGE) : key.startsWith(under)

/** Names, states and parts of the vendor's own output: it gave them, and only it can do anything with them. */
const MARKS: ReadonlySet<string> = new Set(['id', 'status', 'phase', 'created_by'])
