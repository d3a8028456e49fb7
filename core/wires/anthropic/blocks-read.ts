import { checkedBase64 } from '../../base64.ts'
import { originalCallId, sentCallId } from '../../call-id.ts'
import type { Block, MediaBlock, Proof, Source } from '../../chat.ts'
import type { Fields } from '../../fields.ts'
import type { JsonObject } from '../../json.ts'
import { UNSIGNED } from '../../proof.ts'
import { inputText } from './call-input.ts'
import { type ReadBlock, readProof } from './carried-proof.ts'
import { readCitations } from './citations.ts'
import { keptOf, readMark, WIRE } from './kept.ts'
import { CLIENT_CALL_ID } from './names.ts'

/**
 * A content block of a request. Kinds that only this wire knows (search results, what the vendor's own tools did, and those that are newer
 * than this file) are foreign blocks; a known kind that is wrong throws the 400 with the path of its field.
 */
export function readBlock(fields: Fields): ReadBlock {
  const type = fields.textNeeded('type')
  const read = Object.hasOwn(READERS, type) ? READERS[type] : undefined
  const unknown = read === undefined && !UNREAD.test(type) ? { unknownAt: fields.path('type') } : {}
  return read?.(fields) ?? { block: { kind: 'foreign', wire: WIRE, type, json: fields.json, ...unknown } }
}

/** Kinds that a client may send and that mean something to this vendor only. */
const UNREAD = /^(?:search_result|container_upload|tool_reference|tool_addition|tool_removal|\w+_tool_result)$/

/** A text that the vendor would refuse, because nothing stands in it. */
export const isBlank = (text: string): boolean => text.trim() === ''

/** `undefined`: it is known by its kind, but what it holds is known to this wire alone. */
type Reader = (fields: Fields) => ReadBlock | undefined

const READERS: { readonly [type: string]: Reader } = {
  text: readText,
  image: (fields) => readMedia(fields, 'image'),
  document: (fields) => readMedia(fields, 'file'),
  tool_use: readCall,
  tool_result: readResult,
  thinking: readThinking,
  redacted_thinking: readRedacted,
}

function readText(fields: Fields): ReadBlock {
  const text = fields.textNeeded('text')
  const citations = readCitations(fields)
  const { mark, left } = readMark(fields)
  const kept = keptOf(fields, { cache_control: left })
  return { block: { kind: 'text', text, ...(citations === undefined ? {} : { citations }), ...mark, ...kept } }
}

function readMedia(fields: Fields, kind: 'image' | 'file'): ReadBlock | undefined {
  const found = readSource(fields.objectNeeded('source'))
  if (found === undefined) return undefined
  const name = kind === 'file' ? fields.text('title') : undefined
  const { mark, left } = readMark(fields)
  const kept = keptOf(fields, { source: found.left, cache_control: left })
  const block: MediaBlock = { kind, source: found.source, ...(name === undefined ? {} : { name }), ...mark, ...kept }
  return { block }
}

/** Where a picture or document is. A document that is made of blocks has no place in the canonical form. */
function readSource(fields: Fields): { readonly source: Source; readonly left: JsonObject } | undefined {
  const source = sourceOf(fields, fields.textNeeded('type'))
  return source === undefined ? undefined : { source, left: fields.rest() }
}

function sourceOf(fields: Fields, type: string): Source | undefined {
  switch (type) {
    case 'base64':
      return {
        kind: 'data',
        mediaType: fields.textNeeded('media_type'),
        base64: checkedBase64(fields.textNeeded('data'), fields.path('data')),
      }
    case 'url':
      return { kind: 'url', url: fields.textNeeded('url') }
    case 'file':
      return { kind: 'id', id: fields.textNeeded('file_id') }
    case 'text':
      return { kind: 'text', mediaType: fields.textNeeded('media_type'), text: fields.textNeeded('data') }
    default:
      return undefined
  }
}

function readCall(fields: Fields): ReadBlock {
  const id = clientCallId(fields.textNeeded('id'))
  const name = fields.textNeeded('name')
  const text = inputText(fields.objectNeeded('input').json)
  const { mark, left } = readMark(fields)
  const kept = keptOf(fields, { cache_control: left })
  return { block: { kind: 'call', id, name, input: { kind: 'function', text }, ...mark, ...kept } }
}

/** The vendor's own id, where ours only stood for it on this wire. */
function clientCallId(id: string): string {
  const original = originalCallId(id)
  return sentCallId(original, CLIENT_CALL_ID) === id ? original : id
}

function readResult(fields: Fields): ReadBlock {
  const callId = clientCallId(fields.textNeeded('tool_use_id'))
  const isError = fields.flag('is_error')
  const { blocks, spelt } = readResultContent(fields)
  const { mark, left } = readMark(fields)
  const kept = keptOf(fields, { cache_control: left }, spelt)
  return { block: { kind: 'result', callId, blocks, ...(isError === undefined ? {} : { isError }), ...mark, ...kept } }
}

function readResultContent(fields: Fields): { readonly blocks: readonly Block[]; readonly spelt: readonly string[] } {
  const content = fields.any('content')
  if (content === undefined) return { blocks: [], spelt: ['absent'] }
  if (typeof content === 'string') return { blocks: [{ kind: 'text', text: content }], spelt: ['string'] }
  return { blocks: (fields.objects('content') ?? []).map((inner) => readBlock(inner).block), spelt: [] }
}

/** A thought without words keeps its place: the vendor wants its signature back. */
function readThinking(fields: Fields): ReadBlock {
  const text = fields.textNeeded('thinking')
  const signature = fields.text('signature')
  if (signature === UNSIGNED) return { block: { kind: 'reasoning', text, ...keptOf(fields, {}, [OF_ANOTHER]) } }
  const read = signature === undefined || signature === '' ? undefined : readProof(signature)
  const kept = keptOf(fields, {}, signature === undefined ? [NO_SIGNATURE] : [])
  return proven({ kind: 'reasoning', text, ...kept }, read)
}

/** How a thought was spelt: that another vendor had it and signed nothing, or without the field for a signature. */
export const OF_ANOTHER = 'of-another'
/** How a thought was spelt: without the field of its signature. */
export const NO_SIGNATURE = 'no-signature'

/** What the vendor hides is nothing but its proof. */
function readRedacted(fields: Fields): ReadBlock {
  const read = readProof(fields.textNeeded('data'))
  return proven({ kind: 'reasoning', text: '', redacted: true, ...keptOf(fields) }, read)
}

function proven(block: Block, read: ReturnType<typeof readProof> | undefined): ReadBlock {
  if (read === undefined) return { block }
  const proof: Proof = read.proof
  return { block: { ...block, proof }, ...(read.place === undefined ? {} : { place: read.place }) }
}
