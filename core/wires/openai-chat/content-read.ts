import type { Block } from '../../chat.ts'
import { badField, Fields } from '../../fields.ts'
import { without } from '../../json-object.ts'
import { asList, asObject, asText, type Json } from '../../json.ts'
import { readMark } from './cache-mark.ts'
import { WIRE, keep } from './kept.ts'
import { readAudio, readByUrl, readFile } from './media-read.ts'

/** The content of a message: one text, or a list of parts. */
export interface Content {
  readonly blocks: readonly Block[]
  readonly spelt: readonly string[]
}

/** `undefined` where the message has none, or null. */
export function readContent(message: Fields): Content | undefined {
  const value = message.any('content')
  if (value === undefined) return undefined
  if (typeof value === 'string') return { blocks: [{ kind: 'text', text: value }], spelt: [] }
  const list = asList(value)
  const path = message.path('content')
  if (list === undefined) throw badField(path, 'must be a string or a list')
  return { blocks: list.map((part, index) => readPart(Fields.of(part, `${path}[${index}]`))), spelt: ['list'] }
}

/** The same where there must be some. */
export const contentNeeded = (message: Fields): Content => {
  const content = readContent(message)
  if (content === undefined) throw badField(message.path('content'), 'is required')
  return content
}

/** The text of a thinking part: a text, or a list of texts. `undefined` where something else stands among them. */
export function thinkingText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  const texts = asList(value)?.map((part) => asText(asObject(part)?.['text']))
  return texts?.every((text) => text !== undefined) === true ? texts.join('') : undefined
}

/** Whether a thinking part says only the text that is read of it, in its usual form. */
export const isPlainThinking = (value: Json | undefined): boolean => {
  const [only, ...others] = asList(value) ?? []
  const part = asObject(only)
  return others.length === 0 && part?.['type'] === 'text' && Object.keys(without(part, ['type', 'text'])).length === 0
}

/** A kind of part that is not known is kept whole: the API gets new ones. */
function readPart(part: Fields): Block {
  const type = part.textNeeded('type')
  const reader = READERS.get(type)
  const unknown = reader === undefined && !UNREAD.has(type) ? { unknownAt: part.path('type') } : {}
  return reader?.(part) ?? { kind: 'foreign', wire: WIRE, type, json: part.json, ...unknown }
}

/** Kinds that some nodes take beyond what the API lists, and that no other wire has. */
const UNREAD = new Set(['audio_url', 'document_url', 'reference'])

const READERS: ReadonlyMap<string, (part: Fields) => Block | undefined> = new Map([
  ['text', readText],
  ['image_url', (part: Fields) => readByUrl(part, 'image')],
  ['video_url', (part: Fields) => readByUrl(part, 'video')],
  ['input_audio', readAudio],
  ['file', readFile],
  ['refusal', readRefusal],
  ['thinking', readThinking],
])

function readText(part: Fields): Block {
  const text = part.textNeeded('text')
  const { mark, spelt } = readMark(part)
  return { kind: 'text', text, ...mark, ...keep(part.rest(), spelt) }
}

function readRefusal(part: Fields): Block {
  const text = part.textNeeded('refusal')
  const { mark, spelt } = readMark(part)
  return { kind: 'refusal', text, ...mark, ...keep(part.rest(), [...spelt, 'part']) }
}

/** Reasoning of nodes that have it among the content. */
function readThinking(part: Fields): Block | undefined {
  const thinking = part.any('thinking')
  const text = thinkingText(thinking)
  if (text === undefined || thinking === undefined) return undefined
  const raw = isPlainThinking(thinking) ? {} : { thinking }
  return { kind: 'reasoning', text, ...keep({ ...part.rest(), ...raw }, ['part']) }
}
