import { checkedBase64 } from '../../base64.ts'
import type { MediaBlock, Source } from '../../chat.ts'
import { readDataUrl } from '../../data-url.ts'
import { badField, type Fields } from '../../fields.ts'
import { readMark } from './cache-mark.ts'
import { keep } from './kept.ts'

/** `image_url`, and `video_url` of some nodes: an address that is either the web's or holds the data; some give it without an object. */
export function readByUrl(part: Fields, kind: 'image' | 'video'): MediaBlock {
  const key = `${kind}_url`
  const isBare = typeof part.json[key] === 'string'
  const inner = isBare ? part : part.objectNeeded(key)
  const url = inner.textNeeded(isBare ? key : 'url')
  const { source, head } = sourceOf(url, inner.path(isBare ? key : 'url'))
  const detail = isBare ? undefined : inner.text('detail')
  const { mark, spelt } = readMark(part)
  return {
    kind,
    source,
    ...(detail === undefined ? {} : { detail }),
    ...mark,
    ...keepPart(part, isBare ? {} : { [key]: inner }, [
      ...spelt,
      ...head,
      ...(isBare ? ['bare'] : []),
      ...nodesOnly(kind),
    ]),
  }
}

/** `input_audio`: data and the name of its format. */
export function readAudio(part: Fields): MediaBlock {
  const inner = part.objectNeeded('input_audio')
  const base64 = checkedBase64(inner.textNeeded('data'), inner.path('data'))
  const format = inner.textNeeded('format')
  const mediaType = AUDIO_TYPES.get(format) ?? `audio/${format}`
  const { mark, spelt } = readMark(part)
  return {
    kind: 'audio',
    source: { kind: 'data', mediaType, base64 },
    ...mark,
    ...keepPart(part, { input_audio: inner }, [...spelt, `format ${format}`]),
  }
}

/** `file`: an uploaded one by its id, or data; some nodes take the address of the web there. */
export function readFile(part: Fields): MediaBlock {
  const inner = part.objectNeeded('file')
  const id = inner.text('file_id')
  const { source, head } =
    id === undefined
      ? fileSource(inner.textNeeded('file_data'), inner.path('file_data'))
      : { source: idSource(id), head: [] }
  const name = inner.text('filename')
  const { mark, spelt } = readMark(part)
  return {
    kind: 'file',
    source,
    ...(name === undefined ? {} : { name }),
    ...mark,
    ...keepPart(part, { file: inner }, [...spelt, ...head, ...(id === undefined ? [] : ['file_id'])]),
  }
}

/** What formats of sound are called elsewhere. */
const AUDIO_TYPES: ReadonlyMap<string, string> = new Map([['mp3', 'audio/mpeg']])

interface Sourced {
  readonly source: Source
  /** How the address began, where it cannot be told from the source. */
  readonly head: readonly string[]
}

function sourceOf(url: string, path: string): Sourced {
  if (!/^data:/i.test(url)) {
    if (url === '') throw badField(path, 'must not be empty')
    return { source: { kind: 'url', url }, head: [] }
  }
  const data = readDataUrl(url)
  if (data === undefined)
    throw badField(path, 'must be an address of the web or base64 data (data:image/png;base64,...)')
  const { mediaType, base64 } = data
  const head = url.slice(0, url.length - base64.length)
  const usual = `data:${mediaType};base64,`
  return {
    source: { kind: 'data', mediaType, base64: checkedBase64(base64, path) },
    head: head === usual ? [] : [`head ${head}`],
  }
}

function fileSource(data: string, path: string): Sourced {
  if (/^(?:data|https?):/i.test(data)) {
    const sourced = sourceOf(data, path)
    return sourced.source.kind === 'url' ? { ...sourced, head: ['file_url'] } : sourced
  }
  return { source: { kind: 'data', base64: checkedBase64(data, path) }, head: ['head '] }
}

const idSource = (id: string): Source => ({ kind: 'id', id })

/** OpenAI takes no films: only nodes that were asked in this spelling get them so. */
const nodesOnly = (kind: 'image' | 'video'): readonly string[] => (kind === 'video' ? ['video_url'] : [])

const keepPart = (part: Fields, inner: { readonly [key: string]: Fields }, spelt: readonly string[]) =>
  keep(part.restWith(Object.fromEntries(Object.entries(inner).map(([key, fields]) => [key, fields.rest()]))), spelt)
