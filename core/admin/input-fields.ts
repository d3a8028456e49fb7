import * as z from 'zod'
import { parseJson } from '../json.ts'

/** One field of an action's input, as a query or a command line sees it: where everything is text. */
export interface InputField {
  readonly name: string
  readonly kind: 'text' | 'number' | 'boolean' | 'list' | 'json'
  readonly required: boolean
  readonly description: string
  /** The only values that it takes, or `undefined` for any. */
  readonly choices: readonly string[] | undefined
  readonly fallback: string | undefined
}

/** The fields of a declared input, in their order. */
export function inputFields(input: z.ZodType): readonly InputField[] {
  const { properties = {}, required = [] } = z.toJSONSchema(input, { io: 'input' })
  return Object.entries(properties).map(([name, property]) => {
    const schema = typeof property === 'boolean' ? {} : property
    const shape = notNull(schema)
    const fallback: unknown = schema.default
    return {
      name,
      kind: KINDS[String(shape.type)] ?? 'text',
      required: required.includes(name),
      description: schema.description ?? shape.description ?? '',
      choices: shape.enum?.map(String),
      fallback: typeof fallback === 'string' || typeof fallback === 'number' ? String(fallback) : undefined,
    }
  })
}

/**
 * Texts by field name as the values that the schema declares. What is no number where one is declared, and fields that
 * nobody declared, stay as they are: the schema refuses them in its own words.
 */
export function fromTexts(
  fields: readonly InputField[],
  texts: Iterable<readonly [string, string]>,
): { readonly [field: string]: unknown } {
  const kinds = new Map(fields.map(({ name, kind }) => [name, kind]))
  const given = Map.groupBy(texts, ([name]) => name)
  return Object.fromEntries(
    [...given].map(([name, pairs]) => {
      const kind = kinds.get(name) ?? 'text'
      const values = pairs.map(([, text]) => fromText(kind, text))
      // A list is given by repeating the field. Anything else given twice becomes a list too, which its schema refuses.
      return [name, kind === 'list' || values.length > 1 ? values : values[0]]
    }),
  )
}

function fromText(kind: InputField['kind'], text: string): unknown {
  switch (kind) {
    case 'number':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'json':
      return parseJson(text) ?? text
    case 'text':
    case 'list':
      return text
  }
}

const KINDS: { readonly [type: string]: InputField['kind'] } = {
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  array: 'list',
  object: 'json',
}

type Schema = z.core.JSONSchema.JSONSchema

/** What a nullable field is when it is not null. */
function notNull(schema: Schema): Schema {
  const other = schema.anyOf?.find((one) => typeof one !== 'boolean' && one.type !== 'null')
  return typeof other === 'object' ? other : schema
}
