import type { Block, MediaBlock } from './chat.ts'
import type { Feature } from './loss.ts'

/** Whether a block is a picture, a sound, a film or a file. */
export const isMedia = (block: Block): block is MediaBlock =>
  block.kind === 'image' || block.kind === 'audio' || block.kind === 'video' || block.kind === 'file'

/** The feature that such a block is: for reports. */
export function mediaFeature({ kind, source }: MediaBlock): Feature {
  switch (kind) {
    case 'audio':
      return 'audio.data'
    case 'video':
      return 'video'
    case 'image':
      return source.kind === 'text' ? 'image.data' : `image.${source.kind}`
    case 'file':
      return `file.${source.kind}`
  }
}

/** Whether an address is one of the web. Those of other schemes (`gs:`) mean something to one vendor only. */
export const isWebUrl = (url: string): boolean => /^https?:/i.test(url)

/** What a file is by its first bytes, `undefined` where they tell nothing. */
export const mediaTypeByBytes = (base64: string): string | undefined =>
  BEGINNINGS.find(([beginning]) => beginning.test(base64))?.[1]

/** How files of each type begin, in base64. */
const BEGINNINGS: readonly (readonly [beginning: RegExp, mediaType: string])[] = [
  [/^iVBORw0KGgo/, 'image/png'],
  [/^\/9j\//, 'image/jpeg'],
  [/^R0lGOD/, 'image/gif'],
  // Sounds begin with RIFF as well: the word WEBP comes behind the length.
  [/^UklGR.{7}RUJQ/, 'image/webp'],
  [/^JVBERi/, 'application/pdf'],
]
