import type { Citation, Proof } from '../../chat.ts'
import type { Fault } from '../../fault.ts'
import type { JsonObject } from '../../json.ts'
import { type Loss, Losses } from '../../loss.ts'
import type { Part, PartContent, Stop } from '../../part.ts'
import { replyId } from '../../reply-id.ts'
import { sequential } from '../../sequential.ts'
import { KEEP_ALIVE } from '../../sse.ts'
import { brokenCall } from '../../upstream-fault.ts'
import type { StreamWriter, WriteReply } from '../../wire.ts'
import { writeAnnotation } from './annotations.ts'
import { type Chunks, chunksOf, deltaOf, DONE } from './chunks.ts'
import { faultEvent } from './fault.ts'
import { emptyContent, isImage, loseBlock, loseCitation, loseLogprobs, writeImage } from './message-write.ts'
import { proofField, secretFor } from './proof.ts'
import { nativeWord, writeStop } from './stop.ts'
import { Pieces } from './thought-place.ts'
import { DETAILS, writeDetail } from './thoughts.ts'
import { writeUsage } from './usage.ts'

/** Writes the chunks of a stream, as OpenAI's own clients put them together. */
export class ChatStreamWriter implements StreamWriter {
  readonly keepAlive = KEEP_ALIVE
  readonly #context: WriteReply
  readonly #losses = new Losses()
  readonly #choices = new Map<number, Choice>()
  #chunks: Chunks
  #usage: Extract<Part, { kind: 'usage' }> | undefined
  #over = false

  constructor(context: WriteReply) {
    this.#context = context
    loseLogprobs(context.chat, this.#losses)
    this.#chunks = this.#chunksFor({ id: '', model: '' })
  }

  push(part: Part): string {
    if (this.#over) return ''
    switch (part.kind) {
      case 'start':
        this.#chunks = this.#chunksFor(part)
        return ''
      case 'usage':
        this.#usage = part
        return ''
      case 'fault':
        return this.fault(part.fault)
      case 'finish':
        return this.#finish(part)
      case 'open':
      case 'delta':
      case 'cite':
      case 'prove':
      case 'close':
      case 'end':
        return this.#inOrder(this.#choice(part.choice), part)
    }
  }

  fault(fault: Fault): string {
    if (this.#over) return ''
    this.#over = true
    return faultEvent(fault)
  }

  losses(): readonly Loss[] {
    return this.#losses.list()
  }

  #chunksFor({ id, model, createdAt }: Omit<Extract<Part, { kind: 'start' }>, 'kind'>): Chunks {
    const { chat, createdAt: cameAt } = this.#context
    const envelope = { id: replyId(id, 'chatcmpl-', this.#context), object: 'chat.completion.chunk' }
    const created = createdAt ?? cameAt
    return chunksOf({ ...envelope, created, model: model === '' ? chat.model : model }, this.#context)
  }

  #choice(index: number): Choice {
    const known = this.#choices.get(index)
    if (known !== undefined) return known
    const choice = new Choice(index)
    this.#choices.set(index, choice)
    return choice
  }

  /** One block behind the other: clients take a text that goes on behind a call for a new one. */
  #inOrder(choice: Choice, part: Part): string {
    let out = ''
    for (const one of choice.order(part)) out += this.#write(choice, one)
    return out
  }

  #write(choice: Choice, part: Part): string {
    switch (part.kind) {
      case 'open':
        return this.#open(choice, part.content)
      case 'delta':
        return this.#delta(choice, part.text)
      case 'cite':
        choice.open?.citations.push(part.citation)
        return ''
      case 'prove':
        if (choice.open !== undefined) choice.open.proof = part.proof
        return ''
      case 'close':
        return this.#close(choice)
      case 'end':
        return this.#end(choice, part)
      case 'start':
      case 'usage':
      case 'finish':
      case 'fault':
        return ''
    }
  }

  #open(choice: Choice, content: PartContent): string {
    choice.open = { content, text: '', length: 0, citations: [], proof: undefined }
    const { index } = choice
    const role = this.#role(choice, content.kind === 'text' ? '' : null)
    loseBlock(content, this.#losses)
    if (content.kind === 'call')
      return role + this.#chunks.delta(index, deltaOf('tool_calls', [openCall(content, choice.calls++)]))
    if (!isImage(content)) return role
    return role + this.#chunks.delta(index, deltaOf('images', [{ index: choice.images++, ...writeImage(content) }]))
  }

  #delta({ index, open, calls }: Choice, text: string): string {
    if (open === undefined || text === '') return ''
    switch (open.content.kind) {
      case 'text':
        open.length += text.length
        return this.#chunks.delta(index, deltaOf('content', text))
      case 'reasoning':
        if (open.text.length <= THOUGHT_LENGTH_MAX) open.text += text
        return this.#chunks.delta(index, deltaOf('reasoning_content', text))
      case 'refusal':
        return this.#chunks.delta(index, deltaOf('refusal', text))
      case 'call':
        open.length += text.length
        return this.#chunks.delta(index, deltaOf('tool_calls', [inputDelta(open.content.input, calls - 1, text)]))
      case 'media':
      case 'foreign':
        return ''
    }
  }

  #close(choice: Choice): string {
    const { open, index } = choice
    choice.open = undefined
    if (open === undefined) return ''
    if (open.content.kind === 'text') this.#closeText(choice, open)
    if (open.content.kind === 'refusal') choice.refused = true
    if (open.content.kind === 'call' && open.content.input === 'function' && open.length === 0)
      choice.argless.push(choice.calls - 1)
    if (open.content.kind === 'call' || open.content.kind === 'refusal') choice.pieces.add(open.content.kind)
    if (open.proof === undefined) return ''
    if (open.content.kind === 'reasoning') return this.#details(choice, open)
    if (open.content.kind !== 'call') return ''
    const extra = { index: choice.calls - 1, extra_content: proofField(secretFor(open.proof)) }
    return this.#chunks.delta(index, deltaOf('tool_calls', [extra]))
  }

  /** What stands at the message and not in its text is said once, at the end: clients that join deltas by their key cannot take it twice. */
  #closeText(choice: Choice, { length, citations, proof }: OpenBlock): void {
    for (const citation of citations) {
      const annotation = writeAnnotation(citation, { offset: choice.textLength, length })
      if (annotation === undefined || choice.annotations.length >= ANNOTATIONS_MAX) loseCitation(this.#losses)
      else choice.annotations.push(annotation)
    }
    choice.textLength += length
    if (length > 0) choice.pieces.add('text')
    if (proof !== undefined) choice.secret = secretFor(proof)
  }

  /** A thought with its proof, whole: a client that keeps only the last delta of a field it does not know still has it in one piece. */
  #details(choice: Choice, { content, text, proof }: OpenBlock): string {
    if (content.kind !== 'reasoning' || proof === undefined) return ''
    if (text.length > THOUGHT_LENGTH_MAX) {
      this.#losses.add({ field: 'reasoning.proof', what: 'dropped', why: 'the reasoning is too long to be given back' })
      return ''
    }
    const details = writeDetail({ ...content, text, proof }, { index: choice.pieces.count, secretOf: secretFor })
    choice.pieces.add('reasoning')
    return this.#chunks.delta(choice.index, deltaOf(DETAILS, details))
  }

  #end(choice: Choice, { stop }: Extract<Part, { kind: 'end' }>): string {
    if (stop.reason === 'broken-call') return this.fault(brokenCall())
    const { index, calls, refused, annotations, secret } = choice
    const last: JsonObject = {
      ...(annotations.length === 0 ? {} : { annotations }),
      ...(secret === undefined ? {} : { extra_content: proofField(secret) }),
    }
    const role = this.#role(choice, emptyContent(false)) + this.#emptyInputs(choice, stop)
    const more = Object.keys(last).length === 0 ? '' : this.#chunks.delta(index, JSON.stringify(last))
    const reason = writeStop(stop, { calls: calls > 0, refusal: refused })
    return role + more + this.#chunks.end(index, reason, nativeWord(stop))
  }

  /** Clients parse the input of a call: none at all is an empty object, unless it was the limit that cut it off (wire-formats 1.8, traps 25 and 48). */
  #emptyInputs({ index, argless }: Choice, { reason }: Stop): string {
    if (argless.length === 0 || reason === 'length' || reason === 'context') return ''
    return this.#chunks.delta(
      index,
      deltaOf(
        'tool_calls',
        argless.map((call) => inputDelta('function', call, '{}')),
      ),
    )
  }

  /** The role stands in the first delta of a choice, and nowhere else. */
  #role(choice: Choice, content: ReturnType<typeof emptyContent>): string {
    if (choice.begun) return ''
    choice.begun = true
    return this.#chunks.delta(choice.index, JSON.stringify({ role: 'assistant', content, refusal: null }))
  }

  #finish(part: Part): string {
    let out = ''
    for (const choice of this.#choices.values()) out += this.#inOrder(choice, part)
    if (this.#over) return out
    this.#over = true
    return out + this.#lastUsage() + DONE
  }

  #lastUsage(): string {
    if (!this.#context.usageAsked || this.#usage === undefined) return ''
    const { usage, serviceTier } = this.#usage
    return this.#chunks.usage(writeUsage(usage), serviceTier)
  }
}

/** What is kept of a thought until its proof comes (letters): more than any model thinks. */
const THOUGHT_LENGTH_MAX = 4_000_000
const ANNOTATIONS_MAX = 1_000

interface OpenBlock {
  readonly content: PartContent
  /** Of a thought, because its proof is given back with it. */
  text: string
  /** Of a text or an input, in letters. */
  length: number
  readonly citations: Citation[]
  proof: Proof | undefined
}

/** Where one choice stands. */
class Choice {
  readonly index: number
  readonly order = sequential()
  readonly annotations: JsonObject[] = []
  /** What stands before a thought, by which it comes back to its place. */
  readonly pieces = new Pieces()
  /** The numbers of calls without any input. */
  readonly argless: number[] = []
  begun = false
  refused = false
  calls = 0
  images = 0
  /** Letters of the texts that are closed. */
  textLength = 0
  secret: string | undefined
  open: OpenBlock | undefined

  constructor(index: number) {
    this.index = index
  }
}

const inputDelta = (kind: 'function' | 'custom', index: number, text: string): JsonObject =>
  kind === 'custom' ? { index, custom: { input: text } } : { index, function: { arguments: text } }

const openCall = ({ id, name, input }: Extract<PartContent, { kind: 'call' }>, index: number): JsonObject =>
  input === 'custom'
    ? { index, id, type: input, custom: { name, input: '' } }
    : { index, id, type: input, function: { name, arguments: '' } }
