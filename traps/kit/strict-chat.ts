import { asObject, type Json, type JsonObject } from '../../core/json.ts'
import { objects, text } from '../../e2e/recordings/json-parts.ts'
import { type Frames, type Growing, must, objectIn, type Streamed } from './strict-stream.ts'

/**
 * Chunks of chat completions, joined as OpenAI's SDKs do: by the index of a choice and of a call, and never by an id. A call says its id,
 * type and name once, the role comes first and once, usage comes once and alone, `[DONE]` last.
 */
export function strictChat({ events, rest }: Frames): Streamed {
  must(rest === '', `a frame without its end: ${rest}`)
  const choices = new Map<number, Choice>()
  let head: JsonObject | undefined
  let usage: Json = null
  let error: JsonObject | null = null
  let ended = false
  for (const { name, data } of events) {
    must(!ended && error === null, `something behind the end: ${data}`)
    must(name === undefined, `chunks have no names: ${name}`)
    if (data === '[DONE]') {
      must(choices.size > 0 && [...choices.values()].every(({ finish }) => finish !== null), '[DONE] before an end')
      ended = true
      continue
    }
    const chunk = objectIn(data)
    if (chunk['error'] !== undefined) {
      error = asObject(chunk['error']) ?? {}
      continue
    }
    head ??= chunk
    must(chunk['object'] === 'chat.completion.chunk' && text(chunk['id']) !== '', `no chunk: ${data}`)
    must(chunk['id'] === head['id'] && chunk['model'] === head['model'], `a chunk of another reply: ${data}`)
    const counted = chunk['usage'] ?? null
    must(usage === null || counted === null, 'usage comes twice')
    must(counted === null || objects(chunk['choices']).length === 0, 'usage stands beside a choice')
    usage = counted ?? usage
    for (const choice of objects(chunk['choices'])) add(choices, choice)
  }
  const all = [...choices].toSorted(([a], [b]) => a - b)
  const written = all.map(([index, { message, calls, finish }]) => ({
    index,
    message: { ...message, ...(calls.length === 0 ? {} : { tool_calls: calls }) },
    finish_reason: finish,
  }))
  return { reply: { ...head, object: 'chat.completion', choices: written, usage }, error, ended }
}

interface Choice {
  readonly message: Growing
  readonly calls: Growing[]
  finish: string | null
}

function add(choices: Map<number, Choice>, { index, delta, finish_reason: finish }: JsonObject): void {
  must(typeof index === 'number', 'a choice has an index')
  const known = choices.get(index)
  const choice: Choice = known ?? { message: { content: null }, calls: [], finish: null }
  choices.set(index, choice)
  must(choice.finish === null, 'a choice goes on behind its end')
  const fields = asObject(delta) ?? {}
  must((fields['role'] !== undefined) === (known === undefined), 'the role stands in the first delta and nowhere else')
  addDelta(choice, fields)
  if (typeof finish === 'string') choice.finish = finish
}

function addDelta({ message, calls }: Choice, delta: JsonObject): void {
  for (const [key, value] of Object.entries(delta)) {
    switch (key) {
      case 'tool_calls':
        for (const call of objects(value)) addCall(calls, call)
        break
      case 'reasoning_details':
      case 'annotations':
      case 'images':
        message[key] = [...objects(message[key]), ...objects(value)]
        break
      default:
        message[key] = joined(message[key] ?? null, value)
    }
  }
}

const joined = (before: Json, more: Json): Json =>
  typeof before === 'string' && typeof more === 'string' ? before + more : (more ?? before)

function addCall(calls: Growing[], piece: JsonObject): void {
  const { index, id, type, extra_content: extra } = piece
  must(typeof index === 'number', 'a piece of a call has an index')
  must(index <= calls.length, `the index ${index} comes before ${calls.length}`)
  const inner = asObject(piece['function']) ?? asObject(piece['custom'])
  const known = calls[index]
  if (known === undefined) {
    must(text(id) !== '' && text(type) !== '' && text(inner?.['name']) !== '', 'a call begins with id, type and name')
    calls.push({
      id: text(id),
      type: text(type),
      [text(type)]: { ...inner },
      ...(extra === undefined ? {} : { extra_content: extra }),
    })
    return
  }
  must(id === undefined && type === undefined && inner?.['name'] === undefined, 'a call says its id and name once')
  if (extra !== undefined) known['extra_content'] = extra
  const kind = text(known['type'])
  const before = asObject(known[kind]) ?? {}
  const key = kind === 'custom' ? 'input' : 'arguments'
  known[kind] = { ...before, [key]: text(before[key]) + text(inner?.[key]) }
}
