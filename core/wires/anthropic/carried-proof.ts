import type { Block, Proof } from '../../chat.ts'
import type { JsonObject } from '../../json.ts'
import { proofFor, unwrapProof, wrapProof } from '../../proof.ts'
import { WIRE } from './kept.ts'

/**
 * Some vendors sign calls and texts; this wire signs thoughts only. Such a proof travels to the client in a `redacted_thinking` block of
 * its own, which every client of this wire gives back unread, right before the block that it belongs to or, where that had begun
 * before the proof came, right behind it.
 */
export const carrier = (proof: Proof, place: Place): JsonObject => ({
  type: 'redacted_thinking',
  data: `${wrapProof(proof)}.${place}`,
})

/** `ahead`: it belongs to the next block. `behind`: to the one before. Clients drop a thought that stands last, so `ahead` is the rule. */
export type Place = 'ahead' | 'behind'

/** A proof as a client of this wire gets it. */
export const signatureFor = (proof: Proof): string => proofFor(proof, WIRE)

/** What a client sent as the data of a thought: `place` only where it carries the proof of another block. */
export function readProof(text: string): { readonly proof: Proof; readonly place?: Place } {
  const place = PLACES.find((word) => text.endsWith(`.${word}`))
  const proof = unwrapProof(place === undefined ? text : text.slice(0, -place.length - 1), WIRE)
  const isWrapped = place !== undefined && (proof.wire !== WIRE || proof.account !== null)
  return isWrapped ? { proof, place } : { proof: place === undefined ? proof : unwrapProof(text, WIRE) }
}

/** Blocks as they came, with each carried proof where it belongs. One that has lost its block stays a thought without words. */
export function withCarried(read: readonly ReadBlock[]): readonly Block[] {
  const blocks: Block[] = []
  let waiting: ReadBlock | undefined
  for (const one of read) {
    if (one.place === 'ahead') {
      if (waiting !== undefined) blocks.push(waiting.block)
      waiting = one
      continue
    }
    const last = blocks.at(-1)
    if (one.place === 'behind' && last !== undefined && takesProof(last)) {
      blocks.splice(-1, 1, proven(last, one.block))
      continue
    }
    const belongs = waiting !== undefined && one.place === undefined && takesProof(one.block)
    if (waiting !== undefined && !belongs) blocks.push(waiting.block)
    blocks.push(belongs && waiting !== undefined ? proven(one.block, waiting.block) : one.block)
    waiting = undefined
  }
  return waiting === undefined ? blocks : [...blocks, waiting.block]
}

/** A block as it came, and which block its proof belongs to where it only carries one. */
export interface ReadBlock {
  readonly block: Block
  readonly place?: Place
}

const PLACES: readonly Place[] = ['ahead', 'behind']

const takesProof = (block: Block): boolean =>
  (block.kind === 'call' || block.kind === 'text') && block.proof === undefined

const proven = (block: Block, { proof }: Block): Block => (proof === undefined ? block : { ...block, proof })
