import { asList, asObject, asText, type Json, type JsonObject } from '../../core/json.ts'
import { badField } from './refusal.ts'

/** Readers of one field of a request. `null` counts as absent, as it does at OpenAI; anything of the wrong type is refused with its path. */

export interface Range {
  readonly min: number
  readonly max: number
}

export function readObject(value: Json | undefined, param: string): JsonObject {
  const object = asObject(value)
  if (object === undefined) throw badField(param, `'${param}' must be an object`)
  return object
}

export function readList(value: Json | undefined, param: string, { min, max }: Range): readonly Json[] {
  const list = asList(value)
  if (list === undefined || list.length < min || list.length > max) {
    throw badField(param, `'${param}' must be a list of ${min} to ${max} entries`)
  }
  return list
}

export function readText(value: Json | undefined, param: string): string {
  const text = asText(value)
  if (text === undefined) throw badField(param, `'${param}' must be text`)
  return text
}

export function readFlag(value: Json | undefined, param: string): boolean {
  if (isAbsent(value)) return false
  if (typeof value !== 'boolean') throw badField(param, `'${param}' must be true or false`)
  return value
}

/** A number in the range, or `undefined` when the field is absent. */
export function readNumber(value: Json | undefined, param: string, { min, max }: Range): number | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value !== 'number' || value < min || value > max) {
    throw badField(param, `'${param}' must be a number from ${min} to ${max}`)
  }
  return value
}

/** A whole number in the range, or `undefined` when the field is absent. */
export function readInteger(value: Json | undefined, param: string, range: Range): number | undefined {
  const number = readNumber(value, param, range)
  if (number !== undefined && !Number.isInteger(number)) throw badField(param, `'${param}' must be a whole number`)
  return number
}

/** One of the words, or `undefined` when the field is absent. */
export function readWord<Word extends string>(
  value: Json | undefined,
  param: string,
  words: readonly Word[],
): Word | undefined {
  if (isAbsent(value)) return undefined
  const word = words.find((one) => one === value)
  if (word === undefined) throw badField(param, `'${param}' must be one of ${words.join(', ')}`)
  return word
}

/** The `stop` field of chat and completions: up to four texts, none of them empty. */
export function readStop(value: Json | undefined): readonly string[] {
  if (isAbsent(value)) return []
  const texts = typeof value === 'string' ? [value] : readList(value, 'stop', { min: 1, max: 4 })
  return texts.map((text) => {
    const stop = readText(text, 'stop')
    if (stop === '') throw badField('stop', "'stop' must not hold empty text")
    return stop
  })
}

/** Whether it streams, and whether the stream ends with usage. Options without a stream are refused, as OpenAI does. */
export function readStream(body: JsonObject): { readonly stream: boolean; readonly includeUsage: boolean } {
  const stream = readFlag(body['stream'], 'stream')
  const options = body['stream_options']
  if (isAbsent(options)) return { stream, includeUsage: false }
  if (!stream) throw badField('stream_options', "'stream_options' is only allowed when 'stream' is true")
  const { include_usage } = readObject(options, 'stream_options')
  return { stream, includeUsage: readFlag(include_usage, 'stream_options.include_usage') }
}

export const isAbsent = (value: Json | undefined): value is null | undefined => value === undefined || value === null
