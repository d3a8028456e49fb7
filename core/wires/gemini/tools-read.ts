import type { Tool, ToolChoice } from '../../chat.ts'
import { Fields } from '../../fields.ts'
import { asList } from '../../json.ts'
import { Kept, WIRE } from './kept.ts'
import { readSchema } from './schema-spelling.ts'

/** The tools that can be called, and as foreign ones those that the vendor runs itself. Throws `bad_request` with the path. */
export function readTools(request: Fields, kept: Kept): readonly Tool[] {
  const groups = request.objects('tools') ?? []
  if (groups.length === 0 && request.has('tools')) kept.spell(NO_TOOLS)
  const tools: Tool[] = []
  const places: number[] = []
  for (const [index, group] of groups.entries()) {
    const read = readGroup(group)
    tools.push(...read)
    places.push(...read.map(() => index))
  }
  if (places.join(' ') !== usualPlaces(tools).join(' ')) kept.spell(PLACES + places.join(' '))
  return tools
}

/** In which of the objects of `tools` each tool stands, where nobody knows better: all functions together, each other one alone. */
export function usualPlaces(tools: readonly Tool[]): readonly number[] {
  let next = 0
  let functions = -1
  return tools.map((tool) => {
    if (tool.kind === 'foreign') return next++
    if (functions < 0) functions = next++
    return functions
  })
}

/** Which tools may be called. What only this wire knows of it is kept. */
export function readToolChoice(request: Fields, kept: Kept): ToolChoice | undefined {
  const config = request.object('toolConfig')
  const calling = config?.object('functionCallingConfig')
  const choice = calling === undefined ? undefined : readMode(calling, kept)
  kept.rest(calling, CALLING)
  kept.rest(config, 'toolConfig')
  return choice
}

export const NO_TOOLS = 'nothing in tools'
export const PLACES = 'tools='
export const MODE = 'mode='

function readGroup(group: Fields): readonly Tool[] {
  const declarations =
    asList(group.json['functionDeclarations'])?.length === 0 ? undefined : group.objects('functionDeclarations')
  const functions = (declarations ?? []).map(readFunction)
  const json = group.rest()
  const [type = ''] = Object.keys(json)
  const isEmpty = functions.length === 0
  return type === '' && !isEmpty ? functions : [...functions, { kind: 'foreign', wire: WIRE, type, json }]
}

function readFunction(declaration: Fields): Tool {
  const kept = new Kept()
  const name = declaration.textNeeded('name')
  const description = declaration.text('description')
  const read = readSchema(declaration, { newer: 'parametersJsonSchema', older: 'parameters' })
  for (const way of read?.own?.spelt ?? []) kept.spell(way)
  kept.rest(declaration)
  const own = kept.own()
  return {
    kind: 'function',
    name,
    ...(description === undefined ? {} : { description }),
    ...(read === undefined ? {} : { schema: read.schema }),
    ...(own === undefined ? {} : { own }),
  }
}

/** A mode that only Gemini has, or a combination that says nothing, is kept as it is. */
function readMode(calling: Fields, kept: Kept): ToolChoice | undefined {
  const word = calling.json['mode']
  if (typeof word !== 'string') {
    calling.text('mode')
    return undefined
  }
  const names = new Fields(calling.json, CALLING).texts('allowedFunctionNames')
  const choice = choiceOf(word.toUpperCase(), names)
  if (choice === undefined) return undefined
  calling.any('mode')
  calling.any('allowedFunctionNames')
  kept.spell(MODE + word)
  return choice
}

const CALLING = 'toolConfig.functionCallingConfig'

function choiceOf(mode: string, names: readonly string[] | undefined): ToolChoice | undefined {
  const [name] = names ?? []
  switch (mode) {
    case 'AUTO':
      return names === undefined ? { kind: 'auto' } : undefined
    case 'NONE':
      return names === undefined ? { kind: 'none' } : undefined
    case 'ANY':
      if (names === undefined) return { kind: 'required' }
      if (name === undefined) return undefined
      return names.length === 1 ? { kind: 'named', name } : { kind: 'allowed', names, required: true }
    case 'VALIDATED':
      return name === undefined || names === undefined ? undefined : { kind: 'allowed', names, required: false }
    default:
      return undefined
  }
}
