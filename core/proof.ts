import { binaryOf } from './base64.ts'
import type { Proof, WireId } from './chat.ts'

/**
 * A foreign proof as it travels through a client that knows only its own wire's field for such things. The text says who issued it,
 * so that it comes back to nobody else; it is not secret from the client, who could read it in the vendor's own wire as well. Letters of base64url
 * and full stops only, because some clients check.
 */
export const wrapProof = ({ wire, account, data }: Proof): string =>
  [MARK, wire, encode(account ?? ''), encode(data)].join('.')

/** A proof as a client of `wire` gets it: one of that wire as it is, any other in its wrapping. */
export const proofFor = (proof: Proof, wire: WireId): string => (proof.wire === wire ? proof.data : wrapProof(proof))

/** What a client sent where a proof may stand: a foreign one in our wrapping, or one of the wire's own. A wrapping that is not exactly as it was issued is nobody's. */
export function unwrapProof(text: string, wire: WireId): Proof {
  if (!text.startsWith(PROOF_MARK)) return { wire, account: null, data: text }
  const [, issuer, account = '', data = ''] = text.split('.')
  const known = WIRES.find((id) => id === issuer)
  if (known === undefined) return { wire, account: NOBODY, data: text }
  const proof = { wire: known, account: decode(account) || null, data: decode(data) }
  return wrapProof(proof) === text ? proof : { wire, account: NOBODY, data: text }
}

/** What a body contains that holds a wrapped proof: such a body must be read, whatever its wire. */
export const PROOF_MARK = 'sekisho-proof-1.'

/** The same where the wrapping itself had to be base64, because a wire's field is of bytes: its first fifteen letters. */
export const PROOF_MARK_BASE64 = btoa(PROOF_MARK.slice(0, 15))

/** Stands where a proof would, of a thought or call that its vendor did not sign: by it that is known again, and goes to no vendor that wants its own. */
export const UNSIGNED = `${PROOF_MARK}openai-chat..`

/** Whether a writer of `wire` may give `proof` back to `account`. */
export const isProofOf = (
  proof: Proof,
  { wire, account }: { readonly wire: WireId; readonly account: string },
): boolean => proof.wire === wire && (proof.account === null || proof.account === account)

const MARK = PROOF_MARK.slice(0, -1)
/** No account is called so: what carries our mark and was cut or changed would be a forged signature at any vendor. */
const NOBODY = ''
const WIRES: readonly WireId[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini']

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Proofs are long and nearly always base64 themselves: their letters are their bytes. */
const ASCII = /^[\x20-\x7e]*$/

function encode(text: string): string {
  const bytes = ASCII.test(text) ? text : Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join('')
  return btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Something that only looks like ours decodes to nothing, and is then not what was issued. */
function decode(text: string): string {
  const bytes = binaryOf(text) ?? ''
  return ASCII.test(bytes) ? bytes : decoder.decode(Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)))
}
