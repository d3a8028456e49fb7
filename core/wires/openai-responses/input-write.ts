import type { Chat, Turn } from '../../chat.ts'
import { given } from '../../given.ts'
import { toldOfJson } from '../../fit/instruction.ts'
import type { JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import { isKept, writeCacheMark } from './cache-mark.ts'
import { loseFeature } from './features.ts'
import { PIECE_GAP } from './items-read.ts'
import { WIRE } from './spelling.ts'
import { turnItems } from './turn-write.ts'
import type { Writing } from './writing.ts'

/** `instructions` and `input`. */
export function writeInput(chat: Chat, writing: Writing): JsonObject {
  const { instructions, turns: spoken } = writing.home ? ownInstructions(chat) : leadingSystem(chat, writing)
  // On this endpoint the word counts only where the user says it (wenyi pull request 66).
  const turns = writing.abroad
    ? toldOfJson({ ...chat, turns: spoken }, { role: 'user', losses: writing.losses }).turns
    : spoken
  const items = turns.flatMap((turn) => turnItems(turn, writing))
  if (!writing.home) return foreignInput(instructions, items)
  const [only, ...more] = turns
  const isString = isSpelt(chat.own, WIRE, 'input string') && more.length === 0
  const text = isString ? onlyText(only) : undefined
  const isAbsent = items.length === 0 && isSpelt(chat.own, WIRE, 'no input')
  return given({ instructions, input: isAbsent ? undefined : (text ?? items) })
}

/** The instructions alone, for a reply that repeats them. */
export const instructionsOf = (chat: Chat, writing: Writing): string | undefined =>
  (writing.home ? ownInstructions(chat) : leadingSystem(chat, writing)).instructions

/** A request of nothing but instructions: the wire wants an item, so they stand as one. */
function foreignInput(instructions: string | undefined, items: readonly JsonObject[]): JsonObject {
  if (items.length > 0 || instructions === undefined) return given({ instructions, input: items })
  return { input: [{ type: 'message', role: 'developer', content: instructions }] }
}

interface Spoken {
  readonly instructions: string | undefined
  readonly turns: readonly Turn[]
}

function ownInstructions({ turns }: Chat): Spoken {
  const [first, ...rest] = turns
  const isFirst = first !== undefined && isSpelt(first.own, WIRE, 'instructions')
  return isFirst ? { instructions: onlyText(first), turns: rest } : { instructions: undefined, turns }
}

/**
 * The leading system turns, unless one of them holds what is no plain text or ends a cached prefix: then they stay where they are. The
 * wire has no field for a mark there.
 */
function leadingSystem({ turns }: Chat, writing: Writing): Spoken {
  const end = turns.findIndex(({ role }) => role !== 'system')
  const leading = end < 0 ? turns : turns.slice(0, end)
  const blocks = leading.flatMap((turn) => turn.blocks)
  const texts = blocks.flatMap((block) => (block.kind === 'text' ? [block] : []))
  if (texts.length < blocks.length || texts.some((block) => isKept(block, writing))) {
    return { instructions: undefined, turns }
  }
  if (leading.some(({ name }) => name !== undefined)) loseFeature('turn.name', writing.losses)
  for (const block of texts) writeCacheMark(block, writing)
  const said = texts.map(({ text }) => text).filter((text) => text.trim() !== '')
  return { instructions: said.join(PIECE_GAP) || undefined, turns: turns.slice(leading.length) }
}

function onlyText(turn: Turn | undefined): string | undefined {
  const [block, ...more] = turn?.blocks ?? []
  return block?.kind === 'text' && more.length === 0 ? block.text : undefined
}
