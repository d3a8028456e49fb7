import type { Chat, CustomTool } from './chat.ts'

/** What a custom tool is where it must be a function: one string argument. The reply is undone by `Undo.customTools`. */
export const CUSTOM_TOOL_SCHEMA = {
  type: 'object',
  properties: { input: { type: 'string' } },
  required: ['input'],
  additionalProperties: false,
} as const

/** The description of such a function, with the grammar that nobody keeps to; `undefined` where there is nothing to say. */
export const customToolText = ({ description, grammar }: CustomTool): string | undefined =>
  [description, grammar && `The input must match this ${grammar.syntax} grammar:\n${grammar.definition}`]
    .filter((part) => part !== undefined)
    .join('\n\n') || undefined

/** Names, as they are sent, of the functions that stand for custom tools. */
export const customToolNames = ({ tools }: Chat, sent: (name: string) => string): ReadonlySet<string> =>
  new Set(tools.flatMap((tool) => (tool.kind === 'custom' ? [sent(tool.name)] : [])))
