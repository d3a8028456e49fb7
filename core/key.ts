/**
 * The text of our own secrets: `<kind>_<id>_<secret>_<checksum>`, letters and digits only, so that a double click selects it whole.
 * The prefix tells scanners and people what they found, the id may be shown, the checksum lets a fake be discarded before
 * anything is asked. The checksum is an error filter and no protection: only the secret is secret.
 */

/** `sek`: a virtual key. `svc`: a service token of the admin API. `setup`: the one-time token of the first administrator. */
export type KeyKind = 'sek' | 'svc' | 'setup'

/** The public half of a secret. */
export interface KeyName {
  readonly kind: KeyKind
  /** 12 letters and digits: the only part that logs, lists and records may show. */
  readonly id: string
}

/** Random bytes that one secret takes: 16 for an id, 32 (256 bits) for the secret itself. */
export const ID_BYTES = 16
export const SECRET_BYTES = 32

/** A new id from `ID_BYTES` random bytes. More bits go in than come out, so every id is equally likely to within 2^-56. */
export const makeId = (random: Uint8Array): string => base62(wholeNumber(random) % 62n ** BigInt(ID_LENGTH), ID_LENGTH)

/** The whole text of a secret from `SECRET_BYTES` random bytes: every bit of them is in it. */
export function makeKey({ kind, id }: KeyName, random: Uint8Array): string {
  const signed = `${kind}_${id}_${base62(wholeNumber(random), SECRET_LENGTH)}`
  return `${signed}_${checksum(signed)}`
}

/** The kind and id of a well-formed secret, or `undefined`. Says nothing about whether it was ever given out. */
export function parseKey(text: string): KeyName | undefined {
  const parts = FORM.exec(text)
  const [, signed, kind, id, sum] = parts ?? []
  if (signed === undefined || id === undefined || !isKind(kind) || checksum(signed) !== sum) return undefined
  return { kind, id }
}

const ID_LENGTH = 12
/** 62^43 is the first power above 2^256. */
const SECRET_LENGTH = 43
const FORM = /^((sek|svc|setup)_([0-9A-Za-z]{12})_[0-9A-Za-z]{43})_([0-9A-Za-z]{6})$/
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const isKind = (text: string | undefined): text is KeyKind => text === 'sek' || text === 'svc' || text === 'setup'

const wholeNumber = (bytes: Uint8Array): bigint => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

/** Most significant digit first, filled up with zeros. */
function base62(value: bigint, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest /= 62n) text = DIGITS.charAt(Number(rest % 62n)) + text
  return text
}

/** CRC-32 as in ISO-HDLC (zip, PNG), which secret scanners know, in six digits. The text is ASCII. */
function checksum(text: string): string {
  let crc = 0xffff_ffff
  for (let at = 0; at < text.length; at++) {
    crc ^= text.charCodeAt(at)
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0)
  }
  return base62(BigInt(~crc >>> 0), 6)
}
