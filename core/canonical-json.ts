import { asList, asObject, type Json } from './json.ts'

/** JSON as one text for equal values: without blanks, and with the keys of every object in order. Only for comparing. */
export function canonicalJson(value: Json): string {
  const list = asList(value)
  if (list !== undefined) return `[${list.map(canonicalJson).join()}]`
  const object = asObject(value)
  if (object !== undefined) return `{${Object.keys(object).toSorted().map(member(object)).join()}}`
  // JSON would make null of a number that is too large for a double.
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}

const member =
  (object: { readonly [key: string]: Json }) =>
  (key: string): string =>
    `${JSON.stringify(key)}:${canonicalJson(object[key] ?? null)}`
