import { asObject, type Json, type JsonObject } from '../../core/json.ts'
import { objects, text } from '../../e2e/recordings/json-parts.ts'
import { type Frames, type Growing, must, objectIn, type Streamed } from './strict-stream.ts'

/**
 * Events of responses: numbered without gaps, `created` first, each item added, told and done under its index and id, what the deltas said
 * the same as what stands in the item at its end, and one terminal event with the whole response, last: no `[DONE]`.
 */
export function strictResponses({ events, rest }: Frames): Streamed {
  must(rest === '', `a frame without its end: ${rest}`)
  const response = new Response()
  for (const [index, { name, data }] of events.entries()) {
    const event = objectIn(data)
    must(name === event['type'], `the event ${name} calls itself ${text(event['type'])}`)
    must(event['sequence_number'] === index, `the number ${JSON.stringify(event['sequence_number'])} in place ${index}`)
    response.add(text(event['type']), event)
  }
  return response.streamed()
}

const TERMINALS = ['response.completed', 'response.incomplete', 'response.failed']
/** Where the pieces of an item's text are told, and where they stand in it. */
const PIECES: { readonly [type: string]: (item: JsonObject, at: JsonObject) => Json | undefined } = {
  'response.output_text.delta': (item, at) => objects(item['content'])[Number(at['content_index'])]?.['text'],
  'response.refusal.delta': (item, at) => objects(item['content'])[Number(at['content_index'])]?.['refusal'],
  'response.reasoning_summary_text.delta': (item, at) =>
    objects(item['summary'])[Number(at['summary_index'])]?.['text'],
  'response.function_call_arguments.delta': (item) => item['arguments'],
  'response.custom_tool_call_input.delta': (item) => item['input'],
}

interface Told {
  readonly event: JsonObject
  text: string
}

class Response {
  readonly #items: JsonObject[] = []
  #open: { readonly item: Growing; readonly told: Map<string, Told> } | undefined
  #last: JsonObject | undefined
  #begun = 0

  add(type: string, event: JsonObject): void {
    must(this.#last === undefined, `${type} behind the end`)
    must(
      this.#begun >= 2 || type === START[this.#begun] || TERMINALS.includes(type),
      `${type} where the beginning belongs`,
    )
    this.#begun++
    if (TERMINALS.includes(type)) {
      this.#last = asObject(event['response']) ?? {}
      must(type === `response.${text(this.#last['status'])}`, `${type} with the status ${text(this.#last['status'])}`)
    } else if (type === 'response.output_item.added') this.#added(event)
    else if (type === 'response.output_item.done') this.#done(event)
    else if (this.#begun > START.length) this.#more(type, event)
  }

  streamed(): Streamed {
    const { status } = this.#last ?? {}
    const reply: JsonObject = this.#last ?? { output: this.#items }
    if (status !== 'failed') {
      must(this.#last === undefined || this.#open === undefined, 'an item that is never done')
      must(
        JSON.stringify(reply['output']) === JSON.stringify(this.#items),
        'the response holds other items than were told',
      )
    }
    return {
      reply,
      error: status === 'failed' ? (asObject(reply['error']) ?? {}) : null,
      ended: this.#last !== undefined,
    }
  }

  #added(event: JsonObject): void {
    must(this.#open === undefined, 'an item begins while another one is open')
    must(event['output_index'] === this.#items.length, 'the index is not the next one')
    this.#open = { item: { ...asObject(event['item']) }, told: new Map() }
  }

  #more(type: string, event: JsonObject): void {
    must(
      event['output_index'] === this.#items.length && this.#open !== undefined,
      `${type} of an item that is not open`,
    )
    must(event['item_id'] === this.#open.item['id'], `${type} of an item with another id`)
    if (PIECES[type] === undefined) return
    const key = `${type} ${JSON.stringify([event['content_index'], event['summary_index']])}`
    const told = this.#open.told.get(key) ?? { event, text: '' }
    told.text += text(event['delta'])
    this.#open.told.set(key, told)
  }

  #done(event: JsonObject): void {
    const item = asObject(event['item']) ?? {}
    must(event['output_index'] === this.#items.length && this.#open !== undefined, 'an item is done that is not open')
    must(item['id'] === this.#open.item['id'], 'an item has changed its id')
    for (const [key, told] of this.#open.told) {
      const type = key.split(' ')[0] ?? ''
      must(PIECES[type]?.(item, told.event) === told.text, `the item holds other words than were told: ${told.text}`)
    }
    this.#items.push(item)
    this.#open = undefined
  }
}

const START = ['response.created', 'response.in_progress']
