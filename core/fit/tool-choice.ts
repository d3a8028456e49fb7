import type { ModelFacts } from '../capabilities.ts'
import type { Chat, ToolChoice } from '../chat.ts'
import type { Losses } from '../loss.ts'
import { withInstruction } from './instruction.ts'

/** Calls that an answer must have: one of these tools, by the client's names; `null`: of any. */
export interface ForcedCall {
  readonly names: readonly string[] | null
}

/** Where the model cannot be made to call a tool, it is asked to, and the caller is told what to look for (wire-formats 1.5). */
export function fitToolChoice(
  chat: Chat,
  facts: ModelFacts,
  losses: Losses,
): { readonly chat: Chat; readonly force?: ForcedCall } {
  const { toolChoice } = chat
  if (toolChoice === undefined || !isRefused(chat, facts)) return { chat }
  const force = forcedCall(toolChoice)
  if (force === undefined) return { chat }
  losses.add({
    field: `toolChoice.${toolChoice.kind}`,
    what: 'emulated',
    why: 'the model cannot be made to call a tool: it is asked to',
  })
  return { chat: withInstruction({ ...chat, toolChoice: unforced(toolChoice) }, instruction(force)), force }
}

const isRefused = ({ reasoning }: Chat, { forcedTool }: ModelFacts): boolean =>
  forcedTool === 'no' || (forcedTool === 'not-with-budget' && typeof reasoning?.mode === 'object')

function forcedCall(choice: ToolChoice): ForcedCall | undefined {
  switch (choice.kind) {
    case 'auto':
    case 'none':
      return undefined
    case 'required':
      return { names: null }
    case 'named':
      return { names: [choice.name] }
    case 'allowed':
      return choice.required ? { names: choice.names } : undefined
  }
}

const unforced = (choice: ToolChoice): ToolChoice =>
  choice.kind === 'allowed' ? { ...choice, required: false } : { kind: 'auto' }

/** Depends on the choice alone: the same choice says the same in every turn. */
const instruction = ({ names }: ForcedCall): string =>
  names === null
    ? 'You must answer by calling at least one of your tools. Do not answer with text alone.'
    : `You must answer by calling ${names.length === 1 ? 'this tool' : 'at least one of these tools'}: ${names.join(', ')}. Do not answer with text alone and do not call any other tool.`
