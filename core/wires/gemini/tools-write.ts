import type { Chat, CustomTool, FunctionTool, Tool, ToolChoice } from '../../chat.ts'
import { CUSTOM_TOOL_SCHEMA, customToolText } from '../../custom-tool.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import { restored, speltAs, WIRE, wordAs } from './kept.ts'
import { rewriteSchema } from './schema.ts'
import { asWritten } from './schema-spelling.ts'
import { MODE, NO_TOOLS, PLACES, usualPlaces } from './tools-read.ts'
import { lose, type Writing } from './writing.ts'

/** `tools`, or `undefined` when there are none. */
export function writeTools(writing: Writing): readonly JsonObject[] | undefined {
  const { chat, losses } = writing
  const tools = chat.tools.filter((tool) => tool.kind !== 'foreign' || tool.wire === WIRE)
  if (tools.length < chat.tools.length) {
    losses.add({ field: 'tool.foreign', what: 'dropped', why: "only the client's own API has this tool" })
  }
  const groups: { functions: JsonObject[]; whole: JsonObject }[] = []
  const places = placesOf(tools, chat)
  for (const [index, tool] of tools.entries()) {
    const place = places[index] ?? 0
    while (groups.length <= place) groups.push({ functions: [], whole: {} })
    const group = groups[place]
    if (group === undefined) continue
    if (tool.kind === 'foreign') group.whole = { ...group.whole, ...asObject(tool.json) }
    else group.functions.push(writeFunction(tool, writing))
  }
  if (groups.length === 0) return speltAs(chat.own, NO_TOOLS) === undefined ? undefined : []
  return groups.map(({ functions, whole }) =>
    functions.length === 0 ? whole : { functionDeclarations: functions, ...whole },
  )
}

/** `toolConfig`, or `undefined` when there is nothing to say in it. */
export function writeToolChoice(writing: Writing): JsonObject | undefined {
  const { chat, losses, isHome } = writing
  const { toolChoice: choice } = chat
  if (chat.parallelCalls === false) lose(losses, 'parallelCalls')
  if (choice === undefined) return undefined
  // The vendor refuses a choice where there is nothing to choose.
  if (!isHome && !chat.tools.some(({ kind }) => kind !== 'foreign')) {
    if (choice.kind !== 'auto' && choice.kind !== 'none') {
      losses.add({ field: FEATURE_OF[choice.kind], what: 'dropped', why: 'there are no functions to call' })
    }
    return undefined
  }
  const { mode, allowedFunctionNames } = calling(choice, writing)
  const config: JsonObject = { mode: wordAs(chat.own, MODE, mode) }
  return { functionCallingConfig: allowedFunctionNames === undefined ? config : { ...config, allowedFunctionNames } }
}

const FEATURE_OF = {
  required: 'toolChoice.required',
  named: 'toolChoice.named',
  allowed: 'toolChoice.allowed',
} as const

/** As the client had them, as long as they are still the same tools. */
function placesOf(tools: readonly Tool[], { own, tools: all }: Chat): readonly number[] {
  const spelt = speltAs(own, PLACES)?.split(' ').map(Number)
  return spelt?.length === tools.length && tools.length === all.length ? spelt : usualPlaces(tools)
}

function writeFunction(tool: FunctionTool | CustomTool, writing: Writing): JsonObject {
  const { names, losses } = writing
  const name = names.sent(tool.name)
  if (tool.cacheMark !== undefined) lose(losses, 'text.cacheMark')
  if (tool.kind === 'custom') return writeCustom(tool, { name, writing })
  if (tool.strict === true) lose(losses, 'tool.strict')
  const declaration: { [key: string]: Json } = { name }
  if (tool.description !== undefined) declaration['description'] = tool.description
  return restored({ ...declaration, ...writeParameters(tool, writing) }, tool.own)
}

interface Custom {
  readonly name: string
  readonly writing: Writing
}

function writeCustom(tool: CustomTool, { name, writing }: Custom): JsonObject {
  const { losses, target } = writing
  lose(losses, 'tool.custom')
  if (tool.grammar !== undefined) lose(losses, 'tool.grammar')
  const description = customToolText(tool)
  const form = target.dialect.schema ?? 'json-schema'
  // It is ours, not the client's: what the older form does without is nobody's loss.
  const schema = rewriteSchema(CUSTOM_TOOL_SCHEMA, form, () => {})
  const parameters = form === 'openapi' ? { parameters: schema } : { parametersJsonSchema: schema }
  return { name, ...(description === undefined ? {} : { description }), ...parameters }
}

function writeParameters(tool: FunctionTool, { losses, isHome, target }: Writing): JsonObject {
  if (tool.schema === undefined) return {}
  const original = asWritten(tool.schema, tool.own)
  if (original !== undefined) return { parameters: original }
  const { schema: form = 'json-schema' } = target.dialect
  if (isHome && form === 'json-schema') return { parametersJsonSchema: tool.schema }
  const schema = rewriteSchema(asArguments(tool.schema), form, (keyword, what, why) => {
    losses.add({ field: `tools.${tool.name}.schema.${keyword}`, what, why })
  })
  if (form === 'json-schema') return { parametersJsonSchema: schema }
  // The older form refuses an object without properties: a function without arguments has no schema.
  const properties = schema['properties']
  return properties === undefined || JSON.stringify(properties) === '{}' ? {} : { parameters: schema }
}

/** Arguments are an object, also where the client did not say so. */
const asArguments = (schema: JsonObject): JsonObject =>
  schema['type'] === undefined ? { type: 'object', ...schema } : schema

interface Calling {
  readonly mode: string
  readonly allowedFunctionNames?: readonly string[]
}

function calling(choice: ToolChoice, { names }: Writing): Calling {
  switch (choice.kind) {
    case 'auto':
      return { mode: 'AUTO' }
    case 'none':
      return { mode: 'NONE' }
    case 'required':
      return { mode: 'ANY' }
    case 'named':
      return { mode: 'ANY', allowedFunctionNames: [names.sent(choice.name)] }
    case 'allowed':
      return { mode: choice.required ? 'ANY' : 'VALIDATED', allowedFunctionNames: choice.names.map(names.sent) }
  }
}
