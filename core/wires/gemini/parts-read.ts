import { checkedBase64 } from '../../base64.ts'
import { isMadeCallId } from '../../call-id.ts'
import type { Block, ForeignBlock, MediaBlock, Proof, ResultBlock, Source } from '../../chat.ts'
import { badField, type Fields } from '../../fields.ts'
import { asObject, type JsonObject } from '../../json.ts'
import type { CallPairs } from './call-pairs.ts'
import { Kept, WIRE } from './kept.ts'
import { mediaKind, mediaTypeByEnding } from './media-type.ts'
import { objectIn } from './object-text.ts'
import { hidesThought, isOfAnother, readSignature } from './signature.ts'

/** Whose turn a part stands in. */
export interface PartPlace {
  readonly isModel: boolean
  readonly calls: CallPairs
}

/** One part of a content as a block. Throws `bad_request` with the path of what is wrong; kinds that nobody knows become foreign blocks. */
export function readPart(part: Fields, place: PartPlace): Block {
  const kinds = KINDS.filter((kind) => part.has(kind))
  const kind: string = kinds[0] ?? ''
  if (kinds.length > 1) throw badField(part.path(kinds[1] ?? ''), `must not stand beside '${kind}'`)
  const isThought = part.json['thought'] === true
  switch (kind) {
    case 'text':
      return readText(part, isThought)
    case 'inlineData':
      return isThought ? foreign(part, kind) : readInlineData(part)
    case 'fileData':
      return isThought ? foreign(part, kind) : readFileData(part)
    case 'functionCall':
      if (!place.isModel) throw badField(part.path(kind), "must stand in a turn of the role 'model'")
      return readCall(part, place.calls)
    case 'functionResponse':
      // In the model's own turn it is the answer of a tool that the vendor itself has run.
      return place.isModel ? foreign(part, kind) : readResult(part, place.calls)
    case '':
      return part.has('thoughtSignature') ? readText(part, isThought) : readUnknown(part)
    default:
      return foreign(part, kind)
  }
}

/** Of these a part holds one. */
export const KINDS = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
] as const

/** What stands beside the kind of a part. */
export const BESIDE = new Set(['thought', 'thoughtSignature', 'videoMetadata', 'mediaResolution', 'partMetadata'])

const foreign = (part: Fields, type: string): ForeignBlock => ({ kind: 'foreign', wire: WIRE, type, json: part.json })

function readUnknown(part: Fields): Block {
  const type = Object.keys(part.json).find((key) => !BESIDE.has(key))
  if (type === undefined) throw badField(part.path('').replace(/\.$/, ''), 'must hold text, data or a function call')
  return { ...foreign(part, type), unknownAt: part.path(type) }
}

function readText(part: Fields, isThought: boolean): Block {
  const kept = new Kept()
  const text = part.text('text')
  if (text === undefined) kept.spell(NO_TEXT)
  if (isThought) part.flag('thought')
  const marks = marked(readSignature(part), kept, part)
  if (!isThought) return { kind: 'text', text: text ?? '', ...marks }
  return { kind: 'reasoning', text: text ?? '', ...(hidesThought(part) ? { redacted: true } : {}), ...marks }
}

function readInlineData(part: Fields): MediaBlock {
  const kept = new Kept()
  const blob = part.objectNeeded('inlineData')
  const mediaType = blob.textNeeded('mimeType')
  const base64 = checkedBase64(blob.textNeeded('data'), blob.path('data'))
  return media(part, { kept, source: { kind: 'data', mediaType, base64 }, inner: blob, path: 'inlineData' })
}

function readFileData(part: Fields): MediaBlock {
  const kept = new Kept()
  const file = part.objectNeeded('fileData')
  const uri = file.textNeeded('fileUri')
  const mimeType = file.text('mimeType')
  const type = mimeType === undefined ? {} : { mediaType: mimeType }
  const source: Source = isUploaded(uri) ? { kind: 'id', id: uri, ...type } : { kind: 'url', url: uri, ...type }
  return media(part, { kept, source, inner: file, path: 'fileData' })
}

/** Files that were uploaded to the vendor, and objects in its storage: their addresses mean nothing elsewhere. */
export const isUploaded = (uri: string): boolean =>
  /^gs:\/\/|\/v1(?:alpha|beta)?\d*\/files\/[^/]+$/.test(uri.slice(0, 2_048))

interface MediaParts {
  readonly kept: Kept
  readonly source: Source
  readonly inner: Fields
  readonly path: string
}

function media(part: Fields, { kept, source, inner, path }: MediaParts): MediaBlock {
  const name = inner.text('displayName')
  const resolution = part.object('mediaResolution')
  const level = resolution?.text('level')
  kept.rest(inner, path)
  kept.rest(resolution, 'mediaResolution')
  const type = source.mediaType ?? (source.kind === 'url' ? mediaTypeByEnding(source.url) : undefined)
  return {
    kind: mediaKind(type),
    source,
    ...(name === undefined ? {} : { name }),
    ...(level === undefined ? {} : { detail: DETAILS.get(level) ?? level }),
    ...marked(readSignature(part), kept, part),
  }
}

const DETAILS = new Map([
  ['MEDIA_RESOLUTION_LOW', 'low'],
  ['MEDIA_RESOLUTION_HIGH', 'high'],
])

/** A part's own word for a `detail`. */
export const resolutionOf = (detail: string): string => RESOLUTIONS.get(detail) ?? detail

const RESOLUTIONS = new Map([...DETAILS].map(([resolution, detail]) => [detail, resolution]))

function readCall(part: Fields, calls: CallPairs): Block {
  const kept = new Kept()
  const call = part.objectNeeded('functionCall')
  const name = call.textNeeded('name')
  const given = call.text('id')
  const args = call.object('args')?.json
  const id = calls.call(given, name)
  if (given !== undefined && given !== id) kept.spell(ID + given)
  kept.rest(call, 'functionCall')
  return {
    kind: 'call',
    id,
    name,
    input: { kind: 'function', text: args === undefined ? '' : JSON.stringify(args) },
    ...marked(readSignature(part), kept, part),
  }
}

function readResult(part: Fields, calls: CallPairs): ResultBlock {
  const kept = new Kept()
  const result = part.objectNeeded('functionResponse')
  const name = result.textNeeded('name')
  const given = result.text('id')
  const callId = calls.result({ id: given, name, path: part.path('functionResponse') })
  if (given !== undefined && given !== callId) kept.spell(ID + given)
  if (given === undefined && !isMadeCallId(callId)) kept.spell(NO_ID)
  const { text, isError } = readResponse(result.object('response')?.json, kept)
  const parts = result.objects('parts') ?? []
  if (parts.length === 0 && result.has('parts')) kept.spell(NO_PARTS)
  const pictures = parts.map(readResultPart)
  kept.rest(result, 'functionResponse')
  return {
    kind: 'result',
    callId,
    name,
    blocks: [...(text === undefined ? [] : [{ kind: 'text' as const, text }]), ...pictures],
    ...(isError ? { isError } : {}),
    ...marked(readSignature(part), kept, part),
  }
}

function readResultPart(part: Fields): Block {
  if (part.has('inlineData')) return readInlineData(part)
  return part.has('fileData') ? readFileData(part) : readUnknown(part)
}

/** What a tool gave back, as text: the vendor wants an object, and has words for one that only holds a text or an error. */
function readResponse(
  response: JsonObject | undefined,
  kept: Kept,
): { readonly text: string | undefined; readonly isError: boolean } {
  if (response === undefined) {
    kept.spell(NO_RESPONSE)
    return { text: undefined, isError: false }
  }
  const [[key, value] = [], ...more] = Object.entries(response)
  const isOnly = more.length === 0
  if (isOnly && key === 'error' && asObject(value) !== undefined) return { text: JSON.stringify(value), isError: true }
  if (!isOnly || typeof value !== 'string' || (key !== 'error' && key !== 'output' && key !== RESULT)) {
    return { text: JSON.stringify(response), isError: false }
  }
  if (key === RESULT) kept.spell(AS_RESULT)
  // A text that would be taken for an object must be known for a text again.
  if (objectIn(value) !== undefined) kept.spell(AS_TEXT)
  return { text: value, isError: key === 'error' }
}

/** What the vendor's own SDKs put a text into, where its documentation says `output`. */
export const RESULT = 'result'

/** Ways in which a part was spelt. */
export const NO_TEXT = 'no text'
export const NO_ID = 'no id'
export const ID = 'id='
export const NO_RESPONSE = 'no response'
export const AS_TEXT = 'as text'
export const AS_RESULT = 'as result'
export const NO_PARTS = 'nothing in parts'
export const OF_ANOTHER = 'of another'

/** What every block may carry; read last, because it keeps what nobody has asked for. */
function marked(proof: Proof | undefined, kept: Kept, part: Fields): Pick<Block, 'proof' | 'own'> {
  if (isOfAnother(part)) kept.spell(OF_ANOTHER)
  kept.rest(part)
  const own = kept.own()
  return { ...(proof === undefined ? {} : { proof }), ...(own === undefined ? {} : { own }) }
}
