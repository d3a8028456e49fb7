import { asList, asObject, type Json } from '../json.ts'

/** JSON as lines with sorted keys: equal for equal values, and a failing comparison shows the lines that differ. */
export const canonical = (value: unknown): string => JSON.stringify(sorted(asJson(value)), null, 2) ?? 'undefined'

/** What remains of a value in JSON. */
export const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value) ?? 'null')

function sorted(value: Json): Json {
  const list = asList(value)
  if (list !== undefined) return list.map(sorted)
  const object = asObject(value)
  if (object === undefined) return value
  // `fromEntries` defines properties, so a `__proto__` stays one.
  return Object.fromEntries(
    Object.keys(object)
      .toSorted()
      .map((key) => [key, sorted(object[key] ?? null)]),
  )
}
