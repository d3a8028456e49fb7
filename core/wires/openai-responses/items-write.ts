import type { Block, CallBlock, MediaBlock, Own, ReasoningBlock, ResultBlock, Turn } from '../../chat.ts'
import { given } from '../../given.ts'
import { asCount, asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import { loseFeature } from './features.ts'
import { OF_ANOTHER, PIECE_GAP } from './items-read.ts'
import { writePart } from './parts-write.ts'
import { kept, labelled, MESSAGE, WIRE } from './spelling.ts'
import type { Writing } from './writing.ts'

interface Message {
  readonly own: Own | undefined
  readonly parts: readonly JsonObject[]
  readonly home: boolean
}

/** A message, its text alone where that is all there is. */
export function writeMessage(role: Turn['role'], { own, parts, home }: Message): JsonObject {
  const [only, ...more] = parts
  if (home && isSpelt(own, WIRE, 'message')) {
    const isString = isSpelt(own, WIRE, 'string') && more.length === 0
    return {
      ...kept(own, MESSAGE),
      ...(isSpelt(own, WIRE, 'typed') ? { type: 'message' } : {}),
      role: isSpelt(own, WIRE, 'developer') ? 'developer' : role,
      content: (isString ? asText(only?.['text']) : undefined) ?? parts,
    }
  }
  const text = more.length === 0 && only !== undefined ? bareText(only) : undefined
  return { type: 'message', role: role === 'system' ? 'developer' : role, content: text ?? parts }
}

/** The text of a part that has nothing else to say. */
function bareText({ type, text, annotations, ...more }: JsonObject): string | undefined {
  const isCited = (asList(annotations) ?? []).length > 0
  return type === 'refusal' || isCited || Object.keys(more).length > 0 ? undefined : asText(text)
}

/** An empty text of a function is no JSON, but means no arguments; at home it stays what it is. */
export function writeCall({ id, name, input, own }: CallBlock, { home, sentId, sentName }: Writing): JsonObject {
  const common = { ...kept(own), call_id: sentId(id), name: sentName(name) }
  if (input.kind === 'custom') return { ...common, type: 'custom_tool_call', input: input.text }
  return { ...common, type: 'function_call', arguments: home ? input.text : input.text || '{}' }
}

/** A tool's answer as an item. */
export interface WrittenResult {
  readonly item: JsonObject
  /** Pictures and files that the vendor does not look for in an answer of a tool, each under a label. */
  readonly moved: readonly JsonObject[]
}

/** Its kind is that of the call that it answers. */
export function writeResult(block: ResultBlock, writing: Writing): WrittenResult {
  const { callId, own, custom } = block
  const isCustom = custom === true || writing.customCalls.has(callId)
  const common = {
    ...kept(own),
    type: isCustom ? 'custom_tool_call_output' : 'function_call_output',
    call_id: writing.sentId(callId),
  }
  const parts = block.blocks.flatMap((inner) => resultPart(inner, writing))
  if (writing.home) {
    const isString = isSpelt(own, WIRE, 'string') && parts.length === 1
    return { item: { ...common, output: (isString ? asText(parts[0]?.['text']) : undefined) ?? parts }, moved: [] }
  }
  const told = block.isError === true ? asError(parts, writing) : parts
  if (writing.dialect.resultMedia !== false) return { item: { ...common, output: outputOf(told) }, moved: [] }
  const texts = told.flatMap((part) => asText(part['text']) ?? [])
  const media = told.filter(({ type }) => type !== 'input_text')
  if (media.length > 0) {
    writing.losses.add({ field: 'result.media', what: 'emulated', why: 'pictures follow in a message of the user' })
  }
  const moved = media.flatMap((part) => [{ type: 'input_text', text: `From the answer to the call ${callId}:` }, part])
  return { item: { ...common, output: texts.join('\n') }, moved }
}

function resultPart(block: Block, writing: Writing): readonly JsonObject[] {
  switch (block.kind) {
    case 'text':
    case 'image':
    case 'audio':
    case 'video':
    case 'file': {
      const part = writePart(block, 'user', writing)
      return part === undefined ? [] : [part]
    }
    case 'foreign':
      return foreignPart(block, writing)
    case 'refusal':
    case 'reasoning':
    case 'call':
    case 'result':
      return []
  }
}

function foreignPart(
  { wire, type, json }: Extract<Block, { kind: 'foreign' }>,
  { losses }: Writing,
): readonly JsonObject[] {
  const part = wire === WIRE ? asObject(json) : undefined
  if (part !== undefined) return [part]
  losses.addForeign(type)
  return []
}

/** The wire has no sign for a failed call: it is said in words. */
function asError(parts: readonly JsonObject[], { losses }: Writing): readonly JsonObject[] {
  loseFeature('result.isError', losses)
  const first = parts.findIndex(({ type }) => type === 'input_text')
  if (first < 0) return [{ type: 'input_text', text: 'Error' }, ...parts]
  return parts.map((part, at) => (at === first ? { ...part, text: `Error: ${asText(part['text'])}` } : part))
}

function outputOf(parts: readonly JsonObject[]): Json {
  const [only, ...more] = parts
  if (only === undefined) return ''
  return (more.length === 0 ? bareText(only) : undefined) ?? parts
}

/**
 * A thought goes back only to whom it came from: the vendor knows it by its seal, or, where it keeps the conversation, by its id. `undefined`
 * where it cannot, which is reported.
 */
export function writeThought(block: ReasoningBlock, writing: Writing): JsonObject | undefined {
  const { id, proof, text, own } = block
  const data = proof === undefined ? undefined : writing.proofData(proof)
  if (proof !== undefined && data === undefined) {
    writing.losses.add({ field: 'reasoning.proof', what: 'dropped', why: 'another vendor or account has signed it' })
    return undefined
  }
  if (data === undefined && (!writing.home || isSpelt(own, WIRE, OF_ANOTHER))) {
    if (text !== '')
      writing.losses.add({ field: 'reasoning.text', what: 'dropped', why: 'it takes back only what it has sealed' })
    return undefined
  }
  const isNamed = writing.home || id?.startsWith('rs_') === true
  return {
    ...kept(own),
    type: 'reasoning',
    ...given({ id: isNamed ? id : undefined, ...writePieces(block), encrypted_content: data }),
  }
}

function writePieces({ text, own }: ReasoningBlock): { readonly summary?: Json; readonly content?: Json } {
  const contentLengths = asList(labelled(own, 'content'))
  const isInContent = contentLengths !== undefined && contentLengths.length > 0
  const summary = isInContent ? [] : pieces(text, { lengths: asList(labelled(own, 'summary')), type: 'summary_text' })
  const content = isInContent ? pieces(text, { lengths: contentLengths, type: 'reasoning_text' }) : contentLengths
  return given({ summary: isSpelt(own, WIRE, 'no summary') ? undefined : summary, content })
}

/** The text cut where it was put together, unless it is another one by now. */
function pieces(
  text: string,
  { lengths, type }: { readonly lengths: readonly Json[] | undefined; readonly type: string },
): readonly JsonObject[] {
  const cuts = (lengths ?? []).map((length) => asCount(length) ?? 0)
  const whole = cuts.reduce((sum, length) => sum + length, 0) + PIECE_GAP.length * (cuts.length - 1)
  if (cuts.length === 0 || whole !== text.length) return text === '' ? [] : [{ type, text }]
  let at = 0
  return cuts.map((length) => {
    const piece = text.slice(at, at + length)
    at += length + PIECE_GAP.length
    return { type, text: piece }
  })
}

/** A picture that the vendor's own tool made. */
export const writePicture = ({ source, own }: MediaBlock): JsonObject => ({
  ...kept(own),
  type: 'image_generation_call',
  result: source.kind === 'data' ? source.base64 : null,
})
