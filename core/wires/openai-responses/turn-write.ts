import type { Block, ForeignBlock, Own, ReasoningBlock, ResultBlock, Turn } from '../../chat.ts'
import { asObject, type JsonObject } from '../../json.ts'
import { isSpelt } from '../../own.ts'
import { loseFeature } from './features.ts'
import { writeCall, writeMessage, writePicture, writeResult, writeThought } from './items-write.ts'
import { type PartBlock, writePart } from './parts-write.ts'
import { WIRE } from './spelling.ts'
import type { Writing } from './writing.ts'

/** The items of one turn. */
export function turnItems(turn: Turn, writing: Writing): readonly JsonObject[] {
  const items = new TurnItems(turn, writing)
  for (const block of writing.home ? turn.blocks : resultsFirst(turn.blocks)) items.add(block)
  return items.done()
}

/** Answers of tools come before what the user says to them, on every wire. */
const resultsFirst = (blocks: readonly Block[]): readonly Block[] => [
  ...blocks.filter(({ kind }) => kind === 'result'),
  ...blocks.filter(({ kind }) => kind !== 'result'),
]

class TurnItems {
  readonly #turn: Turn
  readonly #writing: Writing
  readonly #items: JsonObject[] = []
  #message: { readonly own: Own | undefined; readonly parts: JsonObject[] } | undefined
  /** Pictures out of the answers of tools, for a vendor that does not look for them there. */
  readonly #moved: JsonObject[] = []
  /** A thought had to be left out: what follows it loses its id, by which the vendor would miss it. */
  #isUnlinked = false

  constructor(turn: Turn, writing: Writing) {
    this.#turn = turn
    this.#writing = writing
    if (turn.name !== undefined) loseFeature('turn.name', writing.losses)
    if (writing.home && turn.blocks.length === 0) this.#message = { own: turn.own, parts: [] }
  }

  add(block: Block): void {
    if (block.proof !== undefined && block.kind !== 'reasoning') this.#loseProof('only thoughts carry a proof')
    switch (block.kind) {
      case 'call':
        return this.#addItem(writeCall(block, this.#writing))
      case 'result':
        return this.#addResult(block)
      case 'reasoning':
        return this.#addThought(block)
      case 'foreign':
        return this.#addForeign(block)
      case 'image':
        if (this.#writing.home && isSpelt(block.own, WIRE, 'item')) return this.#addItem(writePicture(block))
        return this.#addPart(block)
      case 'text':
      case 'refusal':
      case 'audio':
      case 'video':
      case 'file':
        return this.#addPart(block)
    }
  }

  done(): readonly JsonObject[] {
    this.#closeMessage()
    if (this.#moved.length > 0) this.#push(writeMessage('user', { own: undefined, parts: this.#moved, home: false }))
    if (this.#writing.home) return this.#items
    // The vendor refuses a thought that nothing follows.
    const end = this.#items.findLastIndex(({ type }) => type !== 'reasoning') + 1
    if (end < this.#items.length) this.#loseProof('nothing follows the thought')
    return this.#items.slice(0, end)
  }

  #addPart(block: PartBlock): void {
    const part = writePart(block, this.#turn.role, this.#writing)
    if (part !== undefined) this.#messageOf(block).push(part)
  }

  /** The parts of the message that is open, or of the one that begins with `block`. */
  #messageOf(block: Block): JsonObject[] {
    const open = this.#message
    if (open !== undefined && !isSpelt(block.own, WIRE, 'message')) return open.parts
    this.#closeMessage()
    const parts: JsonObject[] = []
    this.#message = { own: block.own, parts }
    return parts
  }

  #closeMessage(): void {
    const message = this.#message
    this.#message = undefined
    if (message !== undefined) this.#push(writeMessage(this.#turn.role, { ...message, home: this.#writing.home }))
  }

  #addItem(item: JsonObject): void {
    this.#closeMessage()
    this.#push(item)
  }

  #push(item: JsonObject): void {
    const { id: _, ...unnamed } = item
    this.#items.push(this.#isUnlinked ? unnamed : item)
  }

  #addResult(block: ResultBlock): void {
    const { item, moved } = writeResult(block, this.#writing)
    this.#addItem(item)
    this.#moved.push(...moved)
  }

  #addThought(block: ReasoningBlock): void {
    this.#closeMessage()
    const item = writeThought(block, this.#writing)
    if (item === undefined) this.#isUnlinked = true
    else this.#push(item)
  }

  #addForeign(block: ForeignBlock): void {
    if (block.wire !== WIRE) {
      this.#writing.losses.addForeign(block.type)
      return
    }
    const json = asObject(block.json) ?? {}
    if (isSpelt(block.own, WIRE, 'part')) this.#messageOf(block).push(json)
    else this.#addItem(json)
  }

  #loseProof(why: string): void {
    this.#writing.losses.add({ field: 'reasoning.proof', what: 'dropped', why })
  }
}
