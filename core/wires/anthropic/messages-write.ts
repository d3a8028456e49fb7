import type { Turn } from '../../chat.ts'
import { filled } from '../../json-object.ts'
import type { JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import { arranged, inUserTurn, type Message } from './arrange.ts'
import { writeBlock } from './blocks-write.ts'
import { keptFields, WIRE } from './kept.ts'
import { IN_PLACE } from './messages-read.ts'
import { LEFT_OUT } from './stand-in.ts'
import { lose, type Writing } from './writing.ts'

/** A conversation as it stands in a body. */
export interface WrittenTurns {
  readonly system: JsonObject['system'] | undefined
  readonly messages: readonly JsonObject[]
}

/** The turns of a conversation: the leading system turns as the system prompt, the others as messages. */
export function writeTurns(turns: readonly Turn[], writing: Writing): WrittenTurns {
  const first = turns.findIndex((turn) => turn.role !== 'system' || isSpelt(turn.own, WIRE, IN_PLACE))
  const leading = first < 0 ? turns : turns.slice(0, first)
  const written = turns.slice(leading.length).map((turn) => writeTurn(turn, writing))
  return {
    system: writeSystem(leading, writing),
    messages: writing.home ? written.flatMap((turn) => asItCame(turn, writing)) : arranged(written, writing).map(plain),
  }
}

function writeSystem(turns: readonly Turn[], writing: Writing): JsonObject['system'] | undefined {
  if (turns.some(({ name }) => name !== undefined)) lose(writing, 'turn.name')
  const [only] = turns
  if (only === undefined) return undefined
  if (turns.length === 1 && isSpelt(only.own, WIRE, 'string')) return stringOf(only) ?? ''
  const blocks = turns.flatMap((turn) => turn.blocks.flatMap((block) => writeBlock(block, 'system', writing)))
  return blocks.length === 0 && !writing.home ? undefined : blocks
}

interface WrittenTurn extends Message {
  readonly turn: Turn
}

function writeTurn(turn: Turn, writing: Writing): WrittenTurn {
  if (turn.name !== undefined) lose(writing, 'turn.name')
  const content = turn.blocks.flatMap((block) => writeBlock(block, turn.role, writing))
  return {
    turn,
    role: turn.role,
    content,
    isEmptied: content.length === 0 && turn.blocks.some(({ kind }) => kind !== 'text'),
  }
}

const plain = ({ role, content }: Message): JsonObject => ({ role, content })

/** A message of this wire's own client. One that had nothing but what this vendor does not take is left out, or keeps its place as a user's. */
function asItCame({ turn, role, content, isEmptied }: WrittenTurn, writing: Writing): readonly JsonObject[] {
  if (isEmptied && role !== 'user') return []
  const text = isSpelt(turn.own, WIRE, 'string') ? stringOf(turn) : undefined
  const blocks = isEmptied ? [LEFT_OUT] : content
  const kept = keptFields(turn.own)
  if (role === 'system' && writing.target.dialect.laterSystem === false) {
    lose(writing, 'system.later')
    return [filled({ role: 'user', content: inUserTurn(blocks), ...kept })]
  }
  return [filled({ role, content: text ?? blocks, ...kept })]
}

/** What a turn says that was written as a string, as long as it is no more than that. */
function stringOf({ blocks }: Turn): string | undefined {
  const [only] = blocks
  const isText = blocks.length === 1 && only?.kind === 'text' && only.cacheMark === undefined
  return isText ? only.text : undefined
}
