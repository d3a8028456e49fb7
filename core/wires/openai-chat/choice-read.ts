import type { Proof } from '../../chat.ts'
import { blockParts } from '../../collect.ts'
import { asCount, asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import type { Part, PartContent } from '../../part.ts'
import { readAnnotations } from './annotations.ts'
import { CallReader } from './call-read.ts'
import { readContent, readImages } from './message-read.ts'
import { type ProofOf, secretIn, vendorProof } from './proof.ts'
import { isFailure, readStop } from './stop.ts'
import { DETAILS, detailsOf, readDetail, TEXT_FIELDS } from './thoughts.ts'

/** What a choice must know of its reply. */
export interface ChoiceContext {
  readonly account: string
  /** For the ids of calls that have none. */
  readonly replyId: string
}

/**
 * One choice of a stream. What is said comes in one block at a time; a delta of another kind closes it, so that whoever cannot have two
 * blocks at once need not wait. Calls may overlap, and stay open until the choice ends.
 */
export class ChoiceReader {
  readonly #index: number
  readonly #proofOf: ProofOf
  readonly #calls: CallReader
  #parts: Part[] = []
  #blocks = 0
  #open: OpenBlock | undefined
  #refused = false
  #ended = false

  constructor(index: number, { account, replyId }: ChoiceContext) {
    this.#index = index
    this.#proofOf = vendorProof(account)
    this.#calls = new CallReader({ choice: index, replyId, proofOf: this.#proofOf, nextBlock: () => this.#blocks++ })
  }

  /** Whether the vendor has said why it ended. */
  get ended(): boolean {
    return this.#ended
  }

  /** What stands behind the end of a choice belongs to nothing. */
  push(choice: JsonObject): readonly Part[] {
    if (this.#ended) return []
    this.#parts = []
    const delta = asObject(choice['delta'])
    if (delta !== undefined) this.#delta(delta)
    const reason = asText(choice['finish_reason']) ?? ''
    if (reason !== '' && !isFailure(reason)) this.#end(reason)
    return this.#parts
  }

  #delta(delta: JsonObject): void {
    this.#thoughts(delta)
    this.#content(delta['content'])
    const refusal = asText(delta['refusal']) ?? ''
    if (refusal !== '') this.#say('refusal', refusal)
    // Most deltas are a piece of text and nothing else: what is rare is not looked into.
    if (delta['images'] !== undefined) {
      for (const { content, text } of readImages(delta['images'])) this.#whole(content, text)
    }
    if (delta['extra_content'] !== undefined || delta['annotations'] !== undefined) this.#sources(delta)
    const calls = asList(delta['tool_calls'])
    if (calls === undefined || calls.length === 0) return
    this.#close()
    for (const call of calls) this.#parts.push(...this.#calls.push(call))
  }

  /** Reasoning in the fields of nodes. Where the same piece stands in two of them, the details say more. */
  #thoughts(delta: JsonObject): void {
    const [first, second] = TEXT_FIELDS
    const text = asText(delta[first]) || asText(delta[second]) || ''
    const details = delta[DETAILS] === undefined ? [] : detailsOf(delta[DETAILS])
    if (details.length === 0 && text !== '') this.#say('reasoning', text)
    for (const detail of details) this.#detail(detail, text !== '')
  }

  #detail(detail: JsonObject, besideText: boolean): void {
    const { text, redacted, id, proof } = readDetail(detail, this.#proofOf)
    const key = asCount(detail['index']) ?? 0
    const open = this.#open
    if (open?.kind === 'reasoning' && open.detail === undefined && !besideText && redacted !== true) {
      // The text has come in a text field before: this is the proof that belongs to it.
      this.#prove(proof)
      return
    }
    if (open?.kind !== 'reasoning' || open.detail !== key || redacted === true) {
      this.#openBlock('reasoning', { redacted, id, detail: key })
    }
    this.#more(text)
    this.#prove(proof)
    if (redacted === true) this.#close()
  }

  #content(content: Json | undefined): void {
    if (typeof content === 'string') {
      if (content !== '') this.#say('text', content)
      return
    }
    for (const piece of readContent(content)) {
      const { kind } = piece.content
      if (kind === 'text' || kind === 'reasoning') this.#say(kind, piece.text)
      else this.#whole(piece.content, piece.text)
    }
  }

  /** What belongs to the text as a whole. */
  #sources(delta: JsonObject): void {
    const secret = secretIn(delta['extra_content'])
    if (secret !== undefined && this.#open?.kind !== 'text') this.#openBlock('text')
    if (secret !== undefined) this.#prove(this.#proofOf(secret))
    if (this.#open?.kind !== 'text') return
    const { block } = this.#open
    for (const citation of readAnnotations(delta['annotations'])) {
      this.#parts.push({ kind: 'cite', choice: this.#index, block, citation })
    }
  }

  #end(reason: string): void {
    this.#close()
    const { parts, called, broken } = this.#calls.end()
    this.#parts.push(...parts)
    this.#ended = true
    const stop = readStop(reason, { calls: called, refusal: this.#refused })
    const told = broken ? { ...stop, reason: 'broken-call' as const } : stop
    this.#parts.push({ kind: 'end', choice: this.#index, stop: told })
  }

  #say(kind: OpenBlock['kind'], text: string): void {
    if (this.#open?.kind !== kind) this.#openBlock(kind)
    if (kind === 'refusal') this.#refused = true
    this.#more(text)
  }

  #openBlock(kind: OpenBlock['kind'], { redacted, id, detail }: Detailed = {}): void {
    this.#close()
    const block = this.#blocks++
    this.#open = { kind, block, detail, proven: false }
    const content = kind === 'reasoning' ? thoughtContent(redacted, id) : { kind }
    this.#parts.push({ kind: 'open', choice: this.#index, block, content })
  }

  #more(text: string): void {
    if (this.#open === undefined || text === '') return
    this.#parts.push({ kind: 'delta', choice: this.#index, block: this.#open.block, text })
  }

  #prove(proof: Proof | undefined): void {
    if (proof === undefined || this.#open === undefined || this.#open.proven) return
    this.#open.proven = true
    this.#parts.push({ kind: 'prove', choice: this.#index, block: this.#open.block, proof })
  }

  #close(): void {
    if (this.#open === undefined) return
    this.#parts.push({ kind: 'close', choice: this.#index, block: this.#open.block })
    this.#open = undefined
  }

  /** A block that comes in one piece. */
  #whole(content: PartContent, text: string): void {
    this.#close()
    this.#parts.push(...blockParts({ choice: this.#index, block: this.#blocks++ }, { content, text }))
  }
}

interface OpenBlock {
  readonly kind: 'text' | 'reasoning' | 'refusal'
  readonly block: number
  /** The number of its details, where it comes in these. */
  readonly detail: number | undefined
  proven: boolean
}

interface Detailed {
  readonly redacted?: boolean | undefined
  readonly id?: string | undefined
  readonly detail?: number
}

const thoughtContent = (redacted: boolean | undefined, id: string | undefined): PartContent => ({
  kind: 'reasoning',
  ...(redacted === true ? { redacted } : {}),
  ...(id === undefined ? {} : { id }),
})
