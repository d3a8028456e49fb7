import { randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { localDisk } from './journal-disk.ts'
import { KEK_BYTES } from './keks.ts'

/**
 * Makes the file with the first key-encryption key, for the owner only, and on the disk before it resolves: a secret that is sealed with a lost
 * key is lost. Rejects when there is a file already (`EEXIST`), and leaves none behind when it fails.
 */
export async function makeKekFile(path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(`${newId()}:${randomBytes(KEK_BYTES).toString('base64')}\n`)
    await file.sync()
    await file.close()
    await localDisk.syncFolder(dirname(path))
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(path, { force: true })
    throw error
  }
}

/** Random, so that two installations never call different keys by one name. */
const newId = (): string => `kek_${randomBytes(4).toString('hex')}`
