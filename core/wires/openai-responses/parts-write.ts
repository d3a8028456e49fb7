import type { Block, MediaBlock, RefusalBlock, Source, TextBlock, Turn } from '../../chat.ts'
import { dataUrl } from '../../data-url.ts'
import { given } from '../../given.ts'
import type { Json, JsonObject } from '../../json.ts'
import { isWebUrl, mediaFeature } from '../../media.ts'
import { isSpelt } from '../../own.ts'
import { writeCacheMark } from './cache-mark.ts'
import { annotation, ownAnnotation } from './citation.ts'
import { loseFeature } from './features.ts'
import { kept, labelled, WIRE } from './spelling.ts'
import type { Writing } from './writing.ts'

/** Blocks that stand in a message as parts of it. */
export type PartBlock = TextBlock | MediaBlock | RefusalBlock

/** A part of a message of `role`, or of a tool's answer (`user`); `undefined` where it cannot be said, which is reported. */
export function writePart(block: PartBlock, role: Turn['role'], writing: Writing): JsonObject | undefined {
  switch (block.kind) {
    case 'text':
      return writing.home ? ownText(block, role, writing) : plainText(block, role, writing)
    case 'refusal':
      return role === 'assistant' || writing.home
        ? { ...kept(block.own), type: 'refusal', refusal: block.text }
        : { type: 'input_text', text: block.text }
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return writeMedia(block, role, writing)
  }
}

function ownText(block: TextBlock, role: Turn['role'], writing: Writing): JsonObject {
  const { own, text, citations } = block
  const annotations = citations?.map(ownAnnotation) ?? (isSpelt(own, WIRE, 'annotations') ? [] : undefined)
  const logprobs: readonly Json[] | undefined = isSpelt(own, WIRE, 'logprobs') ? [] : undefined
  const type = labelled(own, 'type') ?? (role === 'assistant' ? 'output_text' : 'input_text')
  return { ...kept(own), type, text, ...given({ annotations, logprobs }), ...writeCacheMark(block, writing) }
}

function plainText(block: TextBlock, role: Turn['role'], writing: Writing): JsonObject | undefined {
  const { text, citations = [] } = block
  if (text === '') return undefined
  const annotations = citations.map((citation) => annotation(citation, text)).filter((one) => one !== undefined)
  if (annotations.length < citations.length || (role !== 'assistant' && citations.length > 0)) {
    const why = 'only addresses in the answers of the model can be cited'
    writing.losses.add({ field: 'text.citations', what: 'dropped', why })
  }
  if (role !== 'assistant') return { type: 'input_text', text, ...writeCacheMark(block, writing) }
  loseMark(block, writing)
  return { type: 'output_text', text, annotations }
}

function loseMark({ cacheMark }: Block, { losses }: Writing): void {
  if (cacheMark === undefined) return
  losses.add({ field: 'text.cacheMark', what: 'dropped', why: 'answers of the model cannot be marked' })
}

function writeMedia(block: MediaBlock, role: Turn['role'], writing: Writing): JsonObject | undefined {
  const lose = (why: string) => {
    writing.losses.add({ field: mediaFeature(block), what: 'dropped', why })
    return undefined
  }
  if (role === 'assistant' && !writing.home) return lose('answers of the model hold text only')
  switch (block.kind) {
    case 'image':
      return writeImage(block, writing) ?? lose(UNREACHABLE)
    case 'file':
      return writeFile(block, writing) ?? lose(UNREACHABLE)
    case 'audio':
    case 'video':
      loseFeature(mediaFeature(block), writing.losses)
      return undefined
  }
}

const UNREACHABLE = 'the provider cannot reach it'

function writeImage(block: MediaBlock, writing: Writing): JsonObject | undefined {
  const { own, detail, name } = block
  const place = imagePlace(block, writing)
  if (place === undefined) return undefined
  if (writing.home) {
    const optional = given({ detail, filename: name })
    return { ...kept(own), type: 'input_image', ...place, ...optional, ...writeCacheMark(block, writing) }
  }
  const isKnown = detail === undefined || DETAILS.has(detail)
  if (!isKnown) writing.losses.add({ field: 'image.detail', what: 'clamped', why: `it has no detail '${detail}'` })
  const looked = isKnown && detail !== undefined ? detail : 'auto'
  return { type: 'input_image', ...place, detail: looked, ...writeCacheMark(block, writing) }
}

const DETAILS: ReadonlySet<string> = new Set(['low', 'high', 'auto', 'original'])

function imagePlace({ source, own }: MediaBlock, writing: Writing): JsonObject | undefined {
  switch (source.kind) {
    case 'data':
      return { image_url: dataText(source, { head: labelled(own, 'head'), usual: 'image/png' }) }
    case 'url':
    case 'id':
    case 'text':
      return farPlace(source, 'image_url', writing)
  }
}

function writeFile(block: MediaBlock, writing: Writing): JsonObject | undefined {
  const { own, name, detail, source } = block
  if (source.kind === 'text') {
    loseFeature('file.text', writing.losses)
    const text = name === undefined ? source.text : `${name}\n\n${source.text}`
    return { type: 'input_text', text, ...writeCacheMark(block, writing) }
  }
  const place = filePlace(block, writing)
  if (place === undefined) return undefined
  const optional = given({ filename: name, detail: writing.home ? detail : undefined })
  return { ...kept(own), type: 'input_file', ...place, ...optional, ...writeCacheMark(block, writing) }
}

function filePlace({ source, own }: MediaBlock, writing: Writing): JsonObject | undefined {
  switch (source.kind) {
    case 'data': {
      const { mediaType, base64 } = source
      if (writing.home && mediaType === undefined) return { file_data: base64 }
      const file_data = dataText(source, { head: labelled(own, 'head'), usual: 'application/pdf' })
      // The API wants a name for a file that comes as data.
      return writing.home ? { file_data } : { filename: `file.${extension(mediaType)}`, file_data }
    }
    case 'url':
    case 'id':
    case 'text':
      return farPlace(source, 'file_url', writing)
  }
}

/** Of what does not stand in the body itself. */
function farPlace(source: Exclude<Source, { kind: 'data' }>, urlKey: string, writing: Writing): JsonObject | undefined {
  if (source.kind === 'url') return isFetched(source.url, writing) ? { [urlKey]: source.url } : undefined
  return source.kind === 'id' && isOwnId(source.id, writing) ? { file_id: source.id } : undefined
}

const extension = (mediaType = 'application/pdf'): string => /\/([a-z0-9]+)$/.exec(mediaType)?.[1] ?? 'bin'

function dataText(
  { mediaType, base64 }: { readonly mediaType?: string; readonly base64: string },
  { head, usual }: { readonly head: Json | undefined; readonly usual: string },
): string {
  return typeof head === 'string' ? head + base64 : dataUrl(mediaType ?? usual, base64)
}

const isFetched = (url: string, { home, dialect }: Writing): boolean =>
  home || (dialect.fetchesUrls !== false && isWebUrl(url))

/** Ids of files never cross vendors; this one's begin so, on both of its wires. */
const isOwnId = (id: string, { home }: Writing): boolean => home || id.startsWith('file-')
