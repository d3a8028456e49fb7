import { binaryOf } from '../../base64.ts'
import type { MediaBlock, Source, Turn } from '../../chat.ts'
import { readDataUrl } from '../../data-url.ts'
import { filled } from '../../json-object.ts'
import type { JsonObject } from '../../json.ts'
import { isWebUrl, mediaFeature, mediaTypeByBytes } from '../../media.ts'
import { keptFields, withKept, writeMark } from './kept.ts'
import { drop, isStrictVersion, lose, type Writing } from './writing.ts'

/** A picture or document, or `undefined` where the vendor does not take it (which is reported). `role`: whose turn it stands in. */
export function writeMedia(block: MediaBlock, role: Turn['role'], writing: Writing): JsonObject | undefined {
  const why = refusal(block, role, writing)
  if (why !== undefined) {
    drop(writing, mediaFeature(block), why)
    return undefined
  }
  if (block.detail !== undefined && block.detail !== 'auto') lose(writing, 'image.detail')
  const written = writing.home ? writeOwn(block, block.source) : writeForeign(block, writing)
  if (written === undefined) return undefined
  const { type, source } = written
  return filled({
    type,
    source: withKept(block.own, 'source', source),
    title: type === 'document' ? block.name : undefined,
    cache_control: writeMark(block.cacheMark, block.own),
    ...keptFields(block.own, ['source', 'cache_control']),
  })
}

interface WrittenMedia {
  readonly type: 'image' | 'document'
  readonly source: JsonObject
}

/** Why it cannot stand here at all. */
function refusal(block: MediaBlock, role: Turn['role'], writing: Writing): string | undefined {
  const isDocument = block.kind === 'file'
  if (role === 'assistant' && isDocument && isStrictVersion(writing)) return 'an answer holds no documents'
  if (writing.home || role === 'user') return undefined
  return role === 'assistant' ? 'an answer holds no media' : 'a system turn holds nothing but text'
}

const typeOf = ({ kind }: MediaBlock): 'image' | 'document' => (kind === 'file' ? 'document' : 'image')

function writeOwn(block: MediaBlock, source: Source): WrittenMedia {
  const type = typeOf(block)
  switch (source.kind) {
    case 'data':
      return { type, source: filled({ type: 'base64', media_type: source.mediaType, data: source.base64 }) }
    case 'url':
      return { type, source: { type: 'url', url: source.url } }
    case 'id':
      return { type, source: { type: 'file', file_id: source.id } }
    case 'text':
      return { type, source: filled({ type: 'text', media_type: source.mediaType, data: source.text }) }
  }
}

function writeForeign(block: MediaBlock, writing: Writing): WrittenMedia | undefined {
  const { kind, source } = block
  if (kind === 'audio' || kind === 'video' || source.kind === 'id') {
    lose(writing, mediaFeature(block))
    return undefined
  }
  switch (source.kind) {
    case 'data':
      return writeData(block, source, writing)
    case 'url':
      return writeUrl(block, source, writing)
    case 'text':
      return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: source.text } }
  }
}

type Data = Extract<Source, { readonly kind: 'data' }>

function writeData(block: MediaBlock, source: Data, writing: Writing): WrittenMedia | undefined {
  const mediaType = mediaTypeOf(source)
  if (block.kind === 'image' || mediaType?.startsWith('image/') === true) {
    return { type: 'image', source: { type: 'base64', media_type: mediaType ?? 'image/png', data: source.base64 } }
  }
  if (mediaType === undefined || mediaType === PDF) {
    return { type: 'document', source: { type: 'base64', media_type: PDF, data: source.base64 } }
  }
  const text = isText(mediaType) ? decoded(source.base64) : undefined
  if (text !== undefined) return { type: 'document', source: { type: 'text', media_type: 'text/plain', data: text } }
  drop(writing, 'file.data', 'the vendor takes PDF and plain text only')
  return undefined
}

function writeUrl(block: MediaBlock, source: Extract<Source, { readonly kind: 'url' }>, writing: Writing) {
  const data = readDataUrl(source.url)
  if (data !== undefined) return writeData(block, { kind: 'data', ...data }, writing)
  const type = typeOf(block)
  if (writing.target.dialect.fetchesUrls === false || !isWebUrl(source.url)) {
    drop(writing, mediaFeature(block), 'the vendor does not fetch it')
    return undefined
  }
  if (type === 'document' && source.mediaType !== undefined && source.mediaType !== PDF) {
    drop(writing, 'file.url', 'the vendor fetches PDF only')
    return undefined
  }
  const written: WrittenMedia = { type, source: { type: 'url', url: source.url } }
  return written
}

const PDF = 'application/pdf'

/**
 * What the data is by its first bytes, else as the client says: the vendor refuses a picture whose type is named wrongly
 * (wire-formats 1.8, trap 21).
 */
function mediaTypeOf({ mediaType, base64 }: Data): string | undefined {
  return mediaTypeByBytes(base64) ?? mediaType?.split(';')[0]?.trim().toLowerCase()
}

const isText = (mediaType: string): boolean => mediaType.startsWith('text/') || TEXT_TYPES.includes(mediaType)
const TEXT_TYPES = [
  'application/json',
  'application/xml',
  'application/yaml',
  'application/x-yaml',
  'application/javascript',
]

/** The text of a document, or `undefined` when it is none. */
function decoded(base64: string): string | undefined {
  const bytes = binaryOf(base64)
  if (bytes === undefined) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)))
  } catch {
    return undefined
  }
}
