import type { Tool, ToolChoice } from '../../chat.ts'
import { badField, type Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import { asList, asObject, asText, type Json } from '../../json.ts'
import { keep, WIRE } from './spelling.ts'

/** A function or a tool of free text; every other one is the vendor's own, and kept whole. */
export function readTool(tool: Fields): Tool {
  const type = tool.textNeeded('type')
  if (type === 'function') return readFunction(tool)
  if (type === 'custom') return readCustom(tool)
  return { kind: 'foreign', wire: WIRE, type, json: tool.json }
}

function readFunction(tool: Fields): Tool {
  const name = nameOf(tool)
  const optional = {
    description: tool.text('description'),
    schema: tool.object('parameters')?.json,
    strict: tool.flag('strict'),
  }
  return { kind: 'function', name, ...given({ ...optional, own: keep(tool.rest()) }) }
}

function readCustom(tool: Fields): Tool {
  const name = nameOf(tool)
  const description = tool.text('description')
  const format = readFormat(tool)
  if (format !== undefined) tool.any('format')
  const spelt = format === 'text' ? ['text'] : []
  const grammar = format === 'text' ? undefined : format
  return { kind: 'custom', name, ...given({ description, grammar, own: keep(tool.rest(), { spelt }) }) }
}

/** Free text, a grammar, or `undefined` where nothing is said or a kind that is not known. */
function readFormat(tool: Fields): 'text' | Grammar | undefined {
  if (!tool.has('format')) return undefined
  const format = asObject(tool.json['format'])
  if (format === undefined) throw badField(tool.path('format'), 'must be an object')
  const { type, syntax, definition, ...more } = format
  if (Object.keys(more).length > 0) return undefined
  if (type === 'text' && syntax === undefined && definition === undefined) return 'text'
  const isGrammar = type === 'grammar' && typeof syntax === 'string' && typeof definition === 'string'
  return isGrammar ? { syntax, definition } : undefined
}

interface Grammar {
  readonly syntax: string
  readonly definition: string
}

/** A name is what the model calls, and there is no calling nothing. */
function nameOf(tool: Fields): string {
  const name = tool.textNeeded('name')
  if (name === '') throw badField(tool.path('name'), 'must not be empty')
  return name
}

/**
 * Which tool is to be called, or `undefined` where only this wire can say it (its hosted tools): then it stays with the body's other fields.
 * Kinds of tool are not said twice in a Chat, so an allowed tool must be of the kind that `tools` says.
 */
export function readToolChoice(body: Fields, tools: readonly Tool[]): ToolChoice | undefined {
  const value = body.json['tool_choice']
  if (value === undefined || value === null) return undefined
  const choice = typeof value === 'string' ? readWord(body) : readObject(value, tools)
  if (choice === undefined && asObject(value) === undefined) {
    throw badField('tool_choice', 'must be a string or an object')
  }
  if (choice !== undefined) body.any('tool_choice')
  return choice
}

function readWord(body: Fields): ToolChoice | undefined {
  const kind = body.oneOf('tool_choice', ['none', 'auto', 'required'] as const)
  return kind === undefined ? undefined : { kind }
}

function readObject(value: Json, tools: readonly Tool[]): ToolChoice | undefined {
  const { type, name, mode, tools: allowed, ...more } = asObject(value) ?? {}
  if (Object.keys(more).length > 0) return undefined
  if (type === 'allowed_tools' && name === undefined) return readAllowed(mode, { allowed, tools })
  if (typeof name !== 'string' || mode !== undefined || allowed !== undefined) return undefined
  if (type === 'function') return { kind: 'named', name }
  return type === 'custom' ? { kind: 'named', name, custom: true } : undefined
}

function readAllowed(
  mode: Json | undefined,
  { allowed, tools }: { readonly allowed: Json | undefined; readonly tools: readonly Tool[] },
): ToolChoice | undefined {
  const names = asList(allowed)?.map((entry) => allowedName(entry, tools))
  const known = names?.filter((name) => name !== undefined)
  if (known === undefined || known.length !== names?.length) return undefined
  return mode === 'auto' || mode === 'required'
    ? { kind: 'allowed', names: known, required: mode === 'required' }
    : undefined
}

function allowedName(entry: Json, tools: readonly Tool[]): string | undefined {
  const { type, name, ...more } = asObject(entry) ?? {}
  const text = asText(name)
  if (text === undefined || Object.keys(more).length > 0) return undefined
  return type === toolType(text, tools) ? text : undefined
}

/** What a named tool is called on this wire. One that is not offered is taken for a function. */
export const toolType = (name: string, tools: readonly Tool[]): 'function' | 'custom' =>
  tools.some((tool) => tool.kind === 'custom' && tool.name === name) ? 'custom' : 'function'
