import type { Chat, Turn } from '../chat.ts'
import type { Losses } from '../loss.ts'

/**
 * Adds a system turn behind the leading ones: the one place that does not move when the conversation grows, so that a longer history
 * still begins with the shorter one, which is what models with a prefix check and every prompt cache want.
 */
export function withInstruction(chat: Chat, text: string, role: Speaker = 'system'): Chat {
  const turn: Turn = { role, blocks: [{ kind: 'text', text }] }
  return { ...chat, turns: chat.turns.toSpliced(endOfSystem(chat), 0, turn) }
}

type Speaker = 'system' | 'user'

/**
 * Tells the model to answer in JSON where the beginning of the conversation does not speak of it: OpenAI answers 400 to `json_object` for a
 * conversation without the word. A later turn that has it changes nothing, for the same reason as above. `role`: who says it; `user` where
 * the endpoint hears no one else.
 */
export function toldOfJson(chat: Chat, { role, losses }: { readonly role: Speaker; readonly losses: Losses }): Chat {
  if (chat.output?.kind !== 'json') return chat
  const opening = chat.turns.slice(0, endOfSystem(chat) + 1)
  if (opening.some((turn) => (role === 'system' || turn.role === role) && speaksOfJson(turn))) return chat
  losses.add({ field: 'output.json', what: 'emulated', why: 'the API wants to read of it: an instruction is added' })
  return withInstruction(chat, JSON_INSTRUCTION, role)
}

/** What a model is told that shall answer with any JSON object. */
export const JSON_INSTRUCTION = 'Answer with one JSON object and nothing else: no explanation and no code fence.'

function endOfSystem({ turns }: Chat): number {
  const first = turns.findIndex(({ role }) => role !== 'system')
  return first === -1 ? turns.length : first
}

const speaksOfJson = ({ blocks }: Turn): boolean =>
  blocks.some((block) => block.kind === 'text' && /json/i.test(block.text))
