import type { Chat, CustomTool, FunctionTool, Tool } from '../../chat.ts'
import { CUSTOM_TOOL_SCHEMA, customToolText } from '../../custom-tool.ts'
import { filled, objectsOf } from '../../json-object.ts'
import type { JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import { keptFields, WIRE, withKept, writeMark } from './kept.ts'
import { closedSchema } from './output-schema.ts'
import { rootedSchema } from './tool-schema.ts'
import { drop, lose, type Writing } from './writing.ts'

/** Without the tools that only another wire knows. */
export const writeTools = (tools: readonly Tool[], writing: Writing): readonly JsonObject[] =>
  tools.flatMap((tool) => writeTool(tool, writing))

/** `tool_choice`, where there is a tool to choose. Without one the vendor refuses it, and `none` and `auto` say nothing. */
export function writeToolChoice(chat: Chat, offered: number, writing: Writing): JsonObject | undefined {
  const { toolChoice, parallelCalls } = chat
  if (offered === 0 && !writing.home) {
    const { kind } = toolChoice ?? { kind: 'auto' }
    if (kind !== 'auto' && kind !== 'none') drop(writing, `toolChoice.${kind}`, 'no tool is left to choose')
    return undefined
  }
  // That calls may be parallel is the rule: only a client of this wire says it.
  const single = parallelCalls === undefined || (parallelCalls && !writing.home) ? undefined : !parallelCalls
  const choice = toolChoice ?? (single === undefined ? undefined : { kind: 'auto' as const })
  const said =
    choice === undefined ? {} : { ...choiceOf(choice, writing), disable_parallel_tool_use: singleFor(choice, single) }
  return withKept(chat.own, 'tool_choice', said)
}

function writeTool(tool: Tool, writing: Writing): readonly JsonObject[] {
  switch (tool.kind) {
    case 'function':
      return [writeFunction(tool, writing)]
    case 'custom':
      return [writeCustom(tool, writing)]
    case 'foreign':
      if (tool.wire !== WIRE) drop(writing, 'tool.foreign', `the tool ${tool.type} is of another API`)
      return tool.wire === WIRE ? objectsOf([tool.json]) : []
  }
}

function writeFunction(tool: FunctionTool, writing: Writing): JsonObject {
  const strict = tool.strict === true || writing.home ? tool.strict : undefined
  return filled({
    type: isSpelt(tool.own, WIRE, 'type') ? 'custom' : undefined,
    name: writing.sentName(tool.name),
    description: tool.description,
    input_schema: writing.home && tool.schema !== undefined ? tool.schema : schemaFor(tool, writing),
    strict,
    cache_control: writeMark(tool.cacheMark, tool.own),
    ...keptFields(tool.own, ['cache_control']),
  })
}

function schemaFor(tool: FunctionTool, { losses }: Writing): JsonObject {
  const rooted = rootedSchema(tool.schema)
  if (rooted.changed)
    losses.add({ field: 'tools.schema', what: 'emulated', why: 'no alternatives at the root of a schema' })
  if (tool.strict !== true) return rooted.schema
  const { schema, changed } = closedSchema(rooted.schema)
  if (changed) losses.add({ field: 'tools.schema', what: 'emulated', why: 'limits are told in the description' })
  return schema
}

/** A tool that takes free text is one with a single argument. */
function writeCustom(tool: CustomTool, writing: Writing): JsonObject {
  lose(writing, 'tool.custom')
  if (tool.grammar !== undefined) lose(writing, 'tool.grammar')
  return filled({
    name: writing.sentName(tool.name),
    description: customToolText(tool),
    input_schema: CUSTOM_TOOL_SCHEMA,
    cache_control: writeMark(tool.cacheMark),
  })
}

type Choice = NonNullable<Chat['toolChoice']>

function choiceOf(choice: Choice, writing: Writing): { readonly type: string; readonly name?: string } {
  switch (choice.kind) {
    case 'auto':
    case 'none':
      return { type: choice.kind }
    case 'required':
      return { type: 'any' }
    case 'named':
      return { type: 'tool', name: writing.sentName(choice.name) }
    case 'allowed': {
      const [only, ...others] = choice.names
      if (choice.required && only !== undefined && others.length === 0)
        return { type: 'tool', name: writing.sentName(only) }
      lose(writing, 'toolChoice.allowed')
      return { type: choice.required ? 'any' : 'auto' }
    }
  }
}

/** Where no tool may be called there is nothing to be parallel, and the field is not known. */
const singleFor = (choice: Choice, single: boolean | undefined): boolean | undefined =>
  choice.kind === 'none' ? undefined : single
