/**
 * A secret at rest, as text: `v1.<kek id>.<wrapped key>.<nonce>.<ciphertext>`, the last three in base64url. It says which key-encryption
 * key (KEK) wrapped its data key, so that several may be in use while secrets are wrapped again. Nothing here is secret.
 */
export interface Sealed {
  readonly kekId: string
  /** The data key of this one secret, encrypted by the KEK: nonce, ciphertext and tag together. */
  readonly wrapped: string
  readonly nonce: string
  /** Ciphertext and tag. */
  readonly ciphertext: string
}

/** What a secret belongs to. It opens for nothing else. */
export interface Bound {
  /** Which kind of row it stands in: `credential`. */
  readonly kind: string
  /** Which row. */
  readonly id: string
  /**
   * Where it may be sent: an http or https address, of which scheme, host and port count. Whoever changes an address must bring the
   * secret again, or it would be sent to wherever somebody pointed it (CVE-2026-41487).
   */
  readonly origin: string
}

/** The parts of a sealed text, or `undefined` when it has not its form. Says nothing about whether it can be opened. */
export function readSealed(text: string): Sealed | undefined {
  const [, kekId, wrapped, nonce, ciphertext] = FORM.exec(text) ?? []
  if (kekId === undefined || wrapped === undefined || nonce === undefined || ciphertext === undefined) return undefined
  return { kekId, wrapped, nonce, ciphertext }
}

/** The inverse of `readSealed`. */
export const writeSealed = ({ kekId, wrapped, nonce, ciphertext }: Sealed): string =>
  [VERSION, kekId, wrapped, nonce, ciphertext].join('.')

/** Whether a key-encryption key may be called so. Shorter than any key in base64, so that a key in the wrong place is never taken for an id. */
export const isKekId = (text: string): boolean => KEK_ID.test(text)

/** What the encryption of a secret is tied to. A list in JSON, so that no two different bounds give the same text. Throws for an address that is none. */
export const boundText = ({ kind, id, origin }: Bound): string =>
  JSON.stringify(['sekisho', VERSION, 'secret', kind, id, originOf(origin)])

/** The same for a wrapped data key: the id of the KEK cannot be changed either. */
export const wrapText = (kekId: string): string => JSON.stringify(['sekisho', VERSION, 'data key', kekId])

const VERSION = 'v1'
const FORM = /^v1\.([\w-]{1,32})\.([\w-]{80})\.([\w-]{16})\.([\w-]{22,100000})$/
const KEK_ID = /^[\w-]{1,32}$/
const PORTS: { readonly [scheme: string]: string } = { 'http:': '80', 'https:': '443' }

/** `https://api.example.com:443`, however the address was spelt. */
function originOf(address: string): string {
  const { protocol, hostname, port } = URL.parse(address) ?? {}
  const usual = PORTS[protocol ?? '']
  // The address is not repeated: it may carry a password.
  if (usual === undefined) throw new TypeError('a secret is bound to an http or https address')
  return `${protocol}//${hostname}:${port || usual}`
}
