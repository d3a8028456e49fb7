import { createSecretKey, type KeyObject } from 'node:crypto'
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { isKekId } from '../../core/sealed.ts'
import { codeOf } from './error-code.ts'

/** A key-encryption key. Node shows nothing of a `KeyObject` when it is printed. */
export interface Kek {
  readonly id: string
  readonly key: KeyObject
}

/** Newest first: that one seals, the others only open what they sealed. */
export type Keks = readonly [Kek, ...Kek[]]

/** Where they are: the path of a file, or the text of an environment variable. */
export type KekSource =
  | { readonly file: string; readonly environment?: never }
  | { readonly environment: string; readonly file?: never }

export const KEK_BYTES = 32

/**
 * Reads key-encryption keys: lines of `id:base64 of 32 bytes`, newest first. Rejects with a sentence that names the file and the line, never what
 * stands there; also for a file that others may read.
 */
export async function readKeks(source: KekSource): Promise<Keks> {
  if (source.file === undefined) return keksOf(source.environment, 'the environment variable with key-encryption keys')
  const where = `the file of key-encryption keys ${source.file}`
  return keksOf(await closedFile(source.file, where), where)
}

function keksOf(text: string, where: string): Keks {
  const keks = text.split('\n').flatMap((line, index) => {
    const entry = line.trim()
    return entry === '' ? [] : [kekOf(entry, `${where}, line ${index + 1}`)]
  })
  const [newest, ...older] = keks
  if (newest === undefined) throw new Error(`${where} holds no key`)
  if (new Set(keks.map(({ id }) => id)).size < keks.length) throw new Error(`${where} has two keys with the same id`)
  return [newest, ...older]
}

function kekOf(entry: string, where: string): Kek {
  const colon = entry.indexOf(':')
  const [id, base64] = [entry.slice(0, colon), entry.slice(colon + 1)]
  if (colon < 0 || !isKekId(id)) {
    throw new Error(`${where} must be 'id:key'; an id has 1 to 32 letters, digits, dashes and underscores`)
  }
  const bytes = Buffer.from(base64, 'base64')
  // Node skips what is no base64, which would make a key of a damaged text.
  if (bytes.length !== KEK_BYTES || bytes.toString('base64') !== base64) {
    throw new Error(`${where} must have ${KEK_BYTES} bytes in base64 behind the colon`)
  }
  if (bytes.every((byte) => byte === bytes[0])) throw new Error(`${where} is a placeholder, not a random key`)
  return { id, key: createSecretKey(bytes) }
}

/** The text of a file that is closed to others, looked at by the handle that is read. */
async function closedFile(path: string, where: string): Promise<string> {
  // Without O_NONBLOCK, opening a pipe waits for whoever writes into it.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    throw new Error(`${where} cannot be read (${codeOf(error)})`)
  })
  try {
    const found = await file.stat()
    if (!found.isFile()) throw new Error(`${where} is not a file`)
    if (found.size > FILE_BYTES_MAX) throw new Error(`${where} is larger than ${FILE_BYTES_MAX} bytes`)
    if (isOpenToOthers(found)) throw new Error(`${where} may be read by others; close it (chmod 600)`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/** The rule of PostgreSQL for its own keys: a group may read what belongs to root, because so orchestrators hand a secret to an unprivileged process. */
const isOpenToOthers = ({ mode, uid }: { readonly mode: number; readonly uid: number }): boolean =>
  process.getuid !== undefined && (mode & (uid === 0 ? 0o037 : 0o077)) !== 0

const FILE_BYTES_MAX = 65_536
