import type { Chat, CustomTool, FunctionTool, Tool, ToolChoice } from '../../chat.ts'
import { given } from '../../given.ts'
import type { Json, JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import { kept, WIRE } from './spelling.ts'
import { toolType } from './tools-read.ts'
import type { Writing } from './writing.ts'

/** The tools of a body, and how they may be called. */
export function writeTools(chat: Chat, writing: Writing): JsonObject {
  const tools = chat.tools.flatMap((tool) => writeTool(tool, writing))
  const isSaid = tools.length > 0 || isSpelt(chat.own, WIRE, 'no tools')
  const choice = chat.toolChoice
  return given({
    tools: isSaid ? tools : undefined,
    tool_choice:
      choice !== undefined && isChoosable(choice, tools, writing) ? writeChoice(choice, chat, writing) : undefined,
    parallel_tool_calls: writing.home || tools.length > 0 ? chat.parallelCalls : undefined,
  })
}

function writeTool(tool: Tool, writing: Writing): readonly Json[] {
  if (tool.kind === 'foreign') {
    if (tool.wire === WIRE) return [tool.json]
    writing.losses.add({ field: 'tool.foreign', what: 'dropped', why: `'${tool.type}' is a tool of another API` })
    return []
  }
  if (tool.cacheMark !== undefined) {
    writing.losses.add({ field: 'text.cacheMark', what: 'dropped', why: 'tools cannot be marked' })
  }
  return [tool.kind === 'function' ? writeFunction(tool, writing) : writeCustom(tool, writing)]
}

/** On this wire functions are strict unless it is said that they are not; on all others it is the other way round. */
function writeFunction(tool: FunctionTool, { home, sentName }: Writing): JsonObject {
  const { name, description, schema, strict } = tool
  return {
    ...kept(tool.own),
    type: 'function',
    name: sentName(name),
    ...given({
      description,
      parameters: schema ?? (home ? undefined : NO_ARGUMENTS),
      strict: strict ?? (home ? undefined : false),
    }),
  }
}

const NO_ARGUMENTS: JsonObject = { type: 'object', properties: {} }

function writeCustom(tool: CustomTool, { sentName }: Writing): JsonObject {
  const { name, description, grammar, own } = tool
  const format = grammar === undefined ? undefined : { type: 'grammar', ...grammar }
  const said = isSpelt(own, WIRE, 'text') ? { type: 'text' } : undefined
  return { ...kept(own), type: 'custom', name: sentName(name), ...given({ description, format: format ?? said }) }
}

/** A choice among tools of which none could be said is an error to the vendor. */
function isChoosable({ kind }: ToolChoice, tools: readonly Json[], { home, losses }: Writing): boolean {
  if (home || tools.length > 0) return true
  if (kind === 'required' || kind === 'named' || kind === 'allowed') {
    losses.add({ field: `toolChoice.${kind}`, what: 'dropped', why: 'there is no tool to choose' })
  }
  return false
}

function writeChoice(choice: ToolChoice, { tools }: Chat, { sentName }: Writing): Json {
  switch (choice.kind) {
    case 'auto':
    case 'none':
    case 'required':
      return choice.kind
    case 'named':
      return { type: choice.custom === true ? 'custom' : toolType(choice.name, tools), name: sentName(choice.name) }
    case 'allowed':
      return {
        type: 'allowed_tools',
        mode: choice.required ? 'required' : 'auto',
        tools: choice.names.map((name) => ({ type: toolType(name, tools), name: sentName(name) })),
      }
  }
}
