import type { CallBlock, ForeignBlock } from '../../chat.ts'
import { filled } from '../../json-object.ts'
import { type JsonObject, parseJson } from '../../json.ts'
import { isSpelt, ownFields } from '../../own.ts'
import { writeForeign } from './content-write.ts'
import { WIRE, overlay, speltValue } from './kept.ts'
import { proofField } from './proof.ts'
import { isOurs, lose, sentId, type Writing } from './writing.ts'

/** An entry of `tool_calls`, or nothing for a call of the vendor's own tools that only another wire knows. */
export function writeCall(block: CallBlock | ForeignBlock, writing: Writing): readonly JsonObject[] {
  if (block.kind === 'foreign') return [writeForeign(block, writing)].filter((call) => call !== undefined)
  const { own, input, name } = block
  const index = speltValue(own, 'index')
  const said = filled({
    index: index === undefined ? undefined : Number(index),
    id: sentId(block.id, writing),
    type: isSpelt(own, WIRE, 'typeless') ? undefined : input.kind,
    [input.kind]: { name: writing.names.sent(name), ...inputOf(block) },
    extra_content: secretOf(block, writing),
  })
  return [overlay(ownFields(own, WIRE), said)]
}

function inputOf({ input: { kind, text }, own }: CallBlock): JsonObject {
  if (isSpelt(own, WIRE, 'argless')) return {}
  if (kind === 'custom') return { input: text }
  if (isSpelt(own, WIRE, 'object')) return { arguments: parseJson(text) ?? {} }
  // Templates of nodes parse it: a tool without arguments is told as an empty object (wire-formats 1.8, trap 25). A cut text stays cut.
  return { arguments: text.trim() === '' && !isSpelt(own, WIRE, 'blank') ? '{}' : text }
}

function secretOf({ proof }: CallBlock, writing: Writing): JsonObject | undefined {
  if (proof === undefined) return undefined
  if (isOurs(proof, writing)) return proofField(proof.data)
  lose(writing, 'reasoning.proof')
  return undefined
}
