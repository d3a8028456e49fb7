import type { Citation, Proof } from '../../chat.ts'
import type { JsonObject } from '../../json.ts'
import type { PartContent } from '../../part.ts'
import { UNSIGNED } from '../../proof.ts'
import { tooLarge } from '../../upstream-fault.ts'
import { isBlank } from './blocks-read.ts'
import { inputObject } from './call-input.ts'
import { carrier, type Place, signatureFor } from './carried-proof.ts'
import { writeCitation } from './citations.ts'
import { event } from './event.ts'

/** What a block of a stream is written from. */
export interface BlockOptions {
  readonly content: PartContent
  /** As it opens. */
  readonly head: JsonObject
  /** Gives the next number of a block in this message: asked only when the block really opens. */
  readonly nextIndex: () => number
  /** Whether the vendor speaks this wire too. */
  readonly home: boolean
}

/**
 * Writes one block of a stream. It opens with the first thing that stands in it: a block in which nothing stands, or blank text, would
 * come back in the next request, and be refused there. A call waits for its second piece, because a proof that comes before it has its
 * place in front of the call.
 */
export class BlockWriter {
  readonly #options: BlockOptions
  /** Below 0 until it has opened. */
  #index = -1
  #held = ''
  #pieces = 0
  #cited: readonly Citation[] = []
  #proof: Proof | undefined

  constructor(options: BlockOptions) {
    this.#options = options
  }

  delta(text: string): string {
    if (text === '') return ''
    if (this.#index >= 0) return this.#piece(text)
    this.#held += text
    this.#pieces++
    if (this.#held.length > HELD_LETTERS_MAX) throw tooLarge('a block')
    return this.#isReady() ? this.#open() + this.#piece(this.#held) + this.#citations() : ''
  }

  cite(citation: Citation): string {
    this.#cited = [...this.#cited, citation]
    return this.#index >= 0 ? this.#citations() : ''
  }

  prove(proof: Proof): string {
    this.#proof = proof
    return ''
  }

  close(): string {
    const { content } = this.#options
    switch (content.kind) {
      case 'text':
      case 'refusal':
        return this.#stop() + this.#carried('behind')
      case 'reasoning':
        return content.redacted === true ? this.#hidden() : this.#thought()
      case 'call':
        return this.#index >= 0
          ? this.#stop() + this.#carried('behind')
          : this.#carried('ahead') + this.#wholeCall(content.input)
      case 'foreign':
      case 'media':
        return this.#open() + this.#stop()
    }
  }

  #isReady(): boolean {
    switch (this.#options.content.kind) {
      case 'text':
      case 'refusal':
        return !isBlank(this.#held)
      case 'reasoning':
        return true
      case 'call':
        // What is no object is sent whole, as something that clients can read.
        return this.#pieces > 1 && this.#options.content.input === 'function' && this.#held.trimStart().startsWith('{')
      case 'foreign':
      case 'media':
        return false
    }
  }

  #open(head: JsonObject = this.#options.head): string {
    this.#index = this.#options.nextIndex()
    return event({ type: 'content_block_start', index: this.#index, content_block: head })
  }

  /** Nearly every event of a stream is one of these. */
  #piece(text: string): string {
    const [type, key] = DELTAS[this.#options.content.kind] ?? TEXT_DELTA
    const delta = `{"type":"${type}","${key}":${JSON.stringify(text)}}`
    return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.#index},"delta":${delta}}\n\n`
  }

  #citations(): string {
    const cited = this.#cited
    this.#cited = []
    return cited.map((citation) => this.#delta({ type: 'citations_delta', citation: writeCitation(citation) })).join('')
  }

  #delta(delta: JsonObject): string {
    return event({ type: 'content_block_delta', index: this.#index, delta })
  }

  #stop(): string {
    return this.#index < 0 ? '' : event({ type: 'content_block_stop', index: this.#index })
  }

  #thought(): string {
    const proof = this.#proof
    if (this.#index < 0 && proof === undefined) return ''
    const signature = proof === undefined ? (this.#options.home ? '' : UNSIGNED) : signatureFor(proof)
    const opening = this.#index < 0 ? this.#open() : ''
    return opening + (signature === '' ? '' : this.#delta({ type: 'signature_delta', signature })) + this.#stop()
  }

  #hidden(): string {
    if (this.#proof === undefined) return ''
    return this.#open({ ...this.#options.head, data: signatureFor(this.#proof) }) + this.#stop()
  }

  #wholeCall(kind: 'function' | 'custom'): string {
    const input = kind === 'custom' ? { input: this.#held } : inputObject(this.#held)
    const isNothing = kind === 'function' && this.#held.trim() === ''
    const isAsItCame = kind === 'function' && this.#held.trimStart().startsWith('{')
    const text = isAsItCame ? this.#held : JSON.stringify(input)
    return this.#open() + (isNothing ? '' : this.#piece(text)) + this.#stop()
  }

  /** The proof of a block that has no place for one, in a block of its own. */
  #carried(place: Place): string {
    if (this.#proof === undefined) return ''
    const index = this.#options.nextIndex()
    const start = event({ type: 'content_block_start', index, content_block: carrier(this.#proof, place) })
    return start + event({ type: 'content_block_stop', index })
  }
}

const HELD_LETTERS_MAX = 16_000_000

const TEXT_DELTA = ['text_delta', 'text'] as const
const DELTAS: { readonly [kind in PartContent['kind']]?: readonly [type: string, key: string] } = {
  reasoning: ['thinking_delta', 'thinking'],
  call: ['input_json_delta', 'partial_json'],
}
