import type { Chat, Turn } from '../chat.ts'

/**
 * Adds a system turn behind the leading ones: the one place that does not move when the conversation grows, so that a longer history
 * still begins with the shorter one, which is what models with a prefix check and every prompt cache want.
 */
export function withInstruction(chat: Chat, text: string): Chat {
  const first = chat.turns.findIndex(({ role }) => role !== 'system')
  const at = first === -1 ? chat.turns.length : first
  const turn: Turn = { role: 'system', blocks: [{ kind: 'text', text }] }
  return { ...chat, turns: chat.turns.toSpliced(at, 0, turn) }
}
