import type { Proof } from '../../chat.ts'
import type { Fields } from '../../fields.ts'
import { unwrapProof, wrapProof } from '../../proof.ts'

/** The signature of a part that a client sent: Gemini's own, or a foreign one in our wrapping. */
export function readSignature(part: Fields): Proof | undefined {
  const text = part.text('thoughtSignature')
  return text === undefined ? undefined : unwrapProof(isHidden(text) ? text.slice(0, -HIDDEN.length) : text, 'gemini')
}

/** Whether the signature is that of a thought which its vendor hides altogether. */
export const hidesThought = (part: Fields): boolean => {
  const text = part.json['thoughtSignature']
  return typeof text === 'string' && isHidden(text)
}

/** A proof as a client of this wire carries it; this wire has no word for a hidden thought, so our wrapping says it. */
export function signatureOf(proof: Proof, isRedacted: boolean): string {
  if (proof.wire === 'gemini') return proof.data
  return isRedacted ? wrapProof(proof) + HIDDEN : wrapProof(proof)
}

/** What the vendor takes for a call that never had a signature (its documentation on thought signatures). */
export const NEVER_SIGNED = 'skip_thought_signature_validator'

const HIDDEN = '.redacted'

/** Only behind our own wrapping: a signature of the vendor is base64. */
const isHidden = (text: string): boolean => text.endsWith(HIDDEN)
