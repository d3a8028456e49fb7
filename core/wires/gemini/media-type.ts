import type { MediaBlock, Source } from '../../chat.ts'
import { mediaTypeByBytes } from '../../media.ts'

/** The kind of block that data of this type is. */
export function mediaKind(mediaType: string | undefined): MediaBlock['kind'] {
  const family = mediaType?.slice(0, mediaType.indexOf('/')).toLowerCase()
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'file'
}

/** The type of a picture or file for a vendor that demands one: as it was said, else told by the first bytes or the end of the address. */
export function mediaTypeOf(source: Source, kind: MediaBlock['kind']): string {
  if (source.mediaType !== undefined) return source.mediaType
  switch (source.kind) {
    case 'data':
      return mediaTypeByBytes(source.base64) ?? USUAL[kind]
    case 'url':
      return mediaTypeByEnding(source.url) ?? USUAL[kind]
    case 'id':
      return USUAL[kind]
    case 'text':
      return 'text/plain'
  }
}

/** By the file name at the end of an address, without its query. */
export function mediaTypeByEnding(url: string): string | undefined {
  const ending = /\.([a-z0-9]{2,5})(?:[?#]|$)/i.exec(url.slice(0, URL_LENGTH_MAX))?.[1]
  return ending === undefined ? undefined : ENDINGS.get(ending.toLowerCase())
}

const URL_LENGTH_MAX = 8_192

const USUAL: { readonly [kind in MediaBlock['kind']]: string } = {
  image: 'image/jpeg',
  audio: 'audio/wav',
  video: 'video/mp4',
  file: 'application/pdf',
}

const ENDINGS = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['heic', 'image/heic'],
  ['pdf', 'application/pdf'],
  ['txt', 'text/plain'],
  ['csv', 'text/csv'],
  ['html', 'text/html'],
  ['mp3', 'audio/mp3'],
  ['wav', 'audio/wav'],
  ['ogg', 'audio/ogg'],
  ['flac', 'audio/flac'],
  ['mp4', 'video/mp4'],
  ['mov', 'video/mov'],
  ['webm', 'video/webm'],
])
