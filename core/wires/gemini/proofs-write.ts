import type { Block, Proof } from '../../chat.ts'
import { isSpelt } from '../../own.ts'
import { isProofOf } from '../../proof.ts'
import { WIRE } from './kept.ts'
import { OF_ANOTHER } from './parts-read.ts'
import { NEVER_SIGNED } from './signature.ts'
import type { Writing } from './writing.ts'

/** A block that is sent, and the signature that stands in its part. */
export interface Signed {
  readonly block: Block
  readonly signature?: string
}

/**
 * The blocks of one turn of the model with their signatures, for a conversation in which other wires had a hand. They keep a signature with
 * the thought; the vendor wants it back where it had put it: on the first call, or else on the last text (wire-formats 1.3).
 */
export function signedBlocks(blocks: readonly Block[], writing: Writing): readonly Signed[] {
  const result: Signed[] = []
  let from = 0
  let loose: string | undefined
  const settle = () => {
    if (loose !== undefined) settled(result, from, loose)
    loose = undefined
    from = result.length
  }
  for (const block of blocks) {
    const signature = ownSignature(block.proof, writing)
    if (block.kind !== 'reasoning') {
      result.push(signature === undefined ? { block } : { block, signature })
      continue
    }
    if (signature !== undefined) {
      settle()
      loose = signature
    } else if (block.proof === undefined && block.text !== '') {
      writing.losses.add({
        field: 'reasoning.text',
        what: 'dropped',
        why: 'a thought without its signature is not taken back',
      })
    }
    if (signature !== undefined && block.text !== '') result.push({ block })
  }
  settle()
  return neverSigned(result, writing)
}

/**
 * At home each block keeps what it came with. Only where another vendor has answered in between (its proofs cannot go back, or its calls are
 * marked as not signed) is a call told from one whose signature was lost.
 */
export function signedAtHome(blocks: readonly Block[], writing: Writing): readonly Signed[] {
  const isForeign = ({ proof }: Block) => proof !== undefined && !isOurs(proof, writing)
  const isOfAnother = (block: Block) => isForeign(block) || isSpelt(block.own, WIRE, OF_ANOTHER)
  if (!blocks.some(isOfAnother)) return blocks.map((block) => withSignature(block, block.proof?.data))
  const kept = blocks.filter((block) => block.kind !== 'reasoning' || !isForeign(block))
  if (blocks.some(isForeign)) writing.losses.add(FOREIGN_PROOF)
  return neverSigned(
    kept.map((block) => withSignature(block, isForeign(block) ? undefined : block.proof?.data)),
    writing,
  )
}

const FOREIGN_PROOF = {
  field: 'reasoning.proof',
  what: 'dropped',
  why: 'it belongs to another vendor or account',
} as const

const withSignature = (block: Block, signature: string | undefined): Signed =>
  signature === undefined ? { block } : { block, signature }

const isOurs = (proof: Proof, { target }: Writing): boolean => isProofOf(proof, { wire: WIRE, account: target.account })

function ownSignature(proof: Proof | undefined, writing: Writing): string | undefined {
  if (proof === undefined) return undefined
  if (isOurs(proof, writing)) return proof.data
  writing.losses.add(FOREIGN_PROOF)
  return undefined
}

/** Puts a thought's signature on one of the blocks behind it, or behind all of them where none is free. */
function settled(blocks: Signed[], from: number, signature: string): void {
  const isFree = ({ block, signature: own }: Signed, kind: Block['kind']) => block.kind === kind && own === undefined
  const call = blocks.findIndex((signed, index) => index >= from && isFree(signed, 'call'))
  const at = call >= 0 ? call : blocks.findLastIndex((signed, index) => index >= from && isFree(signed, 'text'))
  const target = blocks[at]
  if (target === undefined) blocks.push({ block: { kind: 'text', text: '' }, signature })
  else blocks[at] = { ...target, signature }
}

/** Newer models refuse a step whose first call has no signature; for one that never had any the vendor documents a word. */
function neverSigned(blocks: readonly Signed[], { target }: Writing): readonly Signed[] {
  if (target.dialect.reasoning === 'budget') return blocks
  const first = blocks.findIndex(({ block }) => block.kind === 'call')
  return blocks.map((signed, index) =>
    index === first && signed.signature === undefined ? { ...signed, signature: NEVER_SIGNED } : signed,
  )
}
