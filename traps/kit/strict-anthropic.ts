import { asList, asObject, type JsonObject } from '../../core/json.ts'
import { text } from '../../e2e/recordings/json-parts.ts'
import { type Frames, type Growing, must, objectIn, type Streamed } from './strict-stream.ts'

/**
 * Events of messages: every one has its name, blocks come one behind the other and are numbered without gaps, a delta belongs to the block
 * that is open and is of its kind, `message_delta` comes once behind the last block, `message_stop` last.
 */
export function strictAnthropic({ events, rest }: Frames): Streamed {
  must(rest === '', `a frame without its end: ${rest}`)
  const message = new Message()
  for (const { name, data } of events) {
    const event = objectIn(data)
    must(name !== undefined && name === event['type'], `the event ${name} calls itself ${text(event['type'])}`)
    if (name !== 'ping') message.add(name, event)
  }
  return message.streamed()
}

const DELTAS: { readonly [kind: string]: readonly string[] } = {
  text: ['text_delta', 'citations_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  tool_use: ['input_json_delta'],
}

class Message {
  #head: JsonObject | undefined
  readonly #blocks: Growing[] = []
  #open: Growing | undefined
  #input = ''
  #last: JsonObject | undefined
  #error: JsonObject | null = null
  #ended = false

  add(type: string, event: JsonObject): void {
    must(!this.#ended && this.#error === null, `${type} behind the end`)
    if (type === 'error') {
      this.#error = asObject(event['error']) ?? {}
      return
    }
    must(
      (type === 'message_start') === (this.#head === undefined),
      `${type} where message_start belongs, or a second one`,
    )
    switch (type) {
      case 'message_start':
        this.#head = asObject(event['message']) ?? {}
        must(asList(this.#head['content'])?.length === 0, 'a message begins empty')
        break
      case 'content_block_start':
        this.#start(event)
        break
      case 'content_block_delta':
        this.#delta(event)
        break
      case 'content_block_stop':
        this.#stop(event)
        break
      case 'message_delta':
        must(this.#open === undefined && this.#last === undefined, 'message_delta comes once, behind the last block')
        this.#last = event
        break
      case 'message_stop':
        must(this.#last !== undefined, 'message_stop without a stop reason')
        this.#ended = true
        break
      default:
        throw new Error(`no event of this wire: ${type}`)
    }
  }

  streamed(): Streamed {
    const { delta, usage } = this.#last ?? {}
    const whole = { ...asObject(this.#head?.['usage']), ...asObject(usage) }
    const reply = { ...this.#head, ...asObject(delta), content: this.#blocks, usage: whole }
    return { reply, error: this.#error, ended: this.#ended }
  }

  #start(event: JsonObject): void {
    must(this.#open === undefined, 'a block begins while another one is open')
    must(this.#last === undefined, 'a block begins behind message_delta')
    must(event['index'] === this.#blocks.length, `the index ${JSON.stringify(event['index'])} is not the next one`)
    this.#open = { ...asObject(event['content_block']) }
    this.#blocks.push(this.#open)
    this.#input = ''
  }

  #delta(event: JsonObject): void {
    const block = this.#open
    must(block !== undefined && event['index'] === this.#blocks.length - 1, 'a delta of a block that is not open')
    const delta = asObject(event['delta']) ?? {}
    const kind = text(delta['type'])
    must(DELTAS[text(block['type'])]?.includes(kind) === true, `${kind} in a block of ${text(block['type'])}`)
    if (kind === 'text_delta') block['text'] = text(block['text']) + text(delta['text'])
    if (kind === 'thinking_delta') block['thinking'] = text(block['thinking']) + text(delta['thinking'])
    if (kind === 'signature_delta') block['signature'] = text(delta['signature'])
    if (kind === 'citations_delta')
      block['citations'] = [...(asList(block['citations']) ?? []), delta['citation'] ?? null]
    this.#input += text(delta['partial_json'])
  }

  #stop(event: JsonObject): void {
    const block = this.#open
    must(block !== undefined && event['index'] === this.#blocks.length - 1, 'a block stops that is not open')
    // The SDKs take no pieces at all for an empty object, and keep what is cut as far as it goes.
    if (block['type'] === 'tool_use') block['input'] = this.#input === '' ? {} : inputOf(this.#input)
    this.#open = undefined
  }
}

/** What is cut is no input: it stands as its text. */
function inputOf(json: string): JsonObject | string {
  try {
    return objectIn(json)
  } catch {
    return json
  }
}
