import * as z from 'zod'
import { nearest } from '../../core/nearest.ts'
import { type ConfigPath, valueAt } from './path.ts'
import { type Finding, suggestion } from './problem.ts'

/** What the schema found wrong with `value`, in our own sentences: with a suggestion where a name was misspelt, and without any value. */
export function findingsOf(error: z.ZodError, value: unknown, schema: z.ZodType): readonly Finding[] {
  return error.issues.flatMap((issue) => findingsOfIssue(issue, value, schema))
}

function findingsOfIssue(issue: z.core.$ZodIssue, value: unknown, schema: z.ZodType): readonly Finding[] {
  const path = pathOf(issue)
  if (issue.code !== 'unrecognized_keys' && valueAt(value, path) === undefined) return [{ path, message: 'is missing' }]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownField([...path, key], fieldsAt(schema, path)))
    case 'invalid_type':
      return [{ path, message: `must be ${TYPES[issue.expected] ?? issue.expected}` }]
    case 'invalid_value':
      return [{ path, message: notOneOf(valueAt(value, path), issue.values.map(String)) }]
    case 'too_small':
      return [{ path, message: `must be at least ${issue.minimum}${unitOf(issue.origin)}` }]
    case 'too_big':
      return [{ path, message: `must be at most ${issue.maximum}${unitOf(issue.origin)}` }]
    case 'invalid_format':
      return [{ path, message: FORMATS[issue.format] ?? issue.message }]
    case 'invalid_key':
      return [{ path, message: `this name cannot be used: ${issue.issues[0]?.message ?? 'it is not valid'}` }]
    case 'custom':
    case 'invalid_element':
    case 'invalid_union':
    case 'not_multiple_of':
      return [{ path, message: issue.message }]
  }
}

const pathOf = (issue: z.core.$ZodIssue): ConfigPath =>
  issue.path.map((part) => (typeof part === 'number' ? part : String(part)))

const unknownField = (path: ConfigPath, known: readonly string[]): Finding => ({
  path,
  message: `unknown field${suggestion(nearest(String(path.at(-1)), known))}`,
})

function notOneOf(given: unknown, values: readonly string[]): string {
  const near = typeof given === 'string' ? nearest(given, values) : undefined
  return near === undefined ? `must be one of ${values.join(', ')}` : `is not known${suggestion(near)}`
}

const TYPES: { readonly [expected: string]: string } = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of fields',
  record: 'a map of names',
}

const FORMATS: { readonly [format: string]: string } = {
  url: 'must be a URL that begins with http:// or https://',
  date: 'must be a day, as 2026-01-31',
}

const UNITS: { readonly [origin: string]: string } = { string: ' characters long', array: ' entries long' }
const unitOf = (origin: string): string => UNITS[origin] ?? ''

/** The fields that the schema knows at `path`, for suggestions. */
function fieldsAt(schema: z.ZodType, path: ConfigPath): readonly string[] {
  let current: unknown = inner(schema)
  for (const part of path) {
    if (current instanceof z.ZodObject) current = inner(Reflect.get(current.shape, part))
    else if (current instanceof z.ZodRecord) current = inner(current.valueType)
    else if (current instanceof z.ZodArray) current = inner(current.element)
    else return []
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : []
}

function inner(schema: unknown): unknown {
  const wraps =
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional
  return wraps ? inner(schema.unwrap()) : schema
}
