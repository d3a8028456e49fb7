import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'

/** AES-256-GCM with a random nonce of 96 bits: one key may encrypt 2^32 times before two nonces are likely enough to meet (NIST SP 800-38D, 8.3). */

export interface Encrypted {
  readonly nonce: Buffer
  /** With the tag at its end. */
  readonly ciphertext: Buffer
}

export interface GcmKey {
  /** 256 bits. */
  readonly key: KeyObject
  /** What the ciphertext is tied to without containing it. */
  readonly associated: string
}

export const NONCE_BYTES = 12

export function encrypt(plain: Uint8Array, { key, associated }: GcmKey): Encrypted {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(associated))
  return { nonce, ciphertext: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) }
}

/** `undefined` when a bit of anything is not as it was. */
export function decrypt({ nonce, ciphertext }: Encrypted, { key, associated }: GcmKey): Buffer | undefined {
  if (nonce.length !== NONCE_BYTES || ciphertext.length < TAG_BYTES) return undefined
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(associated))
  decipher.setAuthTag(ciphertext.subarray(-TAG_BYTES))
  const plain = decipher.update(ciphertext.subarray(0, -TAG_BYTES))
  try {
    return Buffer.concat([plain, decipher.final()])
  } catch {
    return undefined
  }
}

const ALGORITHM = 'aes-256-gcm'
/** A shorter tag would be accepted without being told, and is easier to forge. */
const TAG_BYTES = 16
