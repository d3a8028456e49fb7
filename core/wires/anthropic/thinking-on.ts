import type { Chat, Reasoning } from '../../chat.ts'
import { objectsOf } from '../../json-object.ts'
import { asText, type JsonObject } from '../../json.ts'
import { drop, type Writing } from './writing.ts'

/**
 * How much the model is asked to think, as far as this conversation lets it. Within a fixed budget the answer that it goes on from (it called
 * tools, or stands last) must begin with its thinking, or the vendor answers 400 "Expected `thinking` or `redacted_thinking`": a conversation
 * that comes from another vendor, or whose client gave the thinking back to nobody, has none, so this request goes without. What a client of
 * this wire leaves out is its own affair; what the gateway itself had to leave out is not.
 */
export function thinkingOn(chat: Chat, messages: readonly JsonObject[], writing: Writing): Reasoning | undefined {
  const { reasoning, turns } = chat
  if (typeof reasoning?.mode !== 'object' || !goesOnUnthought(messages)) return reasoning
  const isAsItCame = turns.findLast(({ role }) => role === 'assistant')?.blocks[0]?.kind !== 'reasoning'
  if (writing.home && isAsItCame) return reasoning
  drop(writing, 'reasoning.budget', 'the conversation has no thinking to go on from')
  return undefined
}

function goesOnUnthought(messages: readonly JsonObject[]): boolean {
  const last = messages.findLast(({ role }) => role === 'assistant')
  const types = objectsOf(last?.['content']).map(({ type }) => asText(type))
  const goesOn = last !== undefined && (last === messages.at(-1) || types.includes('tool_use'))
  return goesOn && types[0] !== 'thinking' && types[0] !== 'redacted_thinking'
}
