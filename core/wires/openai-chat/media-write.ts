import type { MediaBlock, Source } from '../../chat.ts'
import { dataUrl } from '../../data-url.ts'
import { filled } from '../../json-object.ts'
import type { JsonObject } from '../../json.ts'
import { mediaTypeByBytes } from '../../media.ts'
import { isSpelt, ownFields } from '../../own.ts'
import { WIRE, overlay, speltValue } from './kept.ts'
import { lose, loseHere, markFields, type Writing } from './writing.ts'

/** A picture, sound or file as a part of a message; `undefined` where this wire has no place for it, which is reported. */
export function writeMedia(block: MediaBlock, writing: Writing): JsonObject | undefined {
  const part = partOf(block, writing)
  if (part === undefined) return undefined
  return overlay(ownFields(block.own, WIRE), { ...part, ...markFields(block.cacheMark, block.own, writing) })
}

/** How each kind of media is called among the features, where a whole kind of place does not take it. */
export const MEDIA_FEATURES = { image: 'image.data', audio: 'audio.data', video: 'video', file: 'file.data' } as const

function partOf(block: MediaBlock, writing: Writing): JsonObject | undefined {
  switch (block.kind) {
    case 'image':
      return writeImage(block, writing)
    case 'audio':
      return writeAudio(block, writing)
    case 'video':
      return writeVideo(block, writing)
    case 'file':
      return writeFile(block, writing)
  }
}

function writeImage(block: MediaBlock, writing: Writing): JsonObject | undefined {
  const url = urlOf(block, 'image/png')
  if (url === undefined) {
    lose(writing, 'image.id')
    return undefined
  }
  if (block.source.kind === 'url' && writing.target.dialect.fetchesUrls === false) {
    loseHere(writing, 'image.url', { what: 'dropped', why: 'the provider fetches no addresses' })
    return undefined
  }
  if (isSpelt(block.own, WIRE, 'bare')) return { type: 'image_url', image_url: url }
  return { type: 'image_url', image_url: filled({ url, detail: detailOf(block, writing) }) }
}

/** OpenAI's words; a client's own one goes to a vendor of its wire as it is. */
function detailOf({ detail }: MediaBlock, writing: Writing): string | undefined {
  if (detail === undefined || writing.target.foreign !== true || DETAILS.includes(detail)) return detail
  loseHere(writing, 'image.detail', { what: 'dropped', why: 'this API has no such word' })
  return undefined
}
const DETAILS = ['low', 'high', 'auto', 'original']

function writeAudio(block: MediaBlock, writing: Writing): JsonObject | undefined {
  const { source, own } = block
  if (source.kind !== 'data') {
    loseHere(writing, 'audio.data', { what: 'dropped', why: 'this API takes sound only as data' })
    return undefined
  }
  const format = speltValue(own, 'format') ?? formatOf(source.mediaType ?? 'audio/wav')
  return { type: 'input_audio', input_audio: { data: source.base64, format } }
}

const formatOf = (mediaType: string): string => AUDIO_FORMATS.get(mediaType) ?? mediaType.replace(/^audio\/(?:x-)?/, '')
const AUDIO_FORMATS: ReadonlyMap<string, string> = new Map([
  ['audio/mpeg', 'mp3'],
  ['audio/wave', 'wav'],
  ['audio/vnd.wave', 'wav'],
])

function writeVideo(block: MediaBlock, writing: Writing): JsonObject | undefined {
  const url = urlOf(block, 'video/mp4')
  if (url === undefined || !isSpelt(block.own, WIRE, 'video_url')) {
    lose(writing, 'video')
    return undefined
  }
  return { type: 'video_url', video_url: isSpelt(block.own, WIRE, 'bare') ? url : { url } }
}

function writeFile(block: MediaBlock, writing: Writing): JsonObject | undefined {
  const { source, name, own } = block
  switch (source.kind) {
    case 'data':
      return {
        type: 'file',
        file: filled({ file_data: urlOf(block, 'application/pdf'), filename: fileName(block, writing) }),
      }
    case 'id':
      return writeFileId(block, source.id, writing)
    case 'url':
      if (isSpelt(own, WIRE, 'file_url'))
        return { type: 'file', file: filled({ file_data: source.url, filename: name }) }
      lose(writing, 'file.url')
      return undefined
    case 'text':
      lose(writing, 'file.text')
      return { type: 'text', text: name === undefined ? source.text : `${name}\n\n${source.text}` }
  }
}

/** An id means something only to the vendor that gave it: one that another wire's client brings is another vendor's (the two of OpenAI share theirs). */
function writeFileId({ name, own }: MediaBlock, id: string, writing: Writing): JsonObject | undefined {
  const isForeign =
    own === undefined ? writing.target.foreign === true : own.wire !== WIRE && own.wire !== 'openai-responses'
  if (!isForeign) return { type: 'file', file: filled({ file_id: id, filename: name }) }
  loseHere(writing, 'file.id', { what: 'dropped', why: 'the file lies at another provider' })
  return undefined
}

/** OpenAI wants a name with the data; other wires have none. */
function fileName({ name, source }: MediaBlock, { target }: Writing): string | undefined {
  if (name !== undefined || target.foreign !== true) return name
  return `file.${EXTENSIONS.get(source.mediaType ?? '') ?? 'pdf'}`
}
const EXTENSIONS: ReadonlyMap<string, string> = new Map([
  ['text/plain', 'txt'],
  ['text/markdown', 'md'],
  ['text/html', 'html'],
  ['text/csv', 'csv'],
  ['application/json', 'json'],
])

/** The address of the web, or one that holds the data; begun as the client had begun it. */
function urlOf({ source, own }: MediaBlock, usualType: string): string | undefined {
  switch (source.kind) {
    case 'url':
      return source.url
    case 'data': {
      const head = speltValue(own, 'head')
      return head === undefined ? dataUrl(typeOf(source, usualType), source.base64) : head + source.base64
    }
    case 'id':
    case 'text':
      return undefined
  }
}

/** A picture whose type nobody said shows it in its first letters. */
function typeOf({ mediaType, base64 }: Extract<Source, { readonly kind: 'data' }>, usual: string): string {
  return mediaType ?? mediaTypeByBytes(base64) ?? usual
}
