import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { makeKekFile } from './kek-file.ts'
import { type Keks, readKeks } from './keks.ts'

/** Where the operator put the key-encryption keys; both absent: the data folder has them. */
export interface KekPlace {
  readonly dataDir: string
  /** `SEKISHO_KEK_FILE` */
  readonly file: string | undefined
  /** `SEKISHO_KEK` */
  readonly text: string | undefined
}

/** Key-encryption keys that cannot be used as they are; the message says what to do. */
export class KeksRefused extends Error {}

/** The key-encryption keys of this installation. The first start makes one in the data folder, where nobody brought any. Rejects with KeksRefused. */
export async function openKeks({ dataDir, file, text }: KekPlace): Promise<Keks> {
  if (file !== undefined && text !== undefined) throw new KeksRefused('Set SEKISHO_KEK_FILE or SEKISHO_KEK, not both.')
  try {
    if (text !== undefined) return await readKeks({ environment: text })
    if (file !== undefined) return await readKeks({ file })
    const path = join(dataDir, 'kek')
    if (!existsSync(path)) await makeKekFile(path)
    return await readKeks({ file: path })
  } catch (cause) {
    throw new KeksRefused(cause instanceof Error ? cause.message : 'the key-encryption keys cannot be read', { cause })
  }
}
