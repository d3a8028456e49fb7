import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Every file below a folder by its path, byte for byte as text: for whoever looks for what must not be there. */
export async function folderTexts(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  // Small files of a database come and go while they are read.
  const read = async (file: string) => [file, await readFile(file, 'latin1').catch(() => '')] as const
  return Object.fromEntries(await Promise.all(files.map(read)))
}
