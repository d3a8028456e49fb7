import { asCount, asList, asObject, asText, type JsonObject, parseJson } from '../../json.ts'
import type { Part } from '../../part.ts'
import { notThisWire } from '../../upstream-fault.ts'
import type { ReadReply, StreamEvent, StreamReader } from '../../wire.ts'
import { readTold } from '../openai-chat/fault-read.ts'
import { readCitation } from './citation.ts'
import { OutputReader } from './output-read.ts'
import { endOf, failureOf, startOf } from './reply-read.ts'
import { STAGES } from './stages.ts'

/** Reads a vendor's stream. Only the wire's own terminal events end it; what comes behind one, `[DONE]` too, is nothing. */
export function streamReader(context: ReadReply): StreamReader {
  const output = new OutputReader(context.account)
  let isStarted = false
  let isOver = false
  const start = (response: JsonObject): readonly Part[] => {
    if (isStarted) return []
    isStarted = true
    return [startOf(response)]
  }
  const read = (type: string, event: JsonObject): readonly Part[] => {
    if (type === 'error') {
      isOver = true
      return [{ kind: 'fault', fault: told(event, context) }]
    }
    const stage = STAGES.get(type)
    if (stage !== undefined) {
      const response = objectOf(event, 'response')
      if (stage === 'begins') return start(response)
      isOver = true
      // What a failure leaves open nobody closes: a client would take half a call for a whole one, and make it.
      const rest = failureOf(response) === undefined ? output.end(asList(response['output']) ?? []) : []
      return [...start(response), ...rest, ...endOf(response, output, context)]
    }
    const reader = READERS.get(type)
    return reader === undefined ? [] : [...start({}), ...reader(output, event)]
  }
  return {
    push: ({ name, data }) => {
      if (isOver || data === '[DONE]') return []
      const event = eventOf(data)
      const type = asText(event['type']) ?? typeOfUntyped(name, event)
      return type === undefined ? [] : read(type, event)
    },
    end: () => [],
  }
}

type ReadEvent = (output: OutputReader, event: JsonObject) => readonly Part[]

/** Events that are not listed, and those of the vendor's own tools, mean nothing here: their items say all when they are done. */
const READERS: ReadonlyMap<string, ReadEvent> = new Map<string, ReadEvent>([
  ['response.output_item.added', (output, event) => output.added(indexOf(event), objectOf(event, 'item'))],
  ['response.output_item.done', (output, event) => output.done(indexOf(event), objectOf(event, 'item'))],
  ['response.content_part.added', readPartAdded],
  ['response.output_text.delta', (output, event) => output.piece(indexOf(event), { ...TEXT, ...part(event, 'delta') })],
  ['response.output_text.done', (output, event) => output.text(indexOf(event), { ...TEXT, ...part(event, 'text') })],
  ['response.refusal.delta', (output, event) => output.piece(indexOf(event), { ...REFUSAL, ...part(event, 'delta') })],
  ['response.refusal.done', (output, event) => output.text(indexOf(event), { ...REFUSAL, ...part(event, 'refusal') })],
  ['response.output_text.annotation.added', readAnnotation],
  ['response.function_call_arguments.delta', readPiece],
  [
    'response.function_call_arguments.done',
    (output, event) => output.text(indexOf(event), { text: textOf(event, 'arguments') }),
  ],
  ['response.custom_tool_call_input.delta', readPiece],
  [
    'response.custom_tool_call_input.done',
    (output, event) => output.text(indexOf(event), { text: textOf(event, 'input') }),
  ],
  ['response.reasoning_summary_text.delta', (output, event) => readThought(output, event, 'summary')],
  ['response.reasoning_text.delta', (output, event) => readThought(output, event, 'content')],
])

const TEXT = { content: { kind: 'text' } } as const
const REFUSAL = { content: { kind: 'refusal' } } as const

function readPartAdded(output: OutputReader, event: JsonObject): readonly Part[] {
  const type = objectOf(event, 'part')['type']
  if (type !== 'output_text' && type !== 'refusal') return []
  const { content } = type === 'refusal' ? REFUSAL : TEXT
  return output.piece(indexOf(event), { place: countOf(event, 'content_index'), content, text: '' })
}

function readAnnotation(output: OutputReader, event: JsonObject): readonly Part[] {
  const annotation = asObject(event['annotation'])
  if (annotation === undefined) return []
  return output.cite(indexOf(event), { place: countOf(event, 'content_index'), citation: readCitation(annotation) })
}

function readPiece(output: OutputReader, event: JsonObject): readonly Part[] {
  return output.piece(indexOf(event), { text: textOf(event, 'delta') })
}

function readThought(output: OutputReader, event: JsonObject, source: 'summary' | 'content'): readonly Part[] {
  const at = countOf(event, source === 'summary' ? 'summary_index' : 'content_index')
  return output.thought(indexOf(event), { source, at, text: textOf(event, 'delta') })
}

const part = (event: JsonObject, key: string) => ({
  place: countOf(event, 'content_index'),
  text: textOf(event, key),
})

function eventOf(data: string): JsonObject {
  const event = asObject(parseJson(data))
  if (event === undefined) throw notThisWire('no_event')
  return event
}

/** Some hosts leave the type to the event's name; a bare error has neither. An event that says nothing at all keeps the line open. */
function typeOfUntyped(name: StreamEvent['name'], event: JsonObject): string | undefined {
  if (name !== undefined) return name
  if (event['error'] !== undefined && event['error'] !== null) return 'error'
  if (Object.keys(event).length === 0) return undefined
  throw notThisWire('no_type')
}

/** Some put the error itself into the event, some its fields. */
const told = (event: JsonObject, { spendLimitCodes }: ReadReply) =>
  readTold(asObject(event['error']) ?? event, { reason: 'error_in_stream', spendLimitCodes })

const indexOf = (event: JsonObject): number => countOf(event, 'output_index')

function countOf(event: JsonObject, key: string): number {
  const count = asCount(event[key])
  if (count === undefined) throw notThisWire(`no_${key}`)
  return count
}

function textOf(event: JsonObject, key: string): string {
  const text = asText(event[key])
  if (text === undefined) throw notThisWire(`no_${key}`)
  return text
}

function objectOf(event: JsonObject, key: string): JsonObject {
  const object = asObject(event[key])
  if (object === undefined) throw notThisWire(`no_${key}`)
  return object
}
