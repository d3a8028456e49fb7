import type { Block, Own, ResultBlock } from '../../chat.ts'
import { filled } from '../../json-object.ts'
import type { JsonObject } from '../../json.ts'
import { isMedia } from '../../media.ts'
import { isSpelt, ownFields } from '../../own.ts'
import { isBlank, writeContent, writeParts } from './content-write.ts'
import { WIRE, overlay } from './kept.ts'
import { lose, loseHere, sentId, type Writing } from './writing.ts'

/** A tool's answer as its own message, and the parts that must follow in a message of the user. */
export interface WrittenResult {
  readonly message: JsonObject
  readonly following: readonly JsonObject[]
}

/** Pictures have no place in a tool's message of this wire: they follow, under a label (wire-formats 1.8, trap 19). */
export function writeResult(result: ResultBlock, own: Own | undefined, writing: Writing): WrittenResult {
  const { target } = writing
  const inPlace = target.dialect.resultMedia === true || (target.foreign !== true && isSpelt(own, WIRE, 'list'))
  const moved: readonly Block[] = inPlace ? [] : result.blocks.filter(isMedia)
  const following = writeParts(moved, writing)
  const told = result.blocks.filter((block) => !moved.includes(block))
  const id = sentId(result.callId, writing)
  const blocks = worded(told, { result, follows: following.length > 0, writing })
  const said = filled({
    role: 'tool',
    tool_call_id: id,
    content: writeContent(blocks, own, writing),
    name: isSpelt(own, WIRE, 'name') ? result.name : undefined,
  })
  const message = overlay(ownFields(own, WIRE), said)
  if (following.length === 0) return { message, following }
  loseHere(writing, 'result.media', { what: 'emulated', why: 'it follows the tool result in a message of the user' })
  return { message, following: [{ type: 'text', text: `Part of the result of the tool call ${id}:` }, ...following] }
}

interface Told {
  readonly result: ResultBlock
  readonly follows: boolean
  readonly writing: Writing
}

/** Says in words what this wire has no field for. */
function worded(blocks: readonly Block[], { result, follows, writing }: Told): readonly Block[] {
  const isEmpty = blocks.every(isBlank)
  const told: readonly Block[] = isEmpty && follows ? [{ kind: 'text', text: 'The result follows.' }] : blocks
  if (result.isError !== true) return told
  lose(writing, 'result.isError')
  const at = told.findIndex(({ kind }) => kind === 'text')
  const first = told[at]
  if (first?.kind !== 'text') return [{ kind: 'text', text: 'Error' }, ...told]
  return told.with(at, { ...first, text: `Error: ${first.text}` })
}
