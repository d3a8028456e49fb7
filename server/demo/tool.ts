import { asObject, asText, type Json, type JsonObject } from '../../core/json.ts'
import { isAbsent, readList, readObject, readText } from './fields.ts'
import { badField } from './refusal.ts'

/** A tool that the client offers: `schema` is that of its arguments, or `null` for a custom tool, which takes plain text. */
export interface Tool {
  readonly name: string
  readonly schema: JsonObject | null
}

/** Which tools must or may be called. */
export type ToolChoice =
  | { readonly kind: 'auto' }
  | { readonly kind: 'none' }
  | { readonly kind: 'required' }
  | { readonly kind: 'named'; readonly name: string }

export function readTools(value: Json | undefined): readonly Tool[] {
  if (isAbsent(value)) return []
  return readList(value, 'tools', { min: 1, max: 128 }).map((tool, index) => readTool(tool, `tools[${index}]`))
}

export function readToolChoice(value: Json | undefined, tools: readonly Tool[]): ToolChoice {
  if (isAbsent(value)) return { kind: 'auto' }
  if (tools.length === 0) throw badField('tool_choice', "'tool_choice' is only allowed when 'tools' are given")
  if (value === 'auto' || value === 'none' || value === 'required') return { kind: value }
  const choice = readObject(value, 'tool_choice')
  if (choice['type'] === 'allowed_tools') {
    return { kind: asObject(choice['allowed_tools'])?.['mode'] === 'required' ? 'required' : 'auto' }
  }
  const name = asText((asObject(choice['function']) ?? asObject(choice['custom']))?.['name'])
  if (!tools.some((tool) => tool.name === name) || name === undefined) {
    throw badField('tool_choice', "'tool_choice' names a tool that is not in 'tools'")
  }
  return { kind: 'named', name }
}

function readTool(value: Json, param: string): Tool {
  const tool = readObject(value, param)
  if (tool['type'] === 'custom') {
    const custom = readObject(tool['custom'], `${param}.custom`)
    return { name: readName(custom['name'], `${param}.custom.name`), schema: null }
  }
  if (tool['type'] !== 'function') throw badField(`${param}.type`, `'${param}.type' must be function or custom`)
  const definition = readObject(tool['function'], `${param}.function`)
  const { parameters } = definition
  return {
    name: readName(definition['name'], `${param}.function.name`),
    schema: isAbsent(parameters) ? {} : readObject(parameters, `${param}.function.parameters`),
  }
}

function readName(value: Json | undefined, param: string): string {
  const name = readText(value, param)
  if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) {
    throw badField(param, `'${param}' must be 1 to 64 letters, digits, underscores or hyphens`)
  }
  return name
}
