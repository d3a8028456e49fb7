import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type AppliedPrices, type PriceFile, type PriceFileReading, readPriceFile } from '../../core/price-file.ts'
import { readBounded } from '../config/bounded-file.ts'

/** Where in the data folder prices are kept: `<kind>.json` for what `sekisho prices update` took over from each vendor. */
export const PRICES_FOLDER = 'prices'

/** What was taken over, as far as it can be read. */
export interface StoredPrices {
  readonly prices: AppliedPrices
  /** One sentence for each file that is broken, with its name. */
  readonly faults: readonly string[]
  readonly files: ReadonlyMap<string, AppliedPrices>
}

export const NO_STORED_PRICES: StoredPrices = { prices: new Map(), faults: [], files: new Map() }

/** Reads what was taken over. Of a file that is broken now the prices are those of `before`. Never throws. */
export async function readStoredPrices(dataDir: string, before: StoredPrices): Promise<StoredPrices> {
  const folder = join(dataDir, PRICES_FOLDER)
  const files = new Map<string, AppliedPrices>()
  const faults: string[] = []
  for (const name of await namesIn(folder)) {
    const read = await readStoredFile(join(folder, name))
    switch (read.kind) {
      case 'read':
        files.set(name, read.prices)
        break
      case 'refused':
        faults.push(`${join(PRICES_FOLDER, name)} is broken: ${read.faults[0]}`)
        files.set(name, before.files.get(name) ?? new Map())
        break
      case 'absent':
        break
    }
  }
  return { prices: new Map([...files.values()].flatMap((prices) => [...prices])), faults, files }
}

/** A price file as it lies there, with all that is wrong with it. */
export async function readStoredFile(path: string): Promise<PriceFileReading | { readonly kind: 'absent' }> {
  const found = await readBounded(path, PRICE_FILE_BYTES_MAX)
  switch (found.kind) {
    case 'absent':
      return found
    case 'unreadable':
      return { kind: 'refused', faults: [found.message] }
    case 'bytes':
      return readPriceFile(parsed(found.bytes), {})
  }
}

/** Where what was taken over from a vendor lies. */
export const storedPath = (dataDir: string, provider: string): string =>
  join(dataDir, PRICES_FOLDER, `${provider}.json`)

/** Puts the file in the place of the one before it, whole or not at all. */
export async function writeStoredFile(dataDir: string, file: PriceFile): Promise<void> {
  await mkdir(join(dataDir, PRICES_FOLDER), { recursive: true, mode: 0o700 })
  const path = storedPath(dataDir, file.provider)
  const beside = `${path}.${randomUUID()}.new`
  try {
    const handle = await open(beside, 'wx', 0o600)
    try {
      await handle.writeFile(`${JSON.stringify(file, null, 2)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, path)
  } finally {
    await rm(beside, { force: true })
  }
}

/** No vendor's list comes near. */
export const PRICE_FILE_BYTES_MAX = 16_777_216

/** What is no JSON at all is nothing that the schema takes. */
export function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.json')).toSorted()
  } catch {
    // Nothing was ever taken over.
    return []
  }
}
