import type { Chat, Tool, ToolChoice } from '../../chat.ts'
import type { Fields } from '../../fields.ts'
import { asObject } from '../../json.ts'
import { keptOf, readMark, WIRE } from './kept.ts'

/** The client's own tools; those that the vendor runs, or that have a shape of their own, are foreign. */
export const readTools = (fields: Fields): readonly Tool[] => (fields.objects('tools') ?? []).map(readTool)

function readTool(fields: Fields): Tool {
  const type = fields.text('type')
  if (type !== undefined && type !== 'custom') return { kind: 'foreign', wire: WIRE, type, json: fields.json }
  const name = fields.textNeeded('name')
  const description = fields.text('description')
  const schema = fields.objectNeeded('input_schema').json
  const strict = fields.flag('strict')
  const { mark, left } = readMark(fields)
  return {
    kind: 'function',
    name,
    ...(description === undefined ? {} : { description }),
    schema,
    ...(strict === undefined ? {} : { strict }),
    ...mark,
    ...keptOf(fields, { cache_control: left }, type === undefined ? [] : ['type']),
  }
}

/** How tools may be called. */
export interface ReadChoice {
  readonly said: Pick<Chat, 'toolChoice' | 'parallelCalls'>
  /** What is left of `tool_choice`: all of it where its kind is not known, or what it names is not the client's own tool. */
  readonly left: Fields['json']
}

/** A kind of choice that is not known is left as it is. */
export function readToolChoice(fields: Fields, tools: readonly Tool[]): ReadChoice {
  const choice = fields.object('tool_choice')
  if (choice === undefined) return { said: {}, left: {} }
  const toolChoice = toolChoiceOf(choice)
  if (toolChoice === undefined || isForeign(toolChoice, tools)) return { said: {}, left: choice.json }
  const disabled = choice.flag('disable_parallel_tool_use')
  return {
    said: { toolChoice, ...(disabled === undefined ? {} : { parallelCalls: !disabled }) },
    left: choice.rest(),
  }
}

/** A tool that the vendor runs is left out abroad: what names it must be, too. */
const isForeign = (choice: ToolChoice, tools: readonly Tool[]): boolean =>
  choice.kind === 'named' &&
  tools.some((tool) => tool.kind === 'foreign' && asObject(tool.json)?.['name'] === choice.name)

function toolChoiceOf(choice: Fields): ToolChoice | undefined {
  switch (choice.textNeeded('type')) {
    case 'auto':
      return { kind: 'auto' }
    case 'none':
      return { kind: 'none' }
    case 'any':
      return { kind: 'required' }
    case 'tool':
      return { kind: 'named', name: choice.textNeeded('name') }
    default:
      return undefined
  }
}
