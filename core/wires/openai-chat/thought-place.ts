import type { Block, ReasoningBlock } from '../../chat.ts'
import { WIRE, speltValue } from './kept.ts'

/**
 * A message of this wire keeps thoughts, text and calls apart, but a vendor that signs its thoughts wants them back where they stood
 * (wire-formats 1.8, trap 9). So the number of a thought in the `reasoning_details` that we write for other wires' thoughts says how many pieces of the
 * message stand before it. Texts are one piece wherever they stand, because the message has one text; so are refusals.
 */
export class Pieces {
  #count = 0
  readonly #joined = new Set<PieceKind>()

  /** How many there are so far: the number of a thought that comes now. */
  get count(): number {
    return this.#count
  }

  add(kind: PieceKind): void {
    if (this.#joined.has(kind)) return
    if (kind === 'text' || kind === 'refusal') this.#joined.add(kind)
    this.#count++
  }
}

export type PieceKind = 'text' | 'refusal' | 'call' | 'reasoning'

/** The blocks of a message that a client gives back, its thoughts where their numbers say. Numbers of other gateways count thoughts only, which come first. */
export function inPlace(thoughts: readonly ReasoningBlock[], others: readonly Block[]): readonly Block[] {
  if (!thoughts.some(({ proof }) => proof !== undefined && proof.wire !== WIRE)) return [...thoughts, ...others]
  const blocks: Block[] = []
  let at = 0
  let pieces = 0
  for (const thought of thoughts) {
    const place = Number(speltValue(thought.own, 'index') ?? 0)
    for (; pieces < place && at < others.length; pieces++) {
      const end = endOfPiece(others, at)
      blocks.push(...others.slice(at, end))
      at = end
    }
    blocks.push(thought)
    pieces++
  }
  return [...blocks, ...others.slice(at)]
}

/** A client may have cut the text into several parts. */
function endOfPiece(blocks: readonly Block[], at: number): number {
  let end = at + 1
  while (blocks[at]?.kind === 'text' && blocks[end]?.kind === 'text') end++
  return end
}
