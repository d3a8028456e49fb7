import type { Block, ForeignBlock, Own, ReasoningBlock, TextBlock } from '../../chat.ts'
import { asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { isSpelt, ownFields } from '../../own.ts'
import { WIRE, overlay } from './kept.ts'
import { writeMedia } from './media-write.ts'
import { lose, loseHere, markFields, type Writing } from './writing.ts'

/** The content of a message: a text where one is enough, which every node takes; else a list of parts. */
export function writeContent(blocks: readonly Block[], own: Own | undefined, writing: Writing): Json {
  const parts = writeParts(blocks, writing)
  if (isSpelt(own, WIRE, 'list')) return parts
  const [only] = parts
  if (only === undefined) return ''
  return (parts.length === 1 ? bareText(only) : undefined) ?? parts
}

/** The parts of those blocks that have a place in a message. A text that says nothing is left out where others stand beside it. */
export function writeParts(blocks: readonly Block[], writing: Writing): readonly JsonObject[] {
  const said = writing.target.foreign === true ? blocks.filter((block) => !isBlank(block)) : blocks
  return said.map((block) => writePart(block, writing)).filter((part) => part !== undefined)
}

/** Whether it is a text without any letter. */
export const isBlank = (block: Block): boolean => block.kind === 'text' && block.text.trim() === ''

function writePart(block: Block, writing: Writing): JsonObject | undefined {
  switch (block.kind) {
    case 'text':
      return writeText(block, writing)
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return writeMedia(block, writing)
    case 'refusal':
      return overlay(ownFields(block.own, WIRE), { type: 'refusal', refusal: block.text })
    case 'reasoning':
      return writeThinking(block, writing)
    case 'foreign':
      return writeForeign(block, writing)
    case 'call':
    case 'result':
      // They have messages and fields of their own.
      return undefined
  }
}

function writeText(block: TextBlock, writing: Writing): JsonObject {
  if (block.citations !== undefined && block.citations.length > 0) lose(writing, 'text.citations')
  const said = { type: 'text', text: block.text, ...markFields(block.cacheMark, block.own, writing) }
  return overlay(ownFields(block.own, WIRE), said)
}

/** Reasoning among the content, as nodes have it that were spoken to so. */
function writeThinking({ text, own }: ReasoningBlock, writing: Writing): JsonObject | undefined {
  if (!isSpelt(own, WIRE, 'part')) {
    loseHere(writing, 'reasoning.text', { what: 'dropped', why: 'it stands where this API has no place for it' })
    return undefined
  }
  const kept = ownFields(own, WIRE)
  return Object.hasOwn(kept, 'thinking')
    ? { type: 'thinking', ...kept }
    : { type: 'thinking', thinking: [{ type: 'text', text }], ...kept }
}

/** A block of this wire as it came; one of another wire is left behind. */
export function writeForeign({ wire, type, json }: ForeignBlock, writing: Writing): JsonObject | undefined {
  if (wire === WIRE) return asObject(json)
  writing.losses.addForeign(type)
  return undefined
}

/** The text of a part that is nothing but a text. */
export const bareText = (part: JsonObject): string | undefined =>
  part['type'] === 'text' && Object.keys(part).length === 2 ? asText(part['text']) : undefined
