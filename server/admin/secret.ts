import { ID_BYTES, type KeyKind, makeId, makeKey, SECRET_BYTES } from '../../core/key.ts'
import { secretHash } from '../world/secret-hash.ts'

/** A secret that was just made: the only moment at which its text exists here. */
export interface NewSecret {
  readonly id: string
  readonly text: string
  readonly hash: string
}

/** Gives this many bytes that nobody can guess. */
export type Random = (bytes: number) => Uint8Array

/** A new secret, with a new id or, when a key is rotated, with the id that it keeps. */
export function newSecret(kind: KeyKind, random: Random, id = newId(random)): NewSecret {
  const text = makeKey({ kind, id }, random(SECRET_BYTES))
  return { id, text, hash: secretHash(text) }
}

/** A new public id, for what has no secret of its own. */
export const newId = (random: Random): string => makeId(random(ID_BYTES))
