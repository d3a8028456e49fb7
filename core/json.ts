/** What comes from outside, before a codec or schema has read it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** Reads text as JSON; `undefined` when it is malformed, so that callers decide whose fault that is. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** The value as an object, or `undefined` when it is anything else. */
export const asObject = (value: Json | undefined): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined

/** The value as a list, or `undefined` when it is anything else. */
export const asList = (value: Json | undefined): readonly Json[] | undefined =>
  Array.isArray(value) ? (value as readonly Json[]) : undefined

/** The value as text, or `undefined` when it is anything else. */
export const asText = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined)

/** A whole number that is not negative and exact in a double, or `undefined`: vendors have sent negative, huge and broken counts. */
export const asCount = (value: Json | undefined): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
