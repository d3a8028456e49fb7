import type { WireId } from '../../core/chat.ts'
import { asList, asObject, type Json, type JsonObject, parseJson } from '../../core/json.ts'
import type { StreamEvent } from '../../core/wire.ts'
import { chunksOf, objects, text } from './json-parts.ts'

/**
 * The whole reply that a stream adds up to, as a client of its wire puts it together: by the vendor's documentation and without a line
 * of the wires that are judged by it.
 */
export function wholeOf(wire: WireId, events: readonly StreamEvent[]): JsonObject {
  const chunks = chunksOf(events)
  switch (wire) {
    case 'openai-chat':
      return wholeChat(chunks)
    case 'openai-responses':
      return wholeResponse(chunks)
    case 'anthropic':
      return wholeMessage(chunks)
    case 'gemini':
      return wholeContent(chunks)
  }
}

/** What a responses stream says of itself at its end, beside what its deltas said. */
export const lastResponse = (events: readonly StreamEvent[]): JsonObject | undefined =>
  asObject(chunksOf(events).findLast(({ type }) => ENDINGS.includes(text(type)))?.['response'])

const ENDINGS = ['response.completed', 'response.incomplete', 'response.failed']

type Open = { [key: string]: Json }

function wholeChat(chunks: readonly JsonObject[]): JsonObject {
  const message: Open = { content: '', reasoning_content: '', refusal: '' }
  const calls: Open[] = []
  const annotations: Json[] = []
  const images: Json[] = []
  const details: Json[] = []
  let finish: Json = null
  let usage: Json = null
  for (const chunk of chunks) {
    const ofGroq = asObject(chunk['x_groq'])?.['usage']
    usage = chunk['usage'] ?? ofGroq ?? usage
    const choice = objects(chunk['choices']).find(({ index }) => (index ?? 0) === 0)
    if (choice === undefined) continue
    finish = choice['finish_reason'] ?? finish
    const delta = asObject(choice['delta']) ?? {}
    message['content'] = text(message['content']) + contentText(delta['content'])
    message['refusal'] = text(message['refusal']) + text(delta['refusal'])
    if (delta['role'] !== undefined) message['role'] = delta['role']
    if (delta['extra_content'] !== undefined) message['extra_content'] = delta['extra_content']
    details.push(...objects(delta['reasoning_details']))
    message['reasoning_content'] =
      text(message['reasoning_content']) + (text(delta['reasoning_content']) || text(delta['reasoning']))
    annotations.push(...objects(delta['annotations']))
    images.push(...objects(delta['images']))
    for (const call of objects(delta['tool_calls'])) addCall(calls, call)
  }
  return {
    ...(chunks.find(({ model }) => model !== undefined && model !== '') ?? chunks[0]),
    choices: [
      {
        index: 0,
        message: { ...message, annotations, images, reasoning_details: details, tool_calls: calls },
        finish_reason: finish,
      },
    ],
    usage,
  }
}

const contentText = (content: Json | undefined): string =>
  text(content) +
  objects(content)
    .map((part) => text(part['text']))
    .join('')

/** A new id begins a new call, whatever its index. */
function addCall(calls: Open[], piece: JsonObject): void {
  const { index, id } = piece
  const fits = (call: Open): boolean =>
    call['index'] === index && (id === undefined || id === null || id === '' || call['id'] === id)
  let call = calls.findLast(fits)
  if (call === undefined) {
    call = { index: index ?? 0, id: id ?? '', function: { name: '', arguments: '' } }
    calls.push(call)
  }
  for (const key of ['type', 'extra_content']) if (piece[key] !== undefined) call[key] = piece[key] ?? null
  const custom = asObject(piece['custom'])
  const more = asObject(piece['function']) ?? {}
  const before = asObject(call['function']) ?? {}
  if (custom !== undefined) {
    const known = asObject(call['custom']) ?? {}
    call['custom'] = {
      name: text(known['name']) + text(custom['name']),
      input: text(known['input']) + text(custom['input']),
    }
  }
  call['function'] =
    custom === undefined && call['custom'] === undefined
      ? {
          name: text(before['name']) || text(more['name']),
          arguments: text(before['arguments']) + text(more['arguments']),
        }
      : null
}

/** From the deltas: what stands in the ending is compared with it. */
function wholeResponse(chunks: readonly JsonObject[]): JsonObject {
  const items = new Map<number, Open>()
  const textAt = (item: Open, key: string, at: number): Open => {
    const list = asList(item[key]) ?? []
    const parts = Array.from({ length: Math.max(list.length, at + 1) }, (_, index) => asObject(list[index]) ?? {})
    const part: Open = { ...parts[at] }
    item[key] = parts.map((other, index) => (index === at ? part : other))
    return part
  }
  let response: JsonObject = {}
  for (const chunk of chunks) {
    response = asObject(chunk['response']) ?? response
    const item = items.get(Number(chunk['output_index'] ?? -1)) ?? {}
    const delta = text(chunk['delta'])
    const content = Number(chunk['content_index'] ?? 0)
    switch (text(chunk['type'])) {
      case 'response.output_item.added':
        items.set(Number(chunk['output_index']), { ...asObject(chunk['item']), ...EMPTY })
        break
      case 'response.output_item.done': {
        const done = asObject(chunk['item'])
        const known = items.get(Number(chunk['output_index']))
        // What was not streamed of it comes whole, and is final.
        for (const [key, value] of Object.entries(done ?? {})) {
          const isStreamed = Object.hasOwn(EMPTY, key) && known?.[key] !== undefined && !isEmpty(known[key])
          if (!isStreamed) item[key] = value
        }
        items.set(Number(chunk['output_index']), item)
        break
      }
      case 'response.output_text.delta': {
        const part = textAt(item, 'content', content)
        part['type'] = 'output_text'
        part['text'] = text(part['text']) + delta
        break
      }
      case 'response.output_text.annotation.added': {
        const part = textAt(item, 'content', content)
        part['type'] = 'output_text'
        part['annotations'] = [...(asList(part['annotations']) ?? []), chunk['annotation'] ?? null]
        break
      }
      case 'response.refusal.delta': {
        const part = textAt(item, 'content', content)
        part['type'] = 'refusal'
        part['refusal'] = text(part['refusal']) + delta
        break
      }
      case 'response.reasoning_summary_text.delta': {
        const part = textAt(item, 'summary', Number(chunk['summary_index'] ?? 0))
        part['text'] = text(part['text']) + delta
        break
      }
      case 'response.reasoning_text.delta': {
        const part = textAt(item, 'content', content)
        part['text'] = text(part['text']) + delta
        break
      }
      case 'response.function_call_arguments.delta':
        item['arguments'] = text(item['arguments']) + delta
        break
      case 'response.custom_tool_call_input.delta':
        item['input'] = text(item['input']) + delta
        break
    }
  }
  return { ...response, output: [...items].toSorted(([a], [b]) => a - b).map(([, item]) => item) }
}

/** What an item's own beginning may hold already; deltas say it again. */
const EMPTY = { content: [], summary: [], arguments: '', input: '' }
const isEmpty = (value: Json): boolean => value === '' || JSON.stringify(value) === '[]'

function wholeMessage(chunks: readonly JsonObject[]): JsonObject {
  let message: JsonObject = {}
  let blocks: Open[] = []
  let usage: JsonObject = {}
  let end: JsonObject = {}
  for (const chunk of chunks) {
    const block = blocks[Number(chunk['index'] ?? -1)] ?? {}
    const delta = asObject(chunk['delta']) ?? {}
    switch (text(chunk['type'])) {
      case 'message_start':
        // A second one begins the reply anew (wire-formats 1.8, trap 46).
        message = asObject(chunk['message']) ?? {}
        usage = asObject(message['usage']) ?? {}
        blocks = []
        break
      case 'content_block_start':
        blocks[Number(chunk['index'])] = { ...asObject(chunk['content_block']) }
        break
      case 'content_block_delta':
        addDelta(block, delta)
        break
      case 'message_delta':
        end = delta
        usage = { ...usage, ...asObject(chunk['usage']) }
        break
    }
  }
  const content = blocks.map(({ partial, ...block }) =>
    partial === undefined ? block : { ...block, input: parseJson(text(partial) || '{}') ?? text(partial) },
  )
  return { ...message, ...end, content, usage: Object.keys(usage).length === 0 ? null : usage }
}

function addDelta(block: Open, delta: JsonObject): void {
  block['text'] = typeof block['text'] === 'string' ? block['text'] + text(delta['text']) : (block['text'] ?? null)
  if (delta['thinking'] !== undefined) block['thinking'] = text(block['thinking']) + text(delta['thinking'])
  if (delta['signature'] !== undefined) block['signature'] = delta['signature']
  if (delta['partial_json'] !== undefined) block['partial'] = text(block['partial']) + text(delta['partial_json'])
  if (delta['citation'] !== undefined) block['citations'] = [...(asList(block['citations']) ?? []), delta['citation']]
}

function wholeContent(chunks: readonly JsonObject[]): JsonObject {
  const parts: Json[] = []
  let candidate: JsonObject = {}
  let rest: JsonObject = {}
  for (const chunk of chunks) {
    rest = { ...rest, ...chunk }
    const found = objects(chunk['candidates']).find(({ index }) => (index ?? 0) === 0)
    if (found === undefined) continue
    candidate = { ...candidate, ...found }
    parts.push(...objects(asObject(found['content'])?.['parts']))
  }
  return {
    ...rest,
    candidates: chunks.some(({ candidates }) => candidates !== undefined)
      ? [{ ...candidate, content: { ...asObject(candidate['content']), parts: wholeCalls(parts) } }]
      : [],
  }
}

/** Calls whose arguments came in pieces by JSONPath (only with `streamFunctionCallArguments`, on Vertex). */
function wholeCalls(parts: readonly Json[]): readonly Json[] {
  const out: Json[] = []
  let open: { name: string; id: Json; args: Open } | undefined
  for (const part of parts) {
    const call = asObject(asObject(part)?.['functionCall'])
    const pieces = objects(call?.['partialArgs'])
    const isPiece =
      call !== undefined &&
      (pieces.length > 0 || call['willContinue'] !== undefined || open !== undefined) &&
      call['args'] === undefined
    if (!isPiece) {
      out.push(part)
      continue
    }
    open ??= { name: text(call['name']), id: call['id'] ?? '', args: {} }
    for (const piece of pieces) setAt(open.args, pathIn(text(piece['jsonPath'])), valueIn(piece))
    if (call['willContinue'] === true) continue
    out.push({ functionCall: { name: open.name, id: open.id, args: open.args } })
    open = undefined
  }
  if (open !== undefined) out.push({ functionCall: { name: open.name, id: open.id, args: open.args } })
  return out
}

const valueIn = ({ stringValue, numberValue, boolValue, nullValue }: JsonObject): Json =>
  stringValue ?? numberValue ?? boolValue ?? (nullValue === undefined ? null : null)

const pathIn = (path: string): readonly (string | number)[] =>
  [...path.matchAll(/\.([^.[\]]+)|\[(\d+)\]|\['([^']*)'\]/g)].map(([, key, index, quoted]) =>
    index === undefined ? (key ?? quoted ?? '') : Number(index),
  )

/** Texts at the same place are pieces of one. */
function setAt(root: Open, path: readonly (string | number)[], value: Json): void {
  const [key = '', ...rest] = path
  const name = String(key)
  if (rest.length === 0) {
    const before = root[name]
    root[name] = typeof before === 'string' && typeof value === 'string' ? before + value : value
    return
  }
  const isList = typeof rest[0] === 'number'
  const inner: Open = {
    ...(asList(root[name]) === undefined
      ? asObject(root[name])
      : Object.fromEntries(Object.entries(asList(root[name]) ?? []))),
  }
  setAt(inner, rest, value)
  root[name] = isList ? Object.values(inner) : inner
}
