import type { Turn } from '../../chat.ts'
import { asText, type JsonObject } from '../../json.ts'
import { EMPTY, LEFT_OUT } from './stand-in.ts'
import { lose, type Writing } from './writing.ts'

/** A message whose blocks are written. */
export interface Message {
  readonly role: Turn['role']
  readonly content: readonly JsonObject[]
  /** Whether it had something to say that could not be written. */
  readonly isEmptied: boolean
}

/**
 * Messages of another wire in the order that the vendor wants: those of one role merged, the results of tools all together and first in the
 * user message behind their calls, later system turns where they may stand, and a user message in front (wire-formats 1.5; 1.8, traps 6
 * and 24). But for results that come late, a message depends on what stands before it and right behind it only, so a longer history begins
 * with the shorter one.
 */
export function arranged(messages: readonly Message[], writing: Writing): readonly Message[] {
  const answered = withResults(merged(messages.filter(isSaid)), writing)
  const placed = merged(withSystems(merged(answered), writing))
  const begun = placed[0]?.role === 'user' ? placed : [beginning(writing), ...placed]
  return begun.map((message) =>
    message.content.length === 0 ? { ...message, content: [message.isEmptied ? LEFT_OUT : EMPTY] } : message,
  )
}

/** A system turn's text where only a user can say it. */
export const inUserTurn = (content: readonly JsonObject[]): readonly JsonObject[] =>
  content.map((block) => {
    const text = asText(block['text'])
    return text === undefined ? block : { ...block, text: `<system>\n${text}\n</system>` }
  })

/** An answer or a system turn without words is none; a user's message keeps the places of those around it. */
const isSaid = ({ role, content }: Message): boolean => role === 'user' || content.length > 0

function merged(messages: readonly Message[]): readonly Message[] {
  const result: Open[] = []
  for (const { role, content, isEmptied } of messages) {
    const last = result.at(-1)
    if (last?.role === role) {
      for (const block of content) last.content.push(block)
      last.isEmptied ||= isEmptied
    } else result.push({ role, content: [...content], isEmptied })
  }
  return result
}

/** A message that still grows: there may be thousands of one role. */
interface Open {
  readonly role: Message['role']
  readonly content: JsonObject[]
  isEmptied: boolean
}

/** Results of tools right behind their calls, wherever the client had put them. One whose call is not there is a 400, so it is left out. */
function withResults(messages: readonly Message[], { losses }: Writing): readonly Message[] {
  const waiting = resultsOf(messages)
  const result: Message[] = []
  for (const message of messages) {
    const others = message.content.filter((block) => !isResult(block))
    if (others.length > 0 || message.content.length === 0) result.push({ ...message, content: others })
    const calls = message.content.flatMap((block) => (block['type'] === 'tool_use' ? [asText(block['id']) ?? ''] : []))
    const results = calls.map((id) => waiting.get(id)?.shift()).filter((block) => block !== undefined)
    if (results.length > 0) result.push({ role: 'user', content: results, isEmptied: false })
  }
  if ([...waiting.values()].some((results) => results.length > 0)) losses.add(LONELY)
  return result
}

const LONELY = { field: 'turns', what: 'dropped', why: "a tool's result whose call is not there" } as const

/** By the id of their call, in their order: ids may come again in a later turn. */
function resultsOf(messages: readonly Message[]): ReadonlyMap<string, JsonObject[]> {
  return Map.groupBy(
    messages.flatMap(({ content }) => content.filter(isResult)),
    (block) => asText(block['tool_use_id']) ?? '',
  )
}

const isResult = (block: JsonObject): boolean => block['type'] === 'tool_result'

/** The vendor takes a system turn between a user message and an answer, or at the end; elsewhere its words stand with the user's. */
function withSystems(messages: readonly Message[], writing: Writing): readonly Message[] {
  const result: Message[] = []
  for (const [index, message] of messages.entries()) {
    const next = messages[index + 1]
    const fits = result.at(-1)?.role === 'user' && (next === undefined || next.role === 'assistant')
    if (message.role !== 'system' || (fits && writing.target.dialect.laterSystem === true)) {
      result.push(message)
      continue
    }
    lose(writing, 'system.later')
    result.push({ ...message, role: 'user', content: inUserTurn(message.content) })
  }
  return result
}

function beginning({ losses }: Writing): Message {
  losses.add({ field: 'turns', what: 'emulated', why: 'the vendor wants a user turn first: one was put there' })
  return { role: 'user', content: [{ type: 'text', text: 'Begin.' }], isEmptied: false }
}
