import type { Chat, CustomTool, FunctionTool, Tool, ToolChoice } from '../../chat.ts'
import { filled } from '../../json-object.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import { isSpelt, ownFields } from '../../own.ts'
import { WIRE, overlay } from './kept.ts'
import { loseHere, markFields, type Writing } from './writing.ts'

/** The tools, or `undefined` where there are none: an empty list is refused. */
export function writeTools({ tools, own }: Chat, writing: Writing): Json | undefined {
  const written = tools.flatMap((tool) => writeTool(tool, writing))
  return written.length === 0 && !isSpelt(own, WIRE, 'toolless') ? undefined : written
}

/** The choice among the tools. OpenAI refuses one without tools, which is left when those of another wire were all dropped. */
export function writeToolChoice(chat: Chat, hasTools: boolean, writing: Writing): Json | undefined {
  const { toolChoice, tools, own } = chat
  if (toolChoice === undefined) return undefined
  if (tools.length > 0 && !hasTools) return loseChoice(toolChoice, writing)
  switch (toolChoice.kind) {
    case 'auto':
    case 'none':
      return toolChoice.kind
    case 'required':
      return isSpelt(own, WIRE, 'any') ? 'any' : 'required'
    case 'named':
      return namedTool(toolChoice.name, toolChoice.custom === true || isCustom(toolChoice.name, tools), writing)
    case 'allowed':
      return { type: 'allowed_tools', allowed_tools: allowed(toolChoice, chat, writing) }
  }
}

function loseChoice({ kind }: ToolChoice, writing: Writing): undefined {
  if (kind === 'auto' || kind === 'none') return
  loseHere(writing, `toolChoice.${kind}`, { what: 'dropped', why: 'there is no tool to choose' })
}

function writeTool(tool: Tool, writing: Writing): readonly JsonObject[] {
  switch (tool.kind) {
    case 'function':
      return [writeFunction(tool, writing)]
    case 'custom':
      return [writeCustom(tool, writing)]
    case 'foreign': {
      const json = tool.wire === WIRE ? asObject(tool.json) : undefined
      if (json !== undefined) return [json]
      loseHere(writing, 'tool.foreign', { what: 'dropped', why: "only the client's own API has this tool" })
      return []
    }
  }
}

function writeFunction(tool: FunctionTool, writing: Writing): JsonObject {
  const { name, description, schema, strict, own } = tool
  const inner = filled({ name: writing.names.sent(name), description, parameters: schema, strict })
  return overlay(ownFields(own, WIRE), {
    type: 'function',
    function: inner,
    ...markFields(tool.cacheMark, own, writing),
  })
}

function writeCustom(tool: CustomTool, writing: Writing): JsonObject {
  const { name, description, grammar, own } = tool
  const text = isSpelt(own, WIRE, 'text') ? { type: 'text' } : undefined
  const format = grammar === undefined ? text : { type: 'grammar', grammar }
  const inner = filled({ name: writing.names.sent(name), description, format })
  return overlay(ownFields(own, WIRE), { type: 'custom', custom: inner, ...markFields(tool.cacheMark, own, writing) })
}

const allowed = (
  { names, required }: Extract<ToolChoice, { kind: 'allowed' }>,
  { tools }: Chat,
  writing: Writing,
): JsonObject => ({
  mode: required ? 'required' : 'auto',
  tools: names.map((name) => namedTool(name, isCustom(name, tools), writing)),
})

function namedTool(name: string, custom: boolean, { names }: Writing): JsonObject {
  const kind = custom ? 'custom' : 'function'
  return { type: kind, [kind]: { name: names.sent(name) } }
}

const isCustom = (name: string, tools: readonly Tool[]): boolean =>
  tools.some((tool) => tool.kind === 'custom' && tool.name === name)
