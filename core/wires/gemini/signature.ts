import { binaryOf } from '../../base64.ts'
import type { Proof } from '../../chat.ts'
import type { Fields } from '../../fields.ts'
import { PROOF_MARK_BASE64, UNSIGNED, unwrapProof, wrapProof } from '../../proof.ts'
import { WIRE } from './kept.ts'

/** The signature of a part that a client sent: Gemini's own, or a foreign one in our wrapping. */
export function readSignature(part: Fields): Proof | undefined {
  const text = part.text('thoughtSignature')
  if (text === undefined) return undefined
  const wrapped = unpacked(text)
  if (wrapped === undefined) return { wire: WIRE, account: null, data: text }
  if (wrapped === UNSIGNED) return undefined
  return unwrapProof(wrapped.endsWith(HIDDEN) ? wrapped.slice(0, -HIDDEN.length) : wrapped, WIRE)
}

/** Whether the signature is that of a thought which its vendor hides altogether. */
export const hidesThought = (part: Fields): boolean => wrappedIn(part)?.endsWith(HIDDEN) === true

/** Whether the part is a call of another vendor, who had signed nothing. */
export const isOfAnother = (part: Fields): boolean => wrappedIn(part) === UNSIGNED

/** A proof as a client of this wire carries it; this wire has no word for a hidden thought, so our wrapping says it. */
export function signatureOf(proof: Proof, isRedacted: boolean): string {
  if (proof.wire === WIRE) return proof.data
  return btoa(isRedacted ? wrapProof(proof) + HIDDEN : wrapProof(proof))
}

/**
 * Stands at calls that their vendor did not sign. The newest models refuse a call without a signature, so a conversation that moves to
 * one of them must be read, and not passed on as it is.
 */
export const UNSIGNED_CALL = btoa(UNSIGNED)

/** What the vendor takes for a call that never had a signature (its documentation on thought signatures). */
export const NEVER_SIGNED = 'skip_thought_signature_validator'

const HIDDEN = '.redacted'

function wrappedIn(part: Fields): string | undefined {
  const text = part.json['thoughtSignature']
  return typeof text === 'string' ? unpacked(text) : undefined
}

/** Our wrapping out of the field, which is one of bytes: SDKs decode it and write it again, some in the other alphabet of base64. */
function unpacked(text: string): string | undefined {
  return text.startsWith(PROOF_MARK_BASE64) ? binaryOf(text) : undefined
}
