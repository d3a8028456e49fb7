import type { Citation } from '../../chat.ts'
import type { CollectedBlock, CollectedChoice } from '../../collect.ts'
import type { JsonObject } from '../../json.ts'
import { type Loss, Losses } from '../../loss.ts'
import type { Part } from '../../part.ts'
import { sequential } from '../../sequential.ts'
import type { WriteReply } from '../../wire.ts'
import { writeGrounding } from './citations.ts'
import { isHome, restored } from './kept.ts'
import { feedback, replyNames, shifted, usageOf } from './reply-write.ts'
import { endedCandidate, isBlocked, loseLogprobs, type ReplyWriting, replyPart } from './reply-writing.ts'

type BlockPart = Extract<Part, { readonly block: number }>

/**
 * Parts as the response objects of a stream. Texts go out as they come; calls, pictures and whatever only the vendor knows in one part
 * each, when they are whole. How the candidates ended, and the count, stand in the last object, which comes with `finish` only.
 */
export class ChunkWriter {
  readonly #context: WriteReply
  readonly #losses = new Losses()
  readonly #choices = new Map<number, ChoiceWriter>()
  #writing: ReplyWriting
  #start: Extract<Part, { kind: 'start' }> = { kind: 'start', id: '', model: '' }
  #usage: Extract<Part, { kind: 'usage' }> | undefined
  #isFirst = true

  constructor(context: WriteReply) {
    this.#context = context
    this.#writing = { isHome: false, losses: this.#losses }
  }

  losses(): readonly Loss[] {
    return this.#losses.list()
  }

  push(part: Part): readonly JsonObject[] {
    switch (part.kind) {
      case 'start':
        this.#start = part
        this.#writing = { isHome: isHome(part.own), losses: this.#losses }
        loseLogprobs(this.#context, this.#writing)
        return []
      case 'usage':
        this.#usage = part
        return []
      case 'finish':
        return [restored(this.#chunk(this.#last()), part.own)]
      case 'fault':
        return []
      case 'open':
      case 'delta':
      case 'cite':
      case 'prove':
      case 'close':
      case 'end':
        return this.#choice(part.choice)
          .push(part)
          .map((said) =>
            this.#chunk({ candidates: [{ content: { parts: [said], role: 'model' }, index: part.choice }] }),
          )
    }
  }

  #choice(index: number): ChoiceWriter {
    const known = this.#choices.get(index)
    if (known !== undefined) return known
    const choice = new ChoiceWriter(index, this.#writing)
    this.#choices.set(index, choice)
    return choice
  }

  /** Every object repeats the names of the reply. */
  #chunk(said: JsonObject): JsonObject {
    const chunk = { ...said, ...replyNames(this.#start, { context: this.#context, writing: this.#writing }) }
    if (!this.#isFirst) return chunk
    this.#isFirst = false
    return restored(chunk, this.#start.own)
  }

  #last(): JsonObject {
    const choices = [...this.#choices.values()]
    const ended = choices.map((choice) => choice.ended()).filter((choice) => choice !== undefined)
    const [only] = ended
    const isRefused = ended.length === 1 && only !== undefined && isBlocked(only)
    const said = isRefused
      ? feedback(only, { writing: this.#writing, own: this.#start.own })
      : { candidates: choices.flatMap((choice) => choice.last() ?? []) }
    return { ...said, ...(this.#usage === undefined ? {} : { usageMetadata: usageOf(this.#usage, this.#writing) }) }
  }
}

/** One candidate of a stream: its blocks one behind the other, because this wire knows no others. */
class ChoiceWriter {
  readonly #index: number
  readonly #writing: ReplyWriting
  readonly #inOrder = sequential()
  readonly #citations: Citation[] = []
  /** Of every block what decides how the candidate ends; of those that are sent whole everything. */
  readonly #blocks: CollectedBlock[] = []
  #open: OpenBlock | undefined
  #end: Extract<Part, { kind: 'end' }> | undefined
  readonly #said: string[] = []
  #saidLength = 0

  constructor(index: number, writing: ReplyWriting) {
    this.#index = index
    this.#writing = writing
  }

  /** The parts that can be sent now. */
  push(part: BlockPart | Extract<Part, { kind: 'end' }>): readonly JsonObject[] {
    return this.#inOrder(part).flatMap((one) => {
      if (one.kind === 'end') this.#end = one
      return 'block' in one ? this.#block(one) : []
    })
  }

  ended(): CollectedChoice | undefined {
    if (this.#end === undefined) return undefined
    const { stop, own } = this.#end
    return { index: this.#index, blocks: this.#blocks, stop, ...(own === undefined ? {} : { own }) }
  }

  /** The candidate of the last object. */
  last(): JsonObject | undefined {
    const ended = this.ended()
    if (ended === undefined) return undefined
    const candidate = endedCandidate(withoutLayout(ended), [{ text: '' }], this.#writing)
    const grounding = this.#writing.isHome
      ? undefined
      : writeGrounding(this.#said.join(''), this.#citations, this.#writing.losses)
    return grounding === undefined ? candidate : { ...candidate, groundingMetadata: grounding }
  }

  #block(part: BlockPart): readonly JsonObject[] {
    switch (part.kind) {
      case 'open':
        this.#open = opened(part)
        return []
      case 'delta':
        return this.#text(part.text)
      case 'cite':
        this.#open?.citations.push(part.citation)
        return []
      case 'prove':
        if (this.#open !== undefined) this.#open.proof = part.proof
        return []
      case 'close':
        return this.#close()
    }
  }

  /** A thought is held back by one piece, because its signature stands with the last one: clients drop a part that only has a signature. */
  #text(text: string): readonly JsonObject[] {
    const open = this.#open
    if (open === undefined) return []
    open.length += text.length
    if (open.content.kind === 'text') this.#said.push(text)
    if (open.isWhole) {
      open.text += text
      return []
    }
    const ready = open.content.kind === 'reasoning' ? open.text : text
    open.text = open.content.kind === 'reasoning' ? text : ''
    return ready === '' ? [] : this.#part({ content: open.content, text: ready, citations: [] })
  }

  #close(): readonly JsonObject[] {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return []
    const { content, text, citations, proof, length, isWhole } = open
    if (content.kind === 'text') {
      this.#citations.push(...citations.map((one) => shifted(one, { from: this.#saidLength, length })))
      this.#saidLength += length
    }
    const rest: CollectedBlock = { content, text, citations: [], ...(proof === undefined ? {} : { proof }) }
    this.#blocks.push(content.kind === 'call' || content.kind === 'refusal' ? rest : SAID)
    const isDone = !isWhole && text === '' && proof === undefined
    return isDone ? [] : this.#part({ ...rest, ...(open.own === undefined ? {} : { own: open.own }) })
  }

  #part(block: CollectedBlock): readonly JsonObject[] {
    const part = replyPart(block, this.#writing)
    return part === undefined ? [] : [part]
  }
}

/** Any block that says nothing about the end. */
const SAID: CollectedBlock = { content: { kind: 'text' }, text: '', citations: [] }

interface OpenBlock extends Pick<CollectedBlock, 'content' | 'own'> {
  /** What has come and not been sent. */
  text: string
  /** Of all that has come. */
  length: number
  proof?: NonNullable<CollectedBlock['proof']>
  readonly citations: Citation[]
  /** Whether it is sent in one part, when it closes. */
  readonly isWhole: boolean
}

function opened({ content, own }: Extract<Part, { kind: 'open' }>): OpenBlock {
  const isText = content.kind === 'text' || content.kind === 'reasoning' || content.kind === 'refusal'
  return {
    content,
    text: '',
    length: 0,
    citations: [],
    isWhole: !isText || own !== undefined,
    ...(own === undefined ? {} : { own }),
  }
}

/** How a whole reply was cut says nothing about the last object of a stream. */
function withoutLayout(choice: CollectedChoice): CollectedChoice {
  const { own, ...rest } = choice
  return own === undefined ? rest : { ...rest, own: { wire: own.wire, fields: own.fields } }
}
