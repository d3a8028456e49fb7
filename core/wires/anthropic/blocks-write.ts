import { sentCallId } from '../../call-id.ts'
import type { Block, CallBlock, ForeignBlock, ReasoningBlock, ResultBlock, TextBlock, Turn } from '../../chat.ts'
import { filled } from '../../json-object.ts'
import { asObject, type JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import { isBlank, NO_SIGNATURE, OF_ANOTHER } from './blocks-read.ts'
import { inputObject, isReadable } from './call-input.ts'
import { isOwnCitation, writeCitation } from './citations.ts'
import { keptFields, WIRE, writeMark } from './kept.ts'
import { writeMedia } from './media-write.ts'
import { CALL_ID, CLIENT_CALL_ID } from './names.ts'
import { LEFT_OUT } from './stand-in.ts'
import { drop, isProven, isStrictVersion, lose, type Writing } from './writing.ts'

/** A block of a turn as the vendor takes it: nothing where it cannot be said, and several where part of it must stand elsewhere. */
export function writeBlock(block: Block, role: Turn['role'], writing: Writing): readonly JsonObject[] {
  switch (block.kind) {
    case 'text':
      return writeText(block, role, writing)
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return some(writeMedia(block, role, writing))
    case 'reasoning':
      return some(writeReasoning(block, writing))
    case 'call':
      return [writeCall(block, writing)]
    case 'result':
      return writeResult(block, writing)
    case 'refusal':
      lose(writing, 'refusal')
      return writeText({ kind: 'text', text: block.text }, role, writing)
    case 'foreign':
      return writeForeign(block, role, writing)
  }
}

const some = (written: JsonObject | undefined): readonly JsonObject[] => (written === undefined ? [] : [written])

/** Blank text is a 400; clients of other wires send it beside calls. */
function writeText(block: TextBlock, role: Turn['role'], writing: Writing): readonly JsonObject[] {
  loseProof(block, writing)
  if (isBlank(block.text) && !writing.home) return []
  const written = filled({
    type: 'text',
    text: block.text,
    citations: writeCitations(block, role, writing),
    cache_control: writeMark(block.cacheMark, block.own),
    ...keptFields(block.own, ['cache_control']),
  })
  return [written]
}

function writeCitations(
  { citations }: TextBlock,
  role: Turn['role'],
  writing: Writing,
): readonly JsonObject[] | undefined {
  if (citations === undefined) return undefined
  const own = citations.filter(isOwnCitation)
  if (own.length < citations.length) lose(writing, 'text.citations')
  const isRefused = role !== 'assistant' && own.length > 0 && isStrictVersion(writing)
  if (isRefused) drop(writing, 'text.citations', 'only an answer may have them')
  return isRefused || (own.length === 0 && !writing.home) ? undefined : own.map(writeCitation)
}

/** A thought goes back with its signature or not at all: the vendor refuses one that it cannot check. */
function writeReasoning(block: ReasoningBlock, writing: Writing): JsonObject | undefined {
  const { proof, text, own } = block
  const isAsItCame = proof === undefined && writing.home && !isSpelt(own, WIRE, OF_ANOTHER)
  if (!isAsItCame && !isProven(block, writing)) {
    loseProof(block, writing)
    if (text !== '') drop(writing, 'reasoning.text', 'the vendor takes back only thoughts that it has signed')
    return undefined
  }
  if (block.redacted === true) return { type: 'redacted_thinking', data: proof?.data ?? '', ...keptFields(own) }
  const signature = isSpelt(own, WIRE, NO_SIGNATURE) ? undefined : (proof?.data ?? '')
  return filled({ type: 'thinking', thinking: text, signature, ...keptFields(own) })
}

/** The vendor signs nothing but thoughts: what is signed beside them is another's, and so is what another account has signed. */
function loseProof({ proof }: Block, writing: Writing): void {
  if (proof !== undefined) drop(writing, 'reasoning.proof', 'it is of another vendor or another account')
}

function writeCall(block: CallBlock, writing: Writing): JsonObject {
  loseProof(block, writing)
  const { kind, text } = block.input
  if (kind === 'custom') lose(writing, 'call.custom')
  else if (!writing.home && text.trim() !== '' && !isReadable(text)) writing.losses.add(UNREADABLE)
  return filled({
    type: 'tool_use',
    id: sentId(block.id, writing),
    name: writing.sentName(block.name),
    input: kind === 'custom' ? { input: text } : inputObject(text),
    cache_control: writeMark(block.cacheMark, block.own),
    ...keptFields(block.own, ['cache_control']),
  })
}

const UNREADABLE = {
  field: 'call.input',
  what: 'emulated',
  why: 'arguments that are no JSON object are sent as the text that they are',
} as const

function sentId(id: string, { home, target }: Writing): string {
  return sentCallId(id, target.dialect.callId ?? (home ? CLIENT_CALL_ID : CALL_ID))
}

function writeResult(block: ResultBlock, writing: Writing): readonly JsonObject[] {
  const { inside, beside } = placed(block, writing)
  const content = inside.flatMap((inner) => writeBlock(inner, 'user', writing))
  const isEmptied = content.length === 0 && beside.length === 0 && block.blocks.some((inner) => inner.kind !== 'text')
  const isError = block.isError === true || writing.home ? block.isError : undefined
  const result = filled({
    type: 'tool_result',
    tool_use_id: sentId(block.callId, writing),
    content: resultContent(block, isEmptied ? [LEFT_OUT] : content, writing),
    is_error: isError,
    cache_control: writeMark(block.cacheMark, block.own),
    ...keptFields(block.own, ['cache_control']),
  })
  const label = { type: 'text', text: `What the tool call ${sentId(block.callId, writing)} returned beside text:` }
  const moved = beside.flatMap((inner) => writeBlock(inner, 'user', writing))
  return moved.length === 0 ? [result] : [result, label, ...moved]
}

function resultContent(block: ResultBlock, content: readonly JsonObject[], { home }: Writing) {
  if (content.length === 0 && (!home || isSpelt(block.own, WIRE, 'absent'))) return undefined
  const [only] = block.blocks
  const isText = isSpelt(block.own, WIRE, 'string') && block.blocks.length === 1 && only?.kind === 'text'
  if (isText && only.cacheMark === undefined) return only.text
  return content
}

/** Where a tool's answer may hold no media, they stand behind all answers, with a word about whose they are. */
function placed(
  { blocks }: ResultBlock,
  writing: Writing,
): { readonly inside: readonly Block[]; readonly beside: readonly Block[] } {
  if (writing.target.dialect.resultMedia !== false) return { inside: blocks, beside: [] }
  const beside = blocks.filter(({ kind }) => kind === 'image' || kind === 'file')
  if (beside.length > 0) {
    writing.losses.add({
      field: 'result.media',
      what: 'emulated',
      why: "a tool's answer holds nothing but text: behind it",
    })
  }
  return { inside: blocks.filter((block) => !beside.includes(block)), beside }
}

function writeForeign({ wire, type, json }: ForeignBlock, role: Turn['role'], writing: Writing): readonly JsonObject[] {
  if (wire !== WIRE) {
    writing.losses.addForeign(type)
    return []
  }
  if (type === 'document' && role === 'assistant' && isStrictVersion(writing)) {
    writing.losses.add({ field: `content.${type}`, what: 'dropped', why: 'an answer holds no documents' })
    return []
  }
  return some(asObject(json))
}
