import { isMadeCallId, sentCallId } from '../../call-id.ts'
import type { Block, CallBlock, MediaBlock, Own, ResultBlock, TextBlock } from '../../chat.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import { restored, speltAs, WIRE } from './kept.ts'
import { mediaTypeOf } from './media-type.ts'
import { argumentsOf, objectIn } from './object-text.ts'
import {
  AS_RESULT,
  AS_TEXT,
  ID,
  isUploaded,
  NO_ID,
  NO_PARTS,
  NO_RESPONSE,
  NO_TEXT,
  RESULT,
  resolutionOf,
} from './parts-read.ts'
import { lose, type Writing } from './writing.ts'

/** A block as a part, without its signature; `undefined` (and a loss) for what cannot be said. */
export function writePart(block: Block, writing: Writing): JsonObject | undefined {
  const { losses } = writing
  if (block.cacheMark !== undefined) lose(losses, 'text.cacheMark')
  switch (block.kind) {
    case 'text':
      return writeText(block, writing)
    case 'reasoning':
      return restored(
        speltAs(block.own, NO_TEXT) === undefined ? { text: block.text, thought: true } : { thought: true },
        block.own,
      )
    case 'refusal':
      lose(losses, 'refusal')
      return { text: block.text }
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return writeMedia(block, writing)
    case 'call':
      return writeCall(block, writing)
    case 'result':
      return writeResult(block, writing)
    case 'foreign': {
      const json = block.wire === WIRE ? asObject(block.json) : undefined
      if (json === undefined) losses.addForeign(block.type)
      return json
    }
  }
}

function writeText(block: TextBlock, { losses }: Writing): JsonObject {
  if (block.citations !== undefined) lose(losses, 'text.citations')
  return restored(speltAs(block.own, NO_TEXT) === undefined ? { text: block.text } : {}, block.own)
}

function writeMedia(block: MediaBlock, writing: Writing): JsonObject | undefined {
  const { losses, isHome, target } = writing
  const { source, name, detail } = block
  if (name !== undefined && !isHome) lose(losses, 'file.name')
  const displayName = name === undefined || !isHome ? {} : { displayName: name }
  const resolution = detail === undefined || !isHome ? {} : { mediaResolution: { level: resolutionOf(detail) } }
  switch (source.kind) {
    case 'data': {
      const inlineData = { mimeType: mediaTypeOf(source, block.kind), data: source.base64, ...displayName }
      return restored({ inlineData, ...resolution }, block.own)
    }
    case 'text':
      lose(losses, 'file.text')
      return { text: name === undefined ? source.text : `${name}\n${source.text}` }
    case 'id':
      if (!isUploaded(source.id)) {
        lose(losses, block.kind === 'image' ? 'image.id' : 'file.id')
        return undefined
      }
      return restored(
        { fileData: { ...typed(block, isHome), fileUri: source.id, ...displayName }, ...resolution },
        block.own,
      )
    case 'url':
      if (!isHome && target.dialect.fetchesUrls === false) {
        const field = block.kind === 'image' ? 'image.url' : 'file.url'
        losses.add({ field, what: 'dropped', why: 'the vendor fetches nothing' })
        return undefined
      }
      return restored(
        { fileData: { ...typed(block, isHome), fileUri: source.url, ...displayName }, ...resolution },
        block.own,
      )
  }
}

/** At home only what the client said; the vendor is better told. */
function typed({ source, kind }: MediaBlock, isHome: boolean): JsonObject {
  if (isHome) return source.mediaType === undefined ? {} : { mimeType: source.mediaType }
  return { mimeType: mediaTypeOf(source, kind) }
}

function writeCall(block: CallBlock, writing: Writing): JsonObject {
  const { names, losses } = writing
  if (block.input.kind === 'custom') lose(losses, 'call.custom')
  const args = argsOf(block, writing)
  const functionCall = {
    ...idOf(block.id, block.own, writing),
    name: names.sent(block.name),
    ...(args === undefined ? {} : { args }),
  }
  return restored({ functionCall }, block.own)
}

/** Text that is no object goes along inside of one: an earlier call must stay in the conversation, because its result does. */
function argsOf({ input }: CallBlock, { losses, isHome }: Writing): JsonObject | undefined {
  if (input.kind === 'custom') return { input: input.text }
  if (input.text === '' && isHome) return undefined
  const args = argumentsOf(input.text)
  if (args !== undefined) return args
  losses.add({ field: 'call.input', what: 'emulated', why: 'arguments that are not JSON are sent as one text' })
  return { input: input.text }
}

function writeResult(block: ResultBlock, writing: Writing): JsonObject {
  const parts = block.blocks
    .filter(({ kind }) => kind !== 'text' && kind !== 'refusal')
    .flatMap((inner) => writePart(inner, writing) ?? [])
  const response = responseOf(block)
  const hasParts = parts.length > 0 || speltAs(block.own, NO_PARTS) !== undefined
  const functionResponse = {
    ...idOf(block.callId, block.own, writing),
    name: writing.names.sent(block.name ?? ''),
    ...(response === undefined ? {} : { response }),
    ...(hasParts ? { parts } : {}),
  }
  return restored({ functionResponse }, block.own)
}

/** An object as it is, a text as `output`, an error as `error`: the words that the vendor's documentation gives. */
function responseOf({ blocks, isError, own }: ResultBlock): JsonObject | undefined {
  if (speltAs(own, NO_RESPONSE) !== undefined) return undefined
  const text = blocks
    .flatMap((block) => (block.kind === 'text' || block.kind === 'refusal' ? [block.text] : []))
    .join('\n')
  const object = speltAs(own, AS_TEXT) === undefined ? objectIn(text) : undefined
  if (isError === true) return { error: object ?? text }
  return object ?? { [speltAs(own, AS_RESULT) === undefined ? 'output' : RESULT]: text }
}

/** Ids are optional: one that was made here goes back to nobody. */
function idOf(id: string, own: Own | undefined, { target }: Writing): { readonly id?: Json } {
  const spelt = speltAs(own, ID)
  if (spelt !== undefined) return { id: spelt }
  if (id === '' || isMadeCallId(id) || speltAs(own, NO_ID) !== undefined) return {}
  const { callId } = target.dialect
  return { id: callId === undefined ? id : sentCallId(id, callId) }
}
