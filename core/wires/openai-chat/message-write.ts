import type { Chat, ReasoningBlock } from '../../chat.ts'
import type { CollectedBlock, CollectedChoice } from '../../collect.ts'
import { dataUrl } from '../../data-url.ts'
import { filled } from '../../json-object.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import type { Losses } from '../../loss.ts'
import { isSpelt, ownFields } from '../../own.ts'
import type { PartContent } from '../../part.ts'
import { writeAnnotation } from './annotations.ts'
import { WIRE, keep, overlay } from './kept.ts'
import { proofField, secretFor } from './proof.ts'
import { Pieces } from './thought-place.ts'
import { DETAILS, numbered, TEXT_FIELDS, writeThoughts } from './thoughts.ts'

/** The message of a choice. `home`: it came in this wire, so nothing is put there that its vendor did not say. */
export function writeMessage(choice: CollectedChoice, home: boolean, losses: Losses): JsonObject {
  const { blocks, own } = choice
  const isList = blocks.some((block) => isSpelt(block.own, WIRE, 'part'))
  const thoughts = home
    ? blocks.filter((block) => !isSpelt(block.own, WIRE, 'part')).flatMap(asThought)
    : placed(blocks)
  const calls = blocks.flatMap((block) => writeCall(block, choice, home))
  const refusals = blocks.filter(({ content }) => content.kind === 'refusal')
  const text = isList ? writeList(blocks) : textOf(blocks)
  const sources = annotationsOf(blocks, losses)
  const said = filled({
    role: home && isSpelt(own, WIRE, 'roleless') ? undefined : 'assistant',
    content: text ?? (home ? undefined : emptyContent(calls.length + refusals.length > 0)),
    refusal: refusals.length > 0 ? refusals.map((block) => block.text).join('') : home ? undefined : null,
    ...thoughtFields(choice, thoughts, home),
    annotations: sources.length > 0 || !home ? sources : undefined,
    images: imagesOf(blocks),
    tool_calls: calls.length === 0 ? undefined : calls,
    extra_content: textSecret(blocks),
  })
  loseForeign(blocks, losses)
  return home ? overlay(asObject(ownFields(own, WIRE)['message']) ?? {}, said) : said
}

/** A picture that the model drew, as OpenRouter has them: this wire's own vendor draws none in a chat. */
export const writeImage = ({ mediaType, base64 }: Extract<PartContent, { kind: 'media' }>): JsonObject => ({
  type: 'image_url',
  image_url: { url: dataUrl(mediaType, base64) },
})

/** Reports a block that has no place in a reply of this wire, or one that is not OpenAI's own. */
export function loseBlock(content: PartContent, losses: Losses): void {
  if (content.kind === 'foreign' && content.wire !== WIRE) {
    losses.addForeign(content.type)
  }
  if (content.kind !== 'media') return
  const loss = isImage(content) ? IN_IMAGES : ({ field: 'content.media', what: 'dropped', why: NO_PLACE } as const)
  losses.add(loss)
}

const IN_IMAGES = {
  field: 'content.image',
  what: 'emulated',
  why: 'it stands in `images`, which OpenAI does not have',
} as const
/** Said of what a message of this wire cannot hold. */
export const NO_PLACE = 'this API has no place for it in a reply'

/** Whether it is a picture that the model drew. */
export const isImage = (content: PartContent): content is Extract<PartContent, { kind: 'media' }> =>
  content.kind === 'media' && content.mediaType.startsWith('image/')

/** Beside calls and refusals OpenAI has no content; else a client may count on a text. */
export const emptyContent = (saysMore: boolean): Json => (saysMore ? null : '')

/** What is asked for and is no text of the message, by the name of the loss. */
export const loseCitation = (losses: Losses): void =>
  losses.add({ field: 'text.citations', what: 'dropped', why: 'this API has only sources with an address' })

/** Log probabilities that were asked for: no other wire's reader hands them on, and no chunk of ours has a place for them. */
export const loseLogprobs = ({ logprobs }: Chat, losses: Losses): void => {
  if (logprobs !== undefined) losses.addLogprobs()
}

const loseForeign = (blocks: readonly CollectedBlock[], losses: Losses): void => {
  for (const { content, own } of blocks) if (!isSpelt(own, WIRE, 'image')) loseBlock(content, losses)
}

function textOf(blocks: readonly CollectedBlock[]): string | undefined {
  const texts = blocks.filter(({ content }) => content.kind === 'text')
  const text = texts.map((block) => block.text).join('')
  return text === '' ? undefined : text
}

/** The content as the node gave it: a list in which reasoning stands among the texts. */
const writeList = (blocks: readonly CollectedBlock[]): readonly JsonObject[] =>
  blocks.filter(({ own }) => isSpelt(own, WIRE, 'part')).map(writePiece)

function writePiece({ content, text, own }: CollectedBlock): JsonObject {
  const kept = ownFields(own, WIRE)
  if (content.kind === 'foreign') return asObject(content.json) ?? {}
  if (content.kind === 'text') return { type: 'text', text, ...kept }
  return {
    type: 'thinking',
    ...(Object.hasOwn(kept, 'thinking') ? {} : { thinking: [{ type: 'text', text }] }),
    ...kept,
  }
}

const asThought = ({ content, text, proof, own }: CollectedBlock): readonly ReasoningBlock[] =>
  content.kind === 'reasoning'
    ? [{ ...content, text, ...(proof === undefined ? {} : { proof }), ...(own === undefined ? {} : { own }) }]
    : []

/** The thoughts of another wire, each with its place among what else is said as its number. */
function placed(blocks: readonly CollectedBlock[]): readonly ReasoningBlock[] {
  const pieces = new Pieces()
  return blocks.flatMap((block) => {
    const thoughts = asThought(block).map((thought) => ({ ...thought, ...keep({}, numbered(pieces.count)) }))
    const { kind } = block.content
    if (kind !== 'media' && kind !== 'foreign' && (kind !== 'text' || block.text !== '')) pieces.add(kind)
    return thoughts
  })
}

/**
 * Reasoning in the fields that nodes have for it, because OpenAI has none: the text in `reasoning_content`, and where a proof must come
 * back, all of it in `reasoning_details` (OpenRouter's names).
 */
function thoughtFields({ own }: CollectedChoice, thoughts: readonly ReasoningBlock[], home: boolean): JsonObject {
  const spelt = [DETAILS, ...TEXT_FIELDS].filter((field) => isSpelt(own, WIRE, field))
  if (home) return writeThoughts(thoughts, spelt, secretFor)
  const isProven = thoughts.some(({ proof }) => proof !== undefined)
  const isSaid = thoughts.some(({ text }) => text !== '')
  return writeThoughts(thoughts, [...(isSaid ? ['reasoning_content'] : []), ...(isProven ? [DETAILS] : [])], secretFor)
}

/** Clients parse the input of a call: none at all is an empty object, unless it was the limit that cut it off (wire-formats 1.8, traps 25 and 48). */
function inputOf({ content, text }: CollectedBlock, { stop }: CollectedChoice): string {
  const isCut = stop?.reason === 'length' || stop?.reason === 'context'
  return content.kind === 'call' && content.input === 'function' && text.trim() === '' && !isCut ? '{}' : text
}

function writeCall(block: CollectedBlock, choice: CollectedChoice, home: boolean): readonly JsonObject[] {
  const { content, text, proof, own } = block
  if (content.kind === 'foreign') return isSpelt(own, WIRE, 'call') ? [asObject(content.json) ?? {}] : []
  if (content.kind !== 'call') return []
  const kept = ownFields(own, WIRE)
  const textKey = content.input === 'custom' ? 'input' : 'arguments'
  const isKept = Object.hasOwn(asObject(kept[content.input]) ?? {}, textKey)
  const isMissing = isSpelt(own, WIRE, 'argless')
  const said = filled({
    id: isSpelt(own, WIRE, 'nameless') ? undefined : content.id,
    type: isSpelt(own, WIRE, 'typeless') ? undefined : content.input,
    [content.input]: {
      name: content.name,
      ...(isKept || isMissing ? {} : { [textKey]: home ? text : inputOf(block, choice) }),
    },
    extra_content: proof === undefined ? undefined : proofField(secretFor(proof)),
  })
  return [overlay(kept, said)]
}

/** The sources of all texts, their places counted in the one text that the message has. */
function annotationsOf(blocks: readonly CollectedBlock[], losses: Losses): readonly JsonObject[] {
  const annotations: JsonObject[] = []
  let offset = 0
  for (const { content, text, citations } of blocks) {
    if (content.kind !== 'text') continue
    for (const citation of citations) {
      const annotation = writeAnnotation(citation, { offset, length: text.length })
      if (annotation === undefined) loseCitation(losses)
      else annotations.push(annotation)
    }
    offset += text.length
  }
  return annotations
}

function imagesOf(blocks: readonly CollectedBlock[]): Json | undefined {
  const images = blocks.flatMap(({ content, own }) =>
    isImage(content) ? [overlay(ownFields(own, WIRE), writeImage(content))] : [],
  )
  return images.length === 0 ? undefined : images
}

/** The proof of a text: that of the last one, because the message has a place for one. */
function textSecret(blocks: readonly CollectedBlock[]): JsonObject | undefined {
  const proof = blocks.findLast(({ content, proof }) => content.kind === 'text' && proof !== undefined)?.proof
  return proof === undefined ? undefined : proofField(secretFor(proof))
}
