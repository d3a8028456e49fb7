import { createSecretKey, randomBytes } from 'node:crypto'
import { type Bound, boundText, readSealed, type Sealed, wrapText, writeSealed } from '../../core/sealed.ts'
import { decrypt, encrypt, type Encrypted, NONCE_BYTES } from './aes-gcm.ts'
import type { Kek, Keks } from './keks.ts'

/**
 * A secret that cannot be opened. The message and `reason` say which of the two it is and nothing of the secret: either the key that
 * wrapped it is not here (bring it back), or something is not what it was (row, address, text, or another key under the same id).
 */
export class SealBroken extends Error {
  readonly reason: 'unknown_key' | 'not_authentic'

  constructor(reason: SealBroken['reason'], kekId?: string) {
    super(
      reason === 'unknown_key'
        ? `the secret was sealed with the key-encryption key '${kekId}', which is not here`
        : 'the secret is not authentic: it, what it belongs to, or the key-encryption key was changed',
    )
    this.name = 'SealBroken'
    this.reason = reason
  }
}

/**
 * Encrypts `secret` by a data key of its own, which the newest KEK wraps; both AES-256-GCM. Only for exactly the same `bound` does it open
 * again. Throws for a text that is longer than 64 KiB or no Unicode, and for an origin that is no address.
 */
export function sealSecret(secret: string, bound: Bound, keys: Keks): string {
  // UTF-8 would put a replacement for half a character, and another secret would come back.
  if (!secret.isWellFormed()) throw new TypeError('a secret must be text')
  const plain = Buffer.from(secret)
  if (plain.length > SECRET_BYTES_MAX) throw new RangeError(`a secret has at most ${SECRET_BYTES_MAX} bytes`)
  const { kekId, wrapped, nonce, ciphertext } = sealBytes(plain, boundText(bound), keys)
  return writeSealed({
    kekId,
    wrapped,
    nonce: nonce.toString('base64url'),
    ciphertext: ciphertext.toString('base64url'),
  })
}

/** The secret again. Throws `SealBroken`. */
export function openSecret(text: string, bound: Bound, keys: Keks): string {
  const sealed = sealedOf(text)
  const { kekId, wrapped } = sealed
  const parts = { kekId, wrapped, nonce: bytesOf(sealed.nonce), ciphertext: bytesOf(sealed.ciphertext) }
  return openBytes(parts, boundText(bound), keys).toString('utf8')
}

/**
 * The same secret with its data key wrapped by the newest KEK, while everything goes on; `undefined` when it is already. The secret itself is
 * not decrypted, and its ciphertext stays as it is, so a ciphertext that was moved does not become right by this. Throws `SealBroken`.
 */
export function rewrap(text: string, keys: Keks): string | undefined {
  const sealed = sealedOf(text)
  const [newest] = keys
  if (sealed.kekId === newest.id) return undefined
  return writeSealed({ ...sealed, kekId: newest.id, wrapped: wrap(unwrap(sealed, keys), newest) })
}

/** Sealed bytes in the parts that a table has columns for. Nothing here is secret. */
export interface SealedBytes extends Encrypted {
  readonly kekId: string
  /** The data key, encrypted by that KEK, in base64url. */
  readonly wrapped: string
}

/** What `sealSecret` does with a text, for bytes of any length and for whatever `associated` says that they belong to. */
export function sealBytes(plain: Uint8Array, associated: string, keys: Keks): SealedBytes {
  const dataKey = randomBytes(DATA_KEY_BYTES)
  const [newest] = keys
  return {
    kekId: newest.id,
    wrapped: wrap(dataKey, newest),
    ...encrypt(plain, { key: createSecretKey(dataKey), associated }),
  }
}

/** The bytes again. Throws `SealBroken`. */
export function openBytes({ kekId, wrapped, nonce, ciphertext }: SealedBytes, associated: string, keys: Keks): Buffer {
  const plain = decrypt({ nonce, ciphertext }, { key: createSecretKey(unwrap({ kekId, wrapped }, keys)), associated })
  if (plain === undefined) throw new SealBroken('not_authentic')
  return plain
}

const DATA_KEY_BYTES = 32
const SECRET_BYTES_MAX = 65_536

function wrap(dataKey: Uint8Array, { id, key }: Kek): string {
  const { nonce, ciphertext } = encrypt(dataKey, { key, associated: wrapText(id) })
  return Buffer.concat([nonce, ciphertext]).toString('base64url')
}

function unwrap({ kekId, wrapped }: Pick<Sealed, 'kekId' | 'wrapped'>, keys: Keks): Buffer {
  const kek = keys.find(({ id }) => id === kekId)
  if (kek === undefined) throw new SealBroken('unknown_key', kekId)
  const bytes = bytesOf(wrapped)
  const parts = { nonce: bytes.subarray(0, NONCE_BYTES), ciphertext: bytes.subarray(NONCE_BYTES) }
  const dataKey = decrypt(parts, { key: kek.key, associated: wrapText(kekId) })
  if (dataKey === undefined) throw new SealBroken('not_authentic')
  return dataKey
}

function sealedOf(text: string): Sealed {
  const sealed = readSealed(text)
  if (sealed === undefined) throw new SealBroken('not_authentic')
  return sealed
}

/** Its last letter may hold bits that no byte takes: a text in which they are set is not the one that was written. */
function bytesOf(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url')
  if (bytes.toString('base64url') !== base64url) throw new SealBroken('not_authentic')
  return bytes
}
