import type { Citation } from '../../chat.ts'
import { given } from '../../given.ts'
import { asObject, asText, type Json, type JsonObject } from '../../json.ts'
import type { Part, PartContent } from '../../part.ts'
import { notThisWire } from '../../upstream-fault.ts'
import { PIECE_GAP, type Unseal } from './items-read.ts'
import { type PlacedBlock, readOutputItem, thoughtSource, WHOLE_ITEM } from './output-item.ts'
import { WIRE } from './spelling.ts'

/** More text of one block of an item. */
export interface TextPiece {
  /** The part of the message; absent for an item that is all one text. */
  readonly place?: number
  /** What the block is, where the piece may be the first that is heard of it. */
  readonly content?: PartContent
  readonly text: string
}

/** More text of a thought, of its so-many-th summary or content. */
export interface ThoughtPiece {
  readonly source: 'summary' | 'content'
  readonly at: number
  readonly text: string
}

/**
 * Turns the items of an answer into parts, whether they come whole or in pieces: a whole item says everything, and what pieces have
 * said of it already is not said again. Items are known by their index, because some hosts change their ids on the way.
 */
export class OutputReader {
  readonly #unseal: Unseal
  readonly #items = new Map<number, OpenItem>()
  /** Indexes of items that are whole: what still comes of one says nothing new. */
  readonly #whole = new Set<number>()
  #blocks = 0
  #finished = 0
  #outcome: 'called' | 'refused' | 'said' = 'said'

  constructor(account: string) {
    this.#unseal = (data) => ({ proof: { wire: WIRE, account, data }, kind: 'reasoning' })
  }

  /** Whether a tool was called, or the model declined. */
  get outcome(): 'called' | 'refused' | 'said' {
    return this.#outcome
  }

  /** An item begins, perhaps under the index of one that is whole. A thought, or a call that has its name, opens at once. */
  added(index: number, json: JsonObject): readonly Part[] {
    this.#whole.delete(index)
    const item = this.#item(index, asText(json['type']))
    const content = earlyContent(json)
    const isKnown = item === undefined || item.blocks.has(WHOLE_ITEM)
    return isKnown || content === undefined ? [] : this.#begin(item, WHOLE_ITEM, content).opening
  }

  /** A call whose name is not known yet waits until it is whole. */
  piece(index: number, { place = WHOLE_ITEM, content, text }: TextPiece): readonly Part[] {
    const item = this.#item(index)
    const known = item?.blocks.get(place)
    if (known !== undefined) return known.more(text)
    if (item === undefined || content === undefined) return []
    const { block, opening } = this.#begin(item, place, content)
    return [...opening, ...block.more(text)]
  }

  /** The whole text of a block: what of it has not come in pieces. */
  text(index: number, { place = WHOLE_ITEM, content, text }: TextPiece): readonly Part[] {
    const known = this.#item(index)?.blocks.get(place)
    return this.piece(index, { place, ...given({ content }), text: known?.rest(text) ?? text })
  }

  /** Of a thought that comes in two ways, the first one is told. */
  thought(index: number, { source, at, text }: ThoughtPiece): readonly Part[] {
    const item = this.#item(index)
    if (item === undefined) return []
    item.thought ??= { source, at: 0 }
    if (item.thought.source !== source) return []
    const gaps = Math.max(0, at - item.thought.at)
    if (gaps > PARTS_MAX) throw notThisWire('too_many_parts')
    item.thought.at += gaps
    return this.piece(index, { content: { kind: 'reasoning' }, text: PIECE_GAP.repeat(gaps) + text })
  }

  cite(index: number, { place, citation }: { readonly place: number; readonly citation: Citation }): readonly Part[] {
    return this.#item(index)?.blocks.get(place)?.cite([citation]) ?? []
  }

  /** An item is whole. */
  done(index: number, json: JsonObject): readonly Part[] {
    const item = this.#item(index)
    if (item === undefined) return []
    this.#items.delete(index)
    this.#whole.add(index)
    this.#finished++
    const blocks = readOutputItem(json, `output[${index}]`, this.#unseal)
    const parts = blocks.flatMap((block) => this.#finish(item, block))
    return [...parts, ...closed(item)]
  }

  /** The answer ends. What nobody has finished or told ends with it: as `output` has it, or as it is. */
  end(output: readonly Json[]): readonly Part[] {
    const isLacking = this.#finished + this.#items.size < output.length
    const parts = output.flatMap((value, index) => {
      const [item, json] = [this.#items.get(index), asObject(value) ?? {}]
      const isWanted = item === undefined ? isLacking : item.type === undefined || item.type === json['type']
      return isWanted ? this.done(index, json) : []
    })
    const rest = [...this.#items.values()].flatMap(closed)
    this.#items.clear()
    return [...parts, ...rest]
  }

  /** `undefined` for one that is whole. */
  #item(index: number, type?: string): OpenItem | undefined {
    const known = this.#items.get(index)
    if (known !== undefined || this.#whole.has(index)) return known
    if (this.#items.size + this.#finished >= ITEMS_MAX) throw notThisWire('too_many_items')
    const item: OpenItem = { type, blocks: new Map() }
    this.#items.set(index, item)
    return item
  }

  #begin(item: OpenItem, place: number, content: PartContent): Begun {
    if (item.blocks.size >= PARTS_MAX) throw notThisWire('too_many_parts')
    const block = new OpenBlock(this.#blocks++)
    item.blocks.set(place, block)
    if (content.kind === 'call') this.#outcome = 'called'
    if (content.kind === 'refusal' && this.#outcome === 'said') this.#outcome = 'refused'
    return { block, opening: [{ kind: 'open', ...block.at, content }] }
  }

  #finish(item: OpenItem, { place, content, text, citations, proof, own }: PlacedBlock): readonly Part[] {
    const known = item.blocks.get(place)
    const { block, opening } = known === undefined ? this.#begin(item, place, content) : { block: known, opening: [] }
    item.blocks.delete(place)
    // Told from its contents, a thought cannot go on from its summaries.
    const isOther = item.thought !== undefined && item.thought.source !== thoughtSource(own)
    return [
      ...opening,
      ...block.more(isOther ? '' : block.rest(text)),
      ...block.cite(citations.slice(block.cited)),
      ...(proof === undefined ? [] : [{ kind: 'prove' as const, ...block.at, proof }]),
      { kind: 'close', ...block.at, ...given({ own }) },
    ]
  }
}

interface OpenItem {
  readonly type: string | undefined
  /** By the part of the message, or `WHOLE_ITEM`. */
  readonly blocks: Map<number, OpenBlock>
  thought?: { readonly source: 'summary' | 'content'; at: number }
}

interface Begun {
  readonly block: OpenBlock
  readonly opening: readonly Part[]
}

/** A block of which something has been told. */
class OpenBlock {
  readonly at: { readonly choice: 0; readonly block: number }
  /** Citations that have gone out. */
  cited = 0
  /** Its text that has gone out. */
  #said = ''

  constructor(number: number) {
    this.at = { choice: 0, block: number }
  }

  /** What of the whole text has not come in pieces. A text that does not go on from them is not put behind them. */
  rest(text: string): string {
    return text.startsWith(this.#said) ? text.slice(this.#said.length) : ''
  }

  more(text: string): readonly Part[] {
    if (text === '') return []
    this.#said += text
    return [{ kind: 'delta', ...this.at, text }]
  }

  cite(citations: readonly Citation[]): readonly Part[] {
    this.cited += citations.length
    return citations.map((citation) => ({ kind: 'cite', ...this.at, citation }))
  }
}

/** Answers have some dozens of either; only a broken vendor has more. */
const ITEMS_MAX = 10_000
const PARTS_MAX = 1_000

/** What can be told of an item that has only begun. */
function earlyContent(json: JsonObject): PartContent | undefined {
  const [type, id, name] = [json['type'], asText(json['call_id']), asText(json['name'])]
  if (type === 'reasoning') return { kind: 'reasoning', ...given({ id: asText(json['id']) }) }
  if (id === undefined || name === undefined || name === '') return undefined
  if (type === 'function_call') return { kind: 'call', id, name, input: 'function' }
  return type === 'custom_tool_call' ? { kind: 'call', id, name, input: 'custom' } : undefined
}

const closed = ({ blocks }: OpenItem): readonly Part[] =>
  [...blocks.values()].map(({ at }) => ({ kind: 'close', ...at }))
