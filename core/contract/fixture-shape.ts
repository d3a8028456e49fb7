import { asList, asObject, asText, type Json, parseJson } from '../json.ts'
import type { Fixture } from './fixture.ts'
import { eventsIn } from './streams.ts'

/**
 * A case without its words: two with the same shape differ only in their text, and prove the same thing. Texts, names, ids, addresses
 * and counts are gone; which fields there are, their types and their order of things stay, and of a text whether it is empty, blank or
 * JSON. Any number of equal pieces of a stream is one.
 */
export function shapeOf({ client, vendor, settings, sections }: Fixture): string {
  const { vendorStream, clientStream, ...bodies } = sections
  return JSON.stringify([
    client,
    vendor,
    { ...settings, model: 0 },
    shape(JSON.parse(JSON.stringify(bodies)), ''),
    streamShape(vendorStream),
    streamShape(clientStream),
  ])
}

function streamShape(text: string | undefined): Json {
  const events = eventsIn(`${text ?? ''}\n\n`).map(
    ({ name, data }): Json => [name ?? null, shape(parseJson(data) ?? data, '')],
  )
  return events.filter((event, index) => JSON.stringify(event) !== JSON.stringify(events[index - 1]))
}

function shape(value: Json, key: string): Json {
  const list = asList(value)
  if (list !== undefined) return list.map((item) => shape(item, key))
  const object = asObject(value)
  if (object !== undefined)
    return Object.fromEntries(Object.entries(object).map(([name, item]) => [name, shape(item, name)]))
  const text = asText(value)
  if (text !== undefined) return WORDS.has(key) ? kindOfText(text) : text
  return typeof value === 'number' && COUNT.test(key) ? Math.sign(value) : value
}

/** Fields whose text is what somebody says, or what something is called. */
const WORDS: ReadonlySet<string> = new Set([
  'text',
  'content',
  'arguments',
  'partial_json',
  'thinking',
  'reasoning_content',
  'input',
  'output',
  'instructions',
  'delta',
  'refusal',
  'description',
  'title',
  'name',
  'toolName',
  'id',
  'item_id',
  'call_id',
  'tool_use_id',
  'tool_call_id',
  'responseId',
  'model',
  'modelVersion',
  'data',
  'url',
  'uri',
  'fileUri',
  'file_data',
  'image_url',
  'signature',
  'thoughtSignature',
  'encrypted_content',
  'cited_text',
  'message',
  'system',
  'query',
  'city',
])
const COUNT = /tokens?$|TokenCount$|Tokens$|^created|^index$|_index$|sequence_number|^start|^end/i

function kindOfText(text: string): string {
  if (text === '') return 'empty'
  if (text.trim() === '') return 'blank'
  if (/^data:|^https?:/.test(text)) return text.slice(0, text.indexOf(':'))
  if (!text.startsWith('{')) return 'text'
  return parseJson(text) === undefined ? 'cut JSON' : 'JSON'
}
