import { checkedBase64 } from '../../base64.ts'
import type { Block, MediaBlock, Source } from '../../chat.ts'
import { readDataUrl } from '../../data-url.ts'
import { badField, Fields } from '../../fields.ts'
import { given } from '../../given.ts'
import type { Json } from '../../json.ts'
import { readBreakpoint } from '../openai-chat/cache-mark.ts'
import { readCitation } from './citation.ts'
import { keep, label, WIRE } from './spelling.ts'

/** How text is usually called where the part stands. */
export type TextType = 'input_text' | 'output_text'

/** The parts of a message, or of a tool's answer. A kind of part that is not known is kept whole. */
export const readParts = (parts: readonly Fields[], usual: TextType): readonly Block[] =>
  parts.map((part) => {
    const type = part.textNeeded('type')
    return READERS.get(type)?.(part, { type, usual }) ?? foreignPart(part, type)
  })

interface PartContext {
  readonly type: string
  readonly usual: TextType
}
type ReadPart = (part: Fields, context: PartContext) => Block

// A map, so that a type like `constructor` finds nothing.
const READERS: ReadonlyMap<string, ReadPart> = new Map<string, ReadPart>([
  ['input_text', readText],
  ['output_text', readText],
  ['text', readText],
  ['refusal', (part) => ({ kind: 'refusal', text: part.textNeeded('refusal'), ...given({ own: keep(part.rest()) }) })],
  ['input_image', readImage],
  ['input_file', readFile],
])

const foreignPart = (part: Fields, type: string): Block => ({
  kind: 'foreign',
  wire: WIRE,
  type,
  json: part.json,
  ...given({ unknownAt: UNREAD.has(type) ? undefined : part.path('type'), own: keep({}, { spelt: ['part'] }) }),
})

/** Kinds of part that mean something to this vendor only. */
const UNREAD = new Set(['input_audio', 'computer_screenshot', 'encrypted_content', 'reasoning_text', 'summary_text'])

function readText(part: Fields, { type, usual }: PartContext): Block {
  const text = part.textNeeded('text')
  const spelt = [
    ...(type === usual ? [] : [label('type', type)]),
    ...EMPTY_LISTS.filter((key) => isEmptyList(part.json[key])),
  ]
  const citations = part.objects('annotations')?.map(({ json }) => readCitation(json)) ?? []
  if (spelt.includes('logprobs')) part.any('logprobs')
  const optional = { citations: citations.length === 0 ? undefined : citations, cacheMark: readBreakpoint(part) }
  return { kind: 'text', text, ...given({ ...optional, own: keep(part.rest(), { spelt }) }) }
}

const EMPTY_LISTS = ['annotations', 'logprobs']

function readImage(part: Fields): Block {
  const url = part.text('image_url')
  const found = url === undefined ? fileId(part, 'image_url') : fromUrl(url, part.path('image_url'))
  return mediaBlock('image', part, found)
}

function readFile(part: Fields): Block {
  const [data, url] = [part.text('file_data'), part.text('file_url')]
  if (data !== undefined) return mediaBlock('file', part, fromData(data, part.path('file_data')))
  return mediaBlock('file', part, url === undefined ? fileId(part, 'file_data') : plain({ kind: 'url', url }))
}

/** Where a picture or file is, and how that was spelt. */
interface Found {
  readonly source: Source
  readonly spelt: readonly string[]
}
const plain = (source: Source): Found => ({ source, spelt: [] })

function mediaBlock(kind: 'image' | 'file', part: Fields, { source, spelt }: Found): MediaBlock {
  const optional = { name: part.text('filename'), detail: part.text('detail'), cacheMark: readBreakpoint(part) }
  return { kind, source, ...given({ ...optional, own: keep(part.rest(), { spelt }) }) }
}

function fileId(part: Fields, instead: string): Found {
  const id = part.text('file_id')
  if (id === undefined) throw badField(part.path(instead), 'is required')
  return plain({ kind: 'id', id })
}

/** Some clients send the bare data of a file. */
const fromData = (data: string, path: string): Found =>
  data.startsWith('data:') ? fromUrl(data, path) : plain({ kind: 'data', base64: checkedBase64(data, path) })

function fromUrl(url: string, path: string): Found {
  if (url === '') throw badField(path, 'must not be empty')
  if (!/^data:/i.test(url)) return plain({ kind: 'url', url })
  const data = readDataUrl(url)
  if (data === undefined) throw badField(path, 'must be a URL, or a data URL of base64')
  const { mediaType } = data
  const base64 = checkedBase64(data.base64, path)
  const head = url.slice(0, url.length - base64.length)
  const isUsual = head === `data:${mediaType};base64,`
  return { source: { kind: 'data', mediaType, base64 }, spelt: isUsual ? [] : [label('head', head)] }
}

const isEmptyList = (value: Json | undefined): boolean => Array.isArray(value) && value.length === 0
