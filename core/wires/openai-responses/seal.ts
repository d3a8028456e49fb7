import type { Proof } from '../../chat.ts'
import { proofFor, UNSIGNED, unwrapProof } from '../../proof.ts'
import { WIRE } from './spelling.ts'

/**
 * A proof as `encrypted_content` of a reasoning item, the one field of this wire that clients give back whatever it holds. `redacted`: there
 * was never any text to it. `before`: it belongs to the item before it, because the vendor signs calls or text (Gemini's thought signatures).
 */
export interface ProofSeal {
  readonly proof: Proof
  readonly kind: 'reasoning' | 'redacted' | 'before'
}

/** `unsigned`: a thought that its vendor did not sign. Its item has a seal all the same, or a vendor of this wire would look for it among its own. */
export type Seal = ProofSeal | { readonly kind: 'unsigned' }

/** What the client gets. A proof of this wire goes out as it is: its own vendor must find it unchanged. */
export function sealed(seal: Seal): string {
  if (seal.kind === 'unsigned') return UNSIGNED
  const { proof, kind } = seal
  const text = proofFor(proof, WIRE)
  return kind === 'reasoning' || proof.wire === WIRE ? text : `${kind}.${text}`
}

/** What the client sent back. */
export function unsealed(text: string): Seal {
  if (text === UNSIGNED) return { kind: 'unsigned' }
  for (const kind of ['redacted', 'before'] as const) {
    if (!text.startsWith(`${kind}.`)) continue
    const proof = unwrapProof(text.slice(kind.length + 1), WIRE)
    if (proof.wire !== WIRE) return { proof, kind }
  }
  return { proof: unwrapProof(text, WIRE), kind: 'reasoning' }
}
