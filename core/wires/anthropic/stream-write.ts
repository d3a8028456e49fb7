import type { Fault } from '../../fault.ts'
import { type Loss, Losses } from '../../loss.ts'
import type { Part } from '../../part.ts'
import { sequential } from '../../sequential.ts'
import type { StreamWriter, WriteReply } from '../../wire.ts'
import { BlockWriter } from './block-stream.ts'
import { losePlace } from './citations.ts'
import { event } from './event.ts'
import { faultEvent } from './fault.ts'
import {
  blockHead,
  type End,
  type Head,
  isHome,
  messageEnd,
  messageHead,
  messageUsage,
  NOT_ENDED,
  type UsagePart,
} from './message.ts'

/**
 * Writes a client's stream: one block after the other, every event with its name, because the SDK drops one that has none
 * (wire-formats 1.2.3). A block of which nothing is said does not open.
 */
export class AnthropicWriter implements StreamWriter {
  readonly keepAlive = 'event: ping\ndata: {"type": "ping"}\n\n'
  readonly #context: WriteReply
  readonly #losses = new Losses()
  readonly #inOrder = sequential()
  /** Held until something follows, so that a usage that the vendor says with it stands in it. */
  #head: Head | undefined
  #begun = false
  #home = false
  #usage: UsagePart | undefined
  #end: End | undefined
  #open: BlockWriter | undefined
  #index = 0
  #called = false
  #over = false

  constructor(context: WriteReply) {
    this.#context = context
  }

  push(part: Part): string {
    let text = ''
    for (const one of this.#inOrder(part)) if (!this.#over) text += this.#write(one)
    return text
  }

  fault(fault: Fault): string {
    this.#over = true
    return faultEvent(fault, this.#context.requestId)
  }

  losses(): readonly Loss[] {
    return this.#losses.list()
  }

  #write(part: Part): string {
    if ('choice' in part && part.choice !== 0) {
      this.#losses.add({ field: 'choices', what: 'dropped', why: 'an answer is one message' })
      return ''
    }
    switch (part.kind) {
      case 'start':
        this.#head ??= part
        this.#home = isHome(this.#head.own)
        return ''
      case 'usage':
        this.#usage = part
        return ''
      case 'open':
        return this.#begin() + this.#openBlock(part)
      case 'delta':
        return this.#open?.delta(part.text) ?? ''
      case 'cite':
        losePlace(part.citation, this.#losses)
        return this.#open?.cite(part.citation) ?? ''
      case 'prove':
        return this.#open?.prove(part.proof) ?? ''
      case 'close':
        return this.#closeBlock()
      case 'end':
        this.#end = { stop: part.stop, own: part.own }
        return this.#begin()
      case 'finish':
        return this.#begin() + this.#finish()
      case 'fault':
        return this.fault(part.fault)
    }
  }

  #begin(): string {
    if (this.#begun) return ''
    this.#begun = true
    const head = messageHead(this.#head ?? { id: '', model: '' }, this.#context)
    const usage = messageUsage(this.#usage, this.#context)
    return event({ type: 'message_start', message: { ...head, content: [], ...NOT_ENDED, usage } })
  }

  #openBlock({ content, own }: Extract<Part, { readonly kind: 'open' }>): string {
    const head = blockHead(content, own, { home: this.#home, losses: this.#losses })
    const nextIndex = () => this.#index++
    this.#called ||= content.kind === 'call'
    this.#open = head === undefined ? undefined : new BlockWriter({ content, head, nextIndex, home: this.#home })
    return ''
  }

  #closeBlock(): string {
    const text = this.#open?.close() ?? ''
    this.#open = undefined
    return text
  }

  #finish(): string {
    this.#over = true
    const end = messageEnd(this.#end, { called: this.#called, home: this.#home })
    const { context_management: management, ...delta } = end
    const usage = messageUsage(this.#usage, this.#context)
    const last = {
      type: 'message_delta',
      delta,
      usage,
      ...(management === undefined ? {} : { context_management: management }),
    }
    return event(last) + event({ type: 'message_stop' })
  }
}
