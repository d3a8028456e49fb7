import { asObject, type JsonObject, parseJson } from '../../json.ts'

/** The object that a text is, or `undefined`. Looks at the first letter before anything else: most texts are none. */
export const objectIn = (text: string): JsonObject | undefined =>
  text.trimStart().startsWith('{') ? asObject(parseJson(text)) : undefined

/**
 * The arguments of a call as an object, or `undefined` where its text is none: cut, or not JSON. Tools without arguments come with
 * nothing, or null.
 */
export function argumentsOf(text: string): JsonObject | undefined {
  if (text.trim() === '') return {}
  const value = parseJson(text)
  if (value === undefined) return undefined
  return value === null ? {} : (asObject(value) ?? { input: value })
}
