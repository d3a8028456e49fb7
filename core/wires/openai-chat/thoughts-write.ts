import type { Proof, ReasoningBlock, Turn } from '../../chat.ts'
import type { JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import { WIRE } from './kept.ts'
import { DETAILS, TEXT_FIELDS, writeThoughts } from './thoughts.ts'
import { isOurs, lose, loseHere, type Writing } from './writing.ts'

/**
 * Earlier reasoning of an assistant's turn. OpenAI takes none back; a node takes it where its dialect says (some only while tools are
 * called, and refuse it in plain turns: wire-formats 1.8, trap 28); a client of this wire has said it as its node wants it.
 */
export function thoughtFields(turn: Turn, inToolLoop: boolean, writing: Writing): JsonObject {
  const blocks = turn.blocks.filter(
    (block): block is ReasoningBlock => block.kind === 'reasoning' && !isSpelt(block.own, WIRE, 'part'),
  )
  const { reasoningField } = writing.target.dialect
  if (reasoningField !== undefined) {
    // Before the last words of the user it has no meaning for such a node any more, so nothing is lost with it.
    if (reasoningField.when === 'tool-loop' && !inToolLoop) return {}
    return inField(blocks, reasoningField.name, writing)
  }
  const spelt = [DETAILS, ...TEXT_FIELDS].filter((field) => isSpelt(turn.own, WIRE, field))
  return spelt.length === 0 ? lost(blocks, writing) : asSpelt(blocks, spelt, writing)
}

/** Where the reasoning of the turns counts that belong to the answer which is still being worked out: behind the last words of the user. */
export const toolLoopStart = (turns: readonly Turn[]): number =>
  turns.findLastIndex(({ role, blocks }) => role === 'user' && blocks.some(({ kind }) => kind !== 'result'))

function inField(blocks: readonly ReasoningBlock[], field: string, writing: Writing): JsonObject {
  const isList = field === DETAILS
  for (const { proof } of blocks)
    if (proof !== undefined && !(isList && isOurs(proof, writing))) lose(writing, 'reasoning.proof')
  const kept = blocks.flatMap((block) => unproven(block, writing)).map(unnamed)
  if (isList) return kept.length === 0 ? {} : writeThoughts(kept, [field], dataOf)
  return kept.some(({ text }) => text !== '') ? writeThoughts(kept, [field], dataOf) : {}
}

/** The block without a proof that is another's; nothing where the proof was all. */
function unproven(block: ReasoningBlock, writing: Writing): readonly ReasoningBlock[] {
  const { proof, ...rest } = block
  if (proof === undefined || isOurs(proof, writing)) return [block]
  return block.redacted === true || block.text === '' ? [] : [rest]
}

/** Without the name that a client of another wire has for it: the vendor's own one is part of the proof. */
function unnamed(block: ReasoningBlock): ReasoningBlock {
  if (isSpelt(block.own, WIRE, 'detail')) return block
  const { id: _, ...rest } = block
  return rest
}

/** As the client has said it, but for what another vendor has signed. */
function asSpelt(blocks: readonly ReasoningBlock[], fields: readonly string[], writing: Writing): JsonObject {
  const kept = blocks.filter(({ proof }) => proof === undefined || isOurs(proof, writing))
  lost(
    blocks.filter((block) => !kept.includes(block)),
    writing,
  )
  return kept.length === 0 && blocks.length > 0 ? {} : writeThoughts(kept, fields, dataOf)
}

function lost(blocks: readonly ReasoningBlock[], writing: Writing): JsonObject {
  for (const { text, proof } of blocks) {
    if (text !== '')
      loseHere(writing, 'reasoning.text', { what: 'dropped', why: 'the provider takes no earlier reasoning' })
    if (proof !== undefined) lose(writing, 'reasoning.proof')
  }
  return {}
}

const dataOf = ({ data }: Proof): string => data
