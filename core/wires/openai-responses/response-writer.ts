import { madeCallId } from '../../call-id.ts'
import type { Citation, Proof } from '../../chat.ts'
import type { Fault } from '../../fault.ts'
import { asObject, type Json, type JsonObject } from '../../json.ts'
import { Losses } from '../../loss.ts'
import type { Part, PartContent, Stop, StopReason } from '../../part.ts'
import { replyId } from '../../reply-id.ts'
import { sequential } from '../../sequential.ts'
import type { WriteReply } from '../../wire.ts'
import { faultJson } from '../openai-chat/fault.ts'
import { BLOCKED_CODE } from './reply-read.ts'
import { echoOf } from './echo.ts'
import { loseFeature } from './features.ts'
import {
  CallOutput,
  type Events,
  type ItemPlace,
  type ItemStatus,
  MessageOutput,
  ThoughtOutput,
  thoughtItem,
} from './output-write.ts'
import { sealed } from './seal.ts'
import { WIRE } from './spelling.ts'
import { writeUsage } from './usage.ts'

/**
 * Builds a response for a client of this wire out of parts, and says at each what a stream tells of it. A whole reply is the response
 * that stands at the end, so the two cannot differ.
 */
export class ResponseWriter {
  readonly losses = new Losses()
  readonly #context: WriteReply
  readonly #inOrder = sequential()
  readonly #items: JsonObject[] = []
  #head: JsonObject | undefined
  /** Whether the vendor speaks this wire too. */
  #isHome = false
  /** A message stays open for the next text, and a call until it is known whether it was cut. */
  #item: MessageOutput | ThoughtOutput | CallOutput | undefined
  /** Whether parts of a block are about `#item`, or about one that is not written. */
  #isWritten = false
  /** Of a block that has no place for it. */
  #proof: Proof | undefined
  #hasRefusal = false
  #stop: Stop = { reason: 'stop', native: null }
  #usage: Extract<Part, { readonly kind: 'usage' }> | undefined

  constructor(context: WriteReply) {
    this.#context = context
    // Said before the first content, so that it can stand in the head of a stream.
    if (context.chat.logprobs !== undefined) this.losses.addLogprobs()
  }

  push(part: Part): Events {
    if ('choice' in part && part.choice !== 0) {
      loseFeature('choices', this.losses)
      return []
    }
    const begun = this.#head === undefined && part.kind !== 'start' ? this.#begin(NO_START) : []
    return [...begun, ...this.#inOrder(part).flatMap((ordered) => this.#write(ordered))]
  }

  /** The terminal event of an answer that broke, with all that has come of it. */
  fail(fault: Fault): Events {
    return [this.#terminal('failed', { error: faultJson(fault)['error'] ?? null })]
  }

  /** The response as it stands, its last item as far as it has come. */
  response(status: string, { error = null, reason }: Ending = {}): JsonObject {
    const partial = this.#item?.json('incomplete')
    return {
      ...(this.#head ?? headOf(NO_START, this.#context)),
      status,
      completed_at: null,
      error,
      incomplete_details: reason === undefined ? null : { reason },
      output: partial === undefined ? [...this.#items] : [...this.#items, partial],
      usage: this.#usage === undefined ? null : writeUsage(this.#usage.usage),
      service_tier: tierOf(this.#usage?.serviceTier),
    }
  }

  #write(part: Part): Events {
    switch (part.kind) {
      case 'start':
        return this.#head === undefined ? this.#begin(part) : []
      case 'open':
        return this.#open(part.content)
      case 'delta':
        return this.#isWritten && part.text !== '' ? (this.#item?.delta(part.text) ?? []) : []
      case 'cite':
        return this.#cite(part.citation)
      case 'prove':
        return this.#prove(part.proof)
      case 'close':
        return this.#close()
      case 'usage':
        this.#usage = part
        return []
      case 'end':
        this.#stop = part.stop
        return []
      case 'finish':
        return this.#finish()
      case 'fault':
        return this.fail(part.fault)
    }
  }

  #begin(start: Start): Events {
    this.#head = headOf(start, this.#context)
    this.#isHome = start.own?.wire === WIRE
    const response = this.response('in_progress')
    return [
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
    ]
  }

  #open(content: PartContent): Events {
    const isMore = this.#item instanceof MessageOutput && (content.kind === 'text' || content.kind === 'refusal')
    const settled = isMore ? [] : this.#settle('completed')
    return [...settled, ...this.#opened(content)]
  }

  #opened(content: PartContent): Events {
    this.#isWritten = content.kind !== 'media' && content.kind !== 'foreign'
    switch (content.kind) {
      case 'text':
      case 'refusal': {
        this.#hasRefusal ||= content.kind === 'refusal'
        if (this.#item instanceof MessageOutput) return this.#item.openBlock(content.kind)
        const message = new MessageOutput(this.#place('msg'))
        return [...this.#start(message), ...message.openBlock(content.kind)]
      }
      case 'reasoning':
        return this.#start(
          new ThoughtOutput(this.#place('rs', content.id), {
            isRedacted: content.redacted === true,
            isHome: this.#isHome,
          }),
        )
      case 'call': {
        const id = content.id || madeCallId(this.#context.requestId, this.#items.length)
        const prefix = content.input === 'function' ? 'fc' : 'ctc'
        return this.#start(new CallOutput(this.#place(prefix), { ...content, id }))
      }
      case 'media':
        return this.#whole(this.#picture(content))
      case 'foreign':
        return this.#foreign(content)
    }
  }

  #foreign({ wire, type, json }: Extract<PartContent, { readonly kind: 'foreign' }>): Events {
    const item = wire === WIRE ? asObject(json) : undefined
    if (item !== undefined) return this.#whole(item)
    this.losses.addForeign(type)
    return []
  }

  /** On this wire pictures are what a tool of the vendor's makes. */
  #picture({ mediaType, base64 }: Extract<PartContent, { readonly kind: 'media' }>): JsonObject {
    const output_format = mediaType.split('/')[1] ?? 'png'
    return {
      id: this.#place('ig').id,
      type: 'image_generation_call',
      status: 'completed',
      output_format,
      result: base64,
    }
  }

  #cite(citation: Citation): Events {
    const events = this.#isWritten ? (this.#item?.cite(citation) ?? []) : []
    if (events.length === 0) {
      this.losses.add({ field: 'citations', what: 'dropped', why: 'only an address can be cited' })
    }
    return events
  }

  #prove(proof: Proof): Events {
    if (this.#isWritten && this.#item instanceof ThoughtOutput) this.#item.proof = proof
    else if (this.#isWritten) this.#proof = proof
    return []
  }

  /** The proof of a call or a text follows it in a thought of its own: clients give those back, whatever they hold. */
  #close(): Events {
    if (!this.#isWritten) return []
    this.#isWritten = false
    const closed = this.#item?.closeBlock() ?? []
    const proof = this.#proof
    this.#proof = undefined
    if (proof === undefined)
      return this.#item instanceof ThoughtOutput ? [...closed, ...this.#settle('completed')] : closed
    const settled = this.#settle('completed')
    const seal = sealed({ proof, kind: 'before' })
    return [...closed, ...settled, ...this.#whole(thoughtItem({ id: this.#place('rs').id, text: '', seal }))]
  }

  #finish(): Events {
    const ending = this.#ending()
    const settled = this.#settle(ending.status === 'incomplete' ? 'incomplete' : 'completed')
    return [...settled, this.#terminal(ending.status, ending)]
  }

  #ending(): Ending & { readonly status: string } {
    const ending = ENDINGS[this.#stop.reason]
    // A refusal in a part of its own is an answer like any other here.
    return ending.status === 'refused' ? (this.#hasRefusal ? ENDINGS.stop : ENDINGS.filter) : ending
  }

  #terminal(status: string, ending: Ending): Events[number] {
    return { type: `response.${status}`, response: this.response(status, ending) }
  }

  #start(item: MessageOutput | ThoughtOutput | CallOutput): Events {
    this.#item = item
    return [{ type: 'response.output_item.added', output_index: this.#items.length, item: item.json('in_progress') }]
  }

  /** The item that was being written is done. */
  #settle(status: ItemStatus): Events {
    const item = this.#item
    if (item === undefined) return []
    const events = item.end(status)
    this.#item = undefined
    return [...events, ...this.#completed(item.json(status))]
  }

  /** An item that comes in one piece. */
  #whole(item: JsonObject): Events {
    const added = { type: 'response.output_item.added', output_index: this.#items.length, item }
    return [added, ...this.#completed(item)]
  }

  #completed(item: JsonObject): Events {
    const output_index = this.#items.push(item) - 1
    return [{ type: 'response.output_item.done', output_index, item }]
  }

  /** Ids are of our own making, and the same for the same request, except where the vendor's looks like one of this wire. */
  #place(prefix: string, id = ''): ItemPlace {
    const index = this.#items.length
    return { id: id.startsWith(`${prefix}_`) ? id : `${prefix}_${this.#context.requestId}_${index}`, index }
  }
}

interface Ending {
  readonly error?: Json
  /** Why an answer is incomplete. */
  readonly reason?: string
}

const ENDINGS: { readonly [reason in StopReason]: Ending & { readonly status: string } } = {
  stop: { status: 'completed' },
  sequence: { status: 'completed' },
  calls: { status: 'completed' },
  pause: { status: 'completed' },
  length: { status: 'incomplete', reason: 'max_output_tokens' },
  context: { status: 'incomplete', reason: 'max_output_tokens' },
  filter: { status: 'incomplete', reason: 'content_filter' },
  recitation: { status: 'incomplete', reason: 'content_filter' },
  refusal: { status: 'refused' },
  blocked: {
    status: 'failed',
    error: { code: BLOCKED_CODE, message: 'The provider has blocked the prompt' },
  },
  'broken-call': {
    status: 'failed',
    error: { code: 'server_error', message: 'The model called a tool in a way that cannot be read' },
  },
}

/** In the API's own words; others as they are. */
const tierOf = (tier: string | null = null): string =>
  tier === null || tier === 'standard' ? 'default' : tier === 'fast' ? 'priority' : tier

type Start = Pick<Extract<Part, { readonly kind: 'start' }>, 'id' | 'model' | 'createdAt' | 'own'>

const NO_START: Start = { id: '', model: '' }

const headOf = ({ id, model, createdAt }: Start, context: WriteReply): JsonObject => ({
  id: replyId(id, 'resp_', context),
  object: 'response',
  created_at: createdAt ?? context.createdAt,
  model: model || context.chat.model,
  ...echoOf(context.chat),
})
