import type { Citation, Proof, ReasoningBlock } from '../../chat.ts'
import { madeCallId } from '../../call-id.ts'
import type { CollectedBlock } from '../../collect.ts'
import { readDataUrl } from '../../data-url.ts'
import { given } from '../../given.ts'
import { without } from '../../json-object.ts'
import { asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { notThisWire } from '../../upstream-fault.ts'
import { readAnnotations } from './annotations.ts'
import { isPlainThinking, thinkingText } from './content-read.ts'
import { WIRE, keep, spellings } from './kept.ts'
import { extraRest, type ProofOf, secretIn } from './proof.ts'
import { readThoughts } from './thoughts.ts'

/** The message of a whole reply: its blocks, and what of it only this wire knows. */
export interface ReadMessage {
  readonly blocks: readonly CollectedBlock[]
  readonly kept: JsonObject
  readonly spelt: readonly string[]
}

/** What a message must know of its reply. */
export interface MessageContext {
  readonly proofOf: ProofOf
  /** For the ids of calls that have none. */
  readonly replyId: string
}

/** Reasoning first, then what is said, then the calls. */
export function readMessage(message: JsonObject, context: MessageContext): ReadMessage {
  const thoughts = readThoughts(message, context.proofOf)
  const content = readContent(message['content'])
  const refusal = asText(message['refusal']) || undefined
  const images = readImages(message['images'])
  const calls = (asList(message['tool_calls']) ?? []).map((call, index) => readCall(call, index, context))
  const { said, consumed, extra } = withSources(content, message, context.proofOf)
  const blocks: readonly CollectedBlock[] = [
    ...thoughts.blocks.map(thoughtBlock),
    ...said,
    ...(refusal === undefined ? [] : [blockOf({ kind: 'refusal' }, refusal)]),
    ...images,
    ...calls,
  ]
  const known = [
    ...thoughts.spelt,
    ...(message['role'] === 'assistant' ? ['role'] : []),
    ...(content.length === 0 ? [] : ['content']),
    ...(refusal === undefined ? [] : ['refusal']),
    ...(images.length === 0 ? [] : ['images']),
    ...(calls.length === 0 ? [] : ['tool_calls']),
    ...consumed,
  ]
  const kept = without(message, known)
  return {
    blocks,
    kept: extra === undefined || Object.keys(extra).length === 0 ? kept : { ...kept, extra_content: extra },
    spelt: thoughts.spelt,
  }
}

/** Pieces of `content`: a text, or a list in which nodes put reasoning among the texts. */
export function readContent(content: Json | undefined): readonly CollectedBlock[] {
  if (typeof content === 'string') return content === '' ? [] : [blockOf({ kind: 'text' }, content)]
  return (asList(content) ?? []).map(readPiece)
}

/** Pictures of a model that draws, as OpenRouter has them; none where one is no data. */
export function readImages(value: Json | undefined): readonly CollectedBlock[] {
  const list = asList(value) ?? []
  const blocks = list.map((image) => readImage(asObject(image) ?? {})).filter((block) => block !== undefined)
  return blocks.length === list.length ? blocks : []
}

const blockOf = (content: CollectedBlock['content'], text = ''): CollectedBlock => ({
  content,
  text,
  citations: [],
})

function thoughtBlock({ text, redacted, id, proof, own }: ReasoningBlock): CollectedBlock {
  const hidden = redacted === true ? { redacted } : {}
  return {
    ...blockOf({ kind: 'reasoning', ...hidden, ...(id === undefined ? {} : { id }) }, text),
    ...given({ proof, own }),
  }
}

function readPiece(value: Json): CollectedBlock {
  const part = asObject(value)
  const type = asText(part?.['type'])
  if (part === undefined || type === undefined) throw notThisWire('broken_reply')
  const text = type === 'text' ? asText(part['text']) : undefined
  if (text !== undefined)
    return { ...blockOf({ kind: 'text' }, text), ...keep(without(part, ['type', 'text']), ['part']) }
  const thought = type === 'thinking' ? thinkingText(part['thinking']) : undefined
  if (thought !== undefined) {
    const known = ['type', ...(isPlainThinking(part['thinking']) ? ['thinking'] : [])]
    return { ...blockOf({ kind: 'reasoning' }, thought), ...keep(without(part, known), ['part']) }
  }
  return { ...blockOf({ kind: 'foreign', wire: WIRE, type, json: part }), ...keep({}, ['part']) }
}

function readImage(image: JsonObject): CollectedBlock | undefined {
  const inner = asObject(image['image_url'])
  const data = readDataUrl(asText(inner?.['url']) ?? '')
  if (image['type'] !== 'image_url' || inner === undefined || data === undefined) return undefined
  const rest = without(inner, ['url'])
  const fields = {
    ...without(image, ['type', 'image_url']),
    ...(Object.keys(rest).length === 0 ? {} : { image_url: rest }),
  }
  return { ...blockOf({ kind: 'media', mediaType: data.mediaType, base64: data.base64 }), ...keep(fields, ['image']) }
}

function readCall(value: Json, index: number, context: MessageContext): CollectedBlock {
  const call = asObject(value)
  if (call === undefined) throw notThisWire('broken_reply')
  const type = asText(call['type']) ?? 'function'
  if (type === 'function' || type === 'custom') return readKnownCall(call, type, { ...context, index })
  return { ...blockOf({ kind: 'foreign', wire: WIRE, type, json: call }), ...keep({}, ['call']) }
}

function readKnownCall(
  call: JsonObject,
  kind: 'function' | 'custom',
  { proofOf, replyId, index }: MessageContext & { readonly index: number },
): CollectedBlock {
  const inner = asObject(call[kind])
  const name = asText(inner?.['name'])
  if (inner === undefined || name === undefined) throw notThisWire('broken_reply')
  const input = inner[kind === 'custom' ? 'input' : 'arguments']
  const id = asText(call['id']) || undefined
  const secret = secretIn(call['extra_content'])
  const ways = { typeless: typeof call['type'] !== 'string', nameless: id === undefined, argless: input === undefined }
  return {
    ...blockOf({ kind: 'call', id: id ?? madeCallId(replyId, index), name, input: kind }, inputText(input)),
    ...(secret === undefined ? {} : { proof: proofOf(secret) }),
    ...keep(callRest(call, kind, inner), spellings(ways)),
  }
}

/** What of a call only this wire knows. */
function callRest(call: JsonObject, kind: 'function' | 'custom', inner: JsonObject): JsonObject {
  const said = ['name', ...['arguments', 'input'].filter((key) => typeof inner[key] === 'string')]
  const isSigned = secretIn(call['extra_content']) !== undefined
  const rests = { [kind]: without(inner, said), extra_content: isSigned ? extraRest(call['extra_content']) : {} }
  const filled = Object.entries(rests).filter(([, rest]) => Object.keys(rest).length > 0)
  const texts = ['type', 'id'].filter((key) => typeof call[key] === 'string' && call[key] !== '')
  const known = [kind, ...texts, ...(isSigned ? ['extra_content'] : [])]
  return { ...without(call, known), ...Object.fromEntries(filled) }
}

/** Some nodes give the arguments as an object, or none at all. */
function inputText(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

interface Sourced {
  readonly said: readonly CollectedBlock[]
  /** The fields of the message that were read. */
  readonly consumed: readonly string[]
  readonly extra?: JsonObject
}

/** The sources and the proof stand at the message, and belong to its last text. */
function withSources(said: readonly CollectedBlock[], message: JsonObject, proofOf: ProofOf): Sourced {
  const at = said.findLastIndex(({ content }) => content.kind === 'text')
  const text = said[at]
  if (text === undefined) return { said, consumed: [] }
  const citations: readonly Citation[] = readAnnotations(message['annotations'])
  const secret = secretIn(message['extra_content'])
  const proof: { readonly proof?: Proof } = secret === undefined ? {} : { proof: proofOf(secret) }
  const consumed = [
    ...(citations.length === 0 ? [] : ['annotations']),
    ...(secret === undefined ? [] : ['extra_content']),
  ]
  const extra = secret === undefined ? {} : { extra: extraRest(message['extra_content']) }
  return { said: said.with(at, { ...text, citations, ...proof }), consumed, ...extra }
}
