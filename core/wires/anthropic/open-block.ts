import type { Own } from '../../chat.ts'
import { blockParts, type WholeBlock } from '../../collect.ts'
import { asText, type Json, type JsonObject, parseJson } from '../../json.ts'
import { ownFields, ownOf } from '../../own.ts'
import type { Part } from '../../part.ts'
import { tooLarge } from '../../upstream-fault.ts'
import { readCitationJson } from './citations.ts'
import { WIRE } from './kept.ts'
import { unreadable } from './reply-read.ts'

/** Where a block stands in a reply. */
export interface Place {
  readonly choice: number
  readonly block: number
}

/** A block that the vendor has opened and not yet closed. */
export class OpenBlock {
  readonly #at: Place
  readonly #block: WholeBlock
  /** What is to be told whole at the end: a signature, or a block that only this wire knows. */
  #signature: string
  #foreign: JsonObject
  #input = ''
  #said = false
  #gatheredLetters = 0

  constructor(at: Place, block: WholeBlock, json: JsonObject) {
    this.#at = at
    this.#block = block
    this.#signature = block.proof?.data ?? ''
    this.#foreign = json
  }

  opening(): readonly Part[] {
    const { content, own, citations } = this.#block
    if (content.kind === 'foreign') return []
    const text = content.kind === 'call' ? '' : this.#block.text
    return [
      { kind: 'open', ...this.#at, content, ...openOwn(own) },
      ...this.#say(text),
      ...citations.map((citation): Part => ({ kind: 'cite', ...this.#at, citation })),
    ]
  }

  delta(delta: JsonObject): readonly Part[] {
    const { kind } = this.#block.content
    if (kind === 'foreign') return this.#gather(delta)
    switch (asText(delta['type']) ?? '') {
      case 'text_delta':
        return this.#say(textOf(delta, 'text'))
      case 'thinking_delta':
        return this.#say(textOf(delta, 'thinking'))
      case 'input_json_delta':
        return this.#say(textOf(delta, 'partial_json'))
      case 'signature_delta':
        this.#signature += this.#counted(textOf(delta, 'signature'))
        return []
      case 'citations_delta':
        return [{ kind: 'cite', ...this.#at, citation: readCitationJson(delta['citation']) }]
      default:
        return []
    }
  }

  closing(account: string): readonly Part[] {
    const { content, text } = this.#block
    if (content.kind === 'foreign') return blockParts(this.#at, { content: { ...content, json: this.#whole() } })
    const data = this.#signature
    return [
      // A call without arguments comes without a piece of them; one that code made comes whole where it opens.
      ...(content.kind === 'call' && !this.#said ? this.#say(text) : []),
      ...(data === '' ? [] : [{ kind: 'prove' as const, ...this.#at, proof: { wire: WIRE, account, data } as const }]),
      { kind: 'close', ...this.#at },
    ]
  }

  #say(text: string): readonly Part[] {
    if (text === '') return []
    this.#said = true
    return [{ kind: 'delta', ...this.#at, text }]
  }

  /** Pieces of a block that nobody here reads: texts grow, everything else is as it was told last. */
  #gather(delta: JsonObject): readonly Part[] {
    if (delta['type'] === 'input_json_delta') {
      this.#input += this.#counted(textOf(delta, 'partial_json'))
      return []
    }
    for (const value of Object.values(delta)) if (typeof value === 'string') this.#counted(value)
    this.#foreign = Object.entries(delta).reduce(grown, this.#foreign)
    return []
  }

  /** What is held has a bound. */
  #counted(text: string): string {
    this.#gatheredLetters += text.length
    if (this.#gatheredLetters <= GATHERED_LETTERS_MAX) return text
    throw tooLarge('a block')
  }

  #whole(): JsonObject {
    return this.#input === '' ? this.#foreign : { ...this.#foreign, input: parseJson(this.#input) ?? {} }
  }
}

const GATHERED_LETTERS_MAX = 16_000_000

function textOf(delta: JsonObject, key: string): string {
  const text = asText(delta[key])
  if (text === undefined) throw unreadable(key)
  return text
}

function grown(block: JsonObject, [key, value]: readonly [string, Json]): JsonObject {
  if (key === 'type' || value === null) return block
  const before = block[key]
  return { ...block, [key]: typeof before === 'string' && typeof value === 'string' ? before + value : value }
}

/** How a block is spelt is known when it is whole: a signature and citations come later. */
function openOwn(own: Own | undefined) {
  const kept = ownOf(WIRE, ownFields(own, WIRE))
  return kept === undefined ? {} : { own: kept }
}
