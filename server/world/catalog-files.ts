import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Catalog, readCatalog } from '../../core/catalog.ts'
import type { CapabilitiesFile, SourcesFile, VendorFile } from '../../core/catalog-file.ts'

/** The `catalog/` folder that came with the program. */
export const CATALOG_FOLDER = join(import.meta.dirname, '../../catalog')

const SOURCES = 'sources.json'
const CAPABILITIES = 'capabilities.json'

/**
 * Reads the model catalogue, once at start. It throws, with the file's name, when one is missing or no JSON, and with the model's
 * when its money is not exact.
 */
export function loadCatalog(folder: string): Catalog {
  const names = readdirSync(folder).filter(
    (name) => name.endsWith('.json') && name !== SOURCES && name !== CAPABILITIES,
  )
  // The files are part of the program and its tests hold each of them against core/catalog-file.ts: no second look at start.
  const sources = loadSources(folder)
  const vendors = names.toSorted().map((name) => parse(folder, name) as VendorFile) // the same
  const capabilities = parse(folder, CAPABILITIES) as CapabilitiesFile // the same
  return readCatalog(sources, vendors, capabilities)
}

/** What the rows of the catalogue name as their sources. */
export const loadSources = (folder: string): SourcesFile => parse(folder, SOURCES) as SourcesFile // the same

function parse(folder: string, name: string): unknown {
  const path = join(folder, name)
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Error(`${path} is no readable part of the catalogue`, { cause: error })
  }
}
