import { asObject, asText, type Json, type JsonObject, parseJson } from '../../json.ts'

/**
 * The arguments of a call as this wire wants them, an object. Models leave them out, cut them or say something else: nothing, or null, is an
 * empty object (wire-formats 1.8, trap 25), and what is no object travels whole under a name that no tool has. A cut call is not mended into one that looks sound
 * (wire-formats 1.8, trap 48).
 */
export function inputObject(text: string): JsonObject {
  if (text.trim() === '') return {}
  const value = parseJson(text)
  return value === null ? {} : (asObject(value) ?? { [UNREAD]: text })
}

/** The arguments as JSON text; what `inputObject` could not read is as the model wrote it. */
export function inputText(input: Json | undefined): string {
  const object = asObject(input) ?? {}
  const unread = asText(object[UNREAD])
  const isOurs = unread !== undefined && Object.keys(object).length === 1 && asObject(parseJson(unread)) === undefined
  return isOurs ? unread : JSON.stringify(object)
}

/** Whether arguments can be sent as they are. */
export const isReadable = (text: string): boolean => !Object.hasOwn(inputObject(text), UNREAD)

const UNREAD = 'invalid_json'
