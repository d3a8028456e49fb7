import type { Tool, ToolChoice } from '../../chat.ts'
import { badField, Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import { isEmpty, without } from '../../json-object.ts'
import { asObject, type JsonObject } from '../../json.ts'
import { readMark } from './cache-mark.ts'
import { WIRE, keep, spellings } from './kept.ts'

/** Tools of a kind that is not known are kept whole: vendors of this wire have their own ones. */
export const readTools = (body: Fields): readonly Tool[] => (body.objects('tools') ?? []).map(readTool)

/** What the client chose, and what of its choice only this wire knows. */
export interface Chosen {
  readonly toolChoice?: ToolChoice
  readonly kept: JsonObject
}

/** A kind of choice that is not known is kept as it is. */
export function readToolChoice(body: Fields): Chosen {
  const value = body.any('tool_choice')
  if (value === undefined) return { kept: {} }
  if (typeof value === 'string') return { toolChoice: wordChoice(value), kept: {} }
  const choice = Fields.of(value, 'tool_choice')
  const toolChoice = objectChoice(choice)
  return toolChoice === undefined ? { kept: choice.json } : { toolChoice, kept: choiceRest(choice) }
}

function readTool(tool: Fields): Tool {
  const type = tool.textNeeded('type')
  if (type === 'function') return readFunction(tool)
  if (type === 'custom') return readCustom(tool)
  return { kind: 'foreign', wire: WIRE, type, json: tool.json }
}

function readFunction(tool: Fields): Tool {
  const inner = tool.objectNeeded('function')
  const name = inner.textNeeded('name')
  const description = inner.text('description')
  const schema = inner.object('parameters')?.json
  const strict = inner.flag('strict')
  const { mark, spelt } = readMark(tool)
  return {
    kind: 'function',
    name,
    ...given({ description, schema, strict }),
    ...mark,
    ...keep(tool.restWith({ function: inner.rest() }), spelt),
  }
}

function readCustom(tool: Fields): Tool {
  const inner = tool.objectNeeded('custom')
  const name = inner.textNeeded('name')
  const description = inner.text('description')
  const format = inner.object('format')
  const type = format?.textNeeded('type')
  const grammar = type === 'grammar' ? format?.objectNeeded('grammar') : undefined
  const definition = grammar?.textNeeded('definition')
  const syntax = grammar?.textNeeded('syntax')
  const { mark, spelt } = readMark(tool)
  const isKnown = type === undefined || type === 'text' || type === 'grammar'
  const formatRest = format === undefined || isKnown ? nestedRest(format, { grammar }) : format.json
  return {
    kind: 'custom',
    name,
    ...(description === undefined ? {} : { description }),
    ...(definition === undefined || syntax === undefined ? {} : { grammar: { syntax, definition } }),
    ...mark,
    ...keep(tool.restWith({ custom: inner.restWith({ format: formatRest }) }), [
      ...spelt,
      ...spellings({ text: type === 'text' }),
    ]),
  }
}

const nestedRest = (fields: Fields | undefined, inner: { readonly [key: string]: Fields | undefined }): JsonObject =>
  fields === undefined
    ? {}
    : fields.restWith(Object.fromEntries(Object.entries(inner).map(([key, one]) => [key, one?.rest()])))

/** `any` is what some vendors of this wire call `required`. */
const WORDS: ReadonlyMap<string, ToolChoice> = new Map([
  ['auto', { kind: 'auto' }],
  ['none', { kind: 'none' }],
  ['required', { kind: 'required' }],
  ['any', { kind: 'required' }],
])

function wordChoice(word: string): ToolChoice {
  const choice = WORDS.get(word)
  if (choice === undefined) throw badField('tool_choice', `must be an object or one of ${[...WORDS.keys()].join(', ')}`)
  return choice
}

/** `undefined` for a kind of choice that is not known. */
function objectChoice(choice: Fields): ToolChoice | undefined {
  const type = choice.textNeeded('type')
  if (type === 'function') return { kind: 'named', name: choice.objectNeeded('function').textNeeded('name') }
  if (type === 'custom') return { kind: 'named', name: choice.objectNeeded('custom').textNeeded('name'), custom: true }
  return type === 'allowed_tools' ? allowedChoice(choice.objectNeeded('allowed_tools')) : undefined
}

function allowedChoice(allowed: Fields): ToolChoice | undefined {
  const mode = allowed.oneOf('mode', ['auto', 'required'])
  const tools = allowed.objects('tools')
  if (mode === undefined || tools === undefined)
    throw badField(allowed.path(mode === undefined ? 'mode' : 'tools'), 'is required')
  const names = tools.map(allowedName)
  const known = names.filter((name) => name !== undefined)
  return known.length === names.length ? { kind: 'allowed', names: known, required: mode === 'required' } : undefined
}

/** The name in an entry that says nothing else; `undefined` for any other. */
function allowedName({ json }: Fields): string | undefined {
  const { type, ...inner } = json
  if (type !== 'function' && type !== 'custom') return undefined
  const { [type]: tool, ...others } = inner
  const { name, ...rest } = asObject(tool) ?? {}
  return typeof name === 'string' && isEmpty(rest) && isEmpty(others) ? name : undefined
}

/** Beside what the canonical form says of the choice. */
function choiceRest({ json }: Fields): JsonObject {
  const [type] = [json['type']].filter((word) => typeof word === 'string')
  const rest = without(json, ['type', type ?? ''])
  const inner = without(asObject(json[type ?? '']) ?? {}, ['name', 'mode', 'tools'])
  return isEmpty(inner) || type === undefined ? rest : { ...rest, [type]: inner }
}
