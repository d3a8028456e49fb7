import type { Block, MediaBlock, Own } from '../../chat.ts'
import type { WholeBlock } from '../../collect.ts'
import { Fault } from '../../fault.ts'
import { Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import { asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import type { PartContent } from '../../part.ts'
import { notThisWire } from '../../upstream-fault.ts'
import { readItem, type Unseal } from './items-read.ts'
import { labelled, WIRE } from './spelling.ts'

/** A block of an output item, and where it stands there. */
export interface PlacedBlock extends WholeBlock {
  /** The part of the message that it is, or `WHOLE_ITEM`. */
  readonly place: number
}

/** The place of a block that is an item by itself. */
export const WHOLE_ITEM = -1

/** The blocks of an item of `output`: they are what the same item is in `input`, so both are read by the same code. */
export function readOutputItem(json: JsonObject, path: string, unseal: Unseal): readonly PlacedBlock[] {
  const item = readSafely(json, path, unseal)
  if (item.kind !== 'said') return [foreignBlock(json)]
  const parts = json['type'] === 'message' ? asList(json['content']) : undefined
  return item.blocks.map((block, at) => {
    const [place, whole] = parts === undefined ? [WHOLE_ITEM, json] : [at, parts[at] ?? null]
    return { ...wholeBlock(block, whole), place, ...given({ proof: block.proof, own: block.own }) }
  })
}

/** Where the text of a thought came from: what is shown of it whole, or its summaries. */
export const thoughtSource = (own: Own | undefined): 'content' | 'summary' =>
  (asList(labelled(own, 'content')) ?? []).length > 0 ? 'content' : 'summary'

/** What a client may get wrong is nonsense when a vendor says it. */
function readSafely(json: JsonObject, path: string, unseal: Unseal) {
  try {
    return readItem(Fields.of(json, path), unseal)
  } catch (error) {
    throw error instanceof Fault ? notThisWire(`broken_item ${error.field ?? path}`) : error
  }
}

const foreignBlock = (json: JsonObject): PlacedBlock => ({ ...nothing(foreignContent(json)), place: WHOLE_ITEM })
const nothing = (content: PartContent) => ({ content, text: '', citations: [] })

const foreignContent = (json: Json): PartContent => ({
  kind: 'foreign',
  wire: WIRE,
  type: asText(asObject(json)?.['type']) ?? '',
  json,
})

function wholeBlock(block: Block, json: Json): Pick<WholeBlock, 'content' | 'text' | 'citations'> {
  switch (block.kind) {
    case 'text':
      return { content: { kind: 'text' }, text: block.text, citations: block.citations ?? [] }
    case 'refusal':
      return { content: { kind: 'refusal' }, text: block.text, citations: [] }
    case 'reasoning':
      return { content: { kind: 'reasoning', ...given({ id: block.id }) }, text: block.text, citations: [] }
    case 'call': {
      const { id, name, input } = block
      return { content: { kind: 'call', id, name, input: input.kind }, text: input.text, citations: [] }
    }
    case 'image':
      return nothing(pictureContent(block, json))
    case 'foreign':
    case 'result':
    case 'audio':
    case 'video':
    case 'file':
      return nothing(foreignContent(json))
  }
}

/** Only a picture that a tool of the vendor's made is one that other wires can show. */
function pictureContent({ source }: MediaBlock, json: Json): PartContent {
  const isMade = asObject(json)?.['type'] === 'image_generation_call'
  return isMade && source.kind === 'data' && source.mediaType !== undefined
    ? { kind: 'media', mediaType: source.mediaType, base64: source.base64 }
    : foreignContent(json)
}
