import type { Proof } from '../../chat.ts'
import type { CollectedBlock } from '../../collect.ts'
import { badField, Fields } from '../../fields.ts'
import type { JsonObject } from '../../json.ts'
import { Kept, WIRE } from './kept.ts'
import { BESIDE, ID, KINDS, NO_TEXT } from './parts-read.ts'

/** How a part of a reply is read. */
export interface PartContext {
  /** Whose signatures these are. */
  readonly account: string
  /** An id for a call to which the vendor gave none. */
  readonly makeId: () => string
}

export type WholeBlock = Partial<CollectedBlock> & Pick<CollectedBlock, 'content'>

/** A part of a reply that is a block of its own. Throws `bad_request` for what is not of this wire: whoever reads a reply says it otherwise. */
export function readWholePart(json: JsonObject, context: PartContext): WholeBlock {
  const part = new Fields(json, 'part')
  const isThought = json['thought'] === true
  const kind = KINDS.find((one) => part.has(one))
  if (kind === 'functionCall' && !isThought) return readCall(part, context)
  if (kind === 'inlineData' && !isThought) return readPicture(part, context)
  if (kind === 'text' || (kind === undefined && part.has('thoughtSignature')))
    return readText(part, { isThought, context })
  const type = kind ?? Object.keys(json).find((key) => !BESIDE.has(key)) ?? 'unknown'
  return { content: { kind: 'foreign', wire: WIRE, type, json } }
}

function readText(
  part: Fields,
  { isThought, context }: { readonly isThought: boolean; readonly context: PartContext },
): WholeBlock {
  const kept = new Kept()
  const text = part.text('text')
  if (text === undefined) kept.spell(NO_TEXT)
  if (isThought) part.flag('thought')
  return finished(part, {
    kept,
    context,
    block: { content: { kind: isThought ? 'reasoning' : 'text' }, text: text ?? '' },
  })
}

function readPicture(part: Fields, context: PartContext): WholeBlock {
  const kept = new Kept()
  const blob = part.objectNeeded('inlineData')
  const mediaType = blob.textNeeded('mimeType')
  const base64 = blob.textNeeded('data')
  kept.rest(blob, 'inlineData')
  return finished(part, { kept, context, block: { content: { kind: 'media', mediaType, base64 } } })
}

function readCall(part: Fields, context: PartContext): WholeBlock {
  const kept = new Kept()
  const call = part.objectNeeded('functionCall')
  const name = call.textNeeded('name')
  if (name === '') throw badField(call.path('name'), 'must not be empty')
  const given = call.text('id')
  if (given === '') kept.spell(ID)
  const args = call.object('args')?.json
  kept.rest(call, 'functionCall')
  const content = { kind: 'call', id: given || context.makeId(), name, input: 'function' } as const
  return finished(part, { kept, context, block: { content, text: args === undefined ? '' : JSON.stringify(args) } })
}

interface Finished {
  readonly kept: Kept
  readonly context: PartContext
  readonly block: WholeBlock
}

function finished(part: Fields, { kept, context, block }: Finished): WholeBlock {
  const proof = signedBy(part.text('thoughtSignature'), context)
  kept.rest(part)
  const own = kept.own()
  return { ...block, ...(proof === undefined ? {} : { proof }), ...(own === undefined ? {} : { own }) }
}

const signedBy = (data: string | undefined, { account }: PartContext): Proof | undefined =>
  data === undefined ? undefined : { wire: WIRE, account, data }
