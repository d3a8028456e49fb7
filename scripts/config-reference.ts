import * as z from 'zod'
import { configSchema } from '../server/config-schema.ts'

/** `docs/configuration.md`: every field of `sekisho.yaml` with what it takes, its default and its sentence, from the schema itself. */
export function configReference(): string {
  const { properties = {} } = z.toJSONSchema(configSchema, { io: 'input' })
  const sections = Object.entries(properties).map(([name, schema]) => section(name, shapeOf(schema)))
  return `${[HEAD, ...sections].join('\n\n')}\n`
}

const HEAD = `# Configuration reference

<!-- Made by npm run reference from server/config-schema.ts. -->

Every field of \`sekisho.yaml\`, with its default. An unknown field is refused. What a section leaves out has its default, so an empty file is a
valid one. \`<name>\` stands for a name that you choose, \`[]\` for each entry of a list. How to write, check and change the file:
[guides/configure.md](guides/configure.md).`

type Schema = z.core.JSONSchema.JSONSchema

interface Row {
  readonly path: string
  readonly schema: Schema
  readonly needed: 'needed' | 'optional'
}

function section(name: string, schema: Schema): string {
  const rows = rowsOf({ path: name, schema, needed: 'optional' })
  const about = rows.some(({ path }) => path === name) ? '' : sentence(schema)
  const table = ['| field | takes | default | meaning |', '| --- | --- | --- | --- |', ...rows.map(line)]
  return [`## ${name}`, about, table.join('\n')].filter((text) => text !== '').join('\n\n')
}

/** The leaves below a field: what an operator can write a value for. */
function rowsOf({ path, schema, needed }: Row): readonly Row[] {
  const { properties, required = [], additionalProperties, items } = schema
  if (properties !== undefined) {
    return Object.entries(properties).flatMap(([name, property]) =>
      rowsOf({
        path: `${path}.${name}`,
        schema: described(shapeOf(property), schema),
        needed: required.includes(name) ? 'needed' : 'optional',
      }),
    )
  }
  if (typeof additionalProperties === 'object')
    return rowsOf({ path: `${path}.<name>`, schema: additionalProperties, needed })
  if (typeof items === 'object' && !Array.isArray(items) && items.properties !== undefined)
    return rowsOf({ path: `${path}[]`, schema: items, needed })
  return [{ path, schema, needed }]
}

function line({ path, schema, needed }: Row): string {
  const fallback = schema.default === undefined ? needed : code(JSON.stringify(schema.default))
  return `| ${[code(path), takes(schema), fallback, sentence(schema)].join(' | ')} |`
}

/** A field without a sentence of its own has that of the object which it is in. */
const described = (field: Schema, { description }: Schema): Schema =>
  field.description === undefined && description !== undefined ? { ...field, description } : field

/** Outside of code an angle bracket would begin a tag. */
const sentence = ({ description = '' }: Schema): string => cell(description).replaceAll('<', '&lt;')

function takes(schema: Schema): string {
  const { enum: choices, type, items, minimum, maximum, maxLength } = schema
  if (choices !== undefined) return choices.map((choice) => code(String(choice))).join(', ')
  if (type === 'boolean') return '`true`, `false`'
  if (type === 'integer') return `${number(minimum)} to ${number(maximum)}`
  if (type === 'number') return `a number, ${number(minimum)} to ${number(maximum)}`
  if (type === 'array') return `a list (${takes(shapeOf(Array.isArray(items) ? undefined : items))})`
  return maxLength === undefined ? formOf(schema) : `text, ${number(maxLength)} characters at most`
}

/** What a text must look like, where the schema says. */
function formOf({ format, pattern }: Schema): string {
  if (pattern?.includes('file:') === true) return '`${NAME}` or `file:/path`'
  if (format === 'uri') return 'an http or https address'
  if (format === 'date') return 'a day as 2026-12-31'
  return pattern?.includes('/') === true ? '`provider/model`' : 'text'
}

/** The largest safe integer is how the schema says that there is no bound. */
const number = (bound: number | undefined): string =>
  bound === undefined || bound === Number.MAX_SAFE_INTEGER ? 'any' : bound.toLocaleString('en-US')

const shapeOf = (schema: z.core.JSONSchema._JSONSchema | undefined): Schema =>
  typeof schema === 'object' ? schema : {}

const code = (text: string): string => `\`${cell(text)}\``

/** A vertical bar would end the cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|')
