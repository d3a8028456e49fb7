/**
 * Looks after `catalog/` (catalog/README.md says how a row is refreshed):
 *
 *   node scripts/catalog.ts check                     every row against the schema; exits with 1 when one is wrong
 *   node scripts/catalog.ts diff --from <package>     our prices against another list, at this moment or at --at <day>
 *
 * `<package>` is an unpacked `@pydantic/genai-prices` (or its name, for the installed one), or litellm's price table as a file.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { CATALOG_FOLDER, loadCatalog } from '../server/world/catalog-files.ts'
import { type CatalogFile, catalogFaults } from './catalog-check.ts'
import {
  catalogDiff,
  type GenaiPrices,
  genaiQuote,
  litellmQuote,
  litellmTableSchema,
  type Quote,
} from './catalog-diff.ts'

const USAGE = 'node scripts/catalog.ts check | diff --from <package or file> [--at <day>]'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { from: { type: 'string' }, at: { type: 'string' } },
})

if (positionals[0] === 'check') check()
else if (positionals[0] === 'diff') await diff()
else fail(USAGE)

function check(): void {
  const names = readdirSync(CATALOG_FOLDER).filter((name) => name.endsWith('.json'))
  const faults = catalogFaults(names.map(readFile))
  if (faults.length > 0) fail(faults.join('\n'))
  const { models, version } = loadCatalog(CATALOG_FOLDER)
  const bytes = names.reduce((sum, name) => sum + statSync(join(CATALOG_FOLDER, name)).size, 0)
  const prices = models.reduce((sum, model) => sum + model.prices.length, 0)
  console.log(`${models.length} models, ${prices} prices, ${names.length} files, ${bytes} bytes, version ${version}`)
}

function readFile(name: string): CatalogFile {
  return { name, json: JSON.parse(readFileSync(join(CATALOG_FOLDER, name), 'utf8')) }
}

async function diff(): Promise<void> {
  if (values.from === undefined) return fail(USAGE)
  const at = values.at === undefined ? Date.now() : Date.parse(values.at)
  const lines = catalogDiff(loadCatalog(CATALOG_FOLDER).models, await quoteFrom(values.from, at), at)
  console.log([...lines, `${lines.length} differences`].join('\n'))
}

async function quoteFrom(from: string, at: number): Promise<Quote> {
  if (from.endsWith('.json')) return litellmQuote(litellmTableSchema.parse(JSON.parse(readFileSync(from, 'utf8'))))
  const address = from.startsWith('@') ? from : pathToFileURL(resolve(from, 'dist/index.js')).href
  const module = (await import(address)) as GenaiPrices // a package of another version has no types here
  return genaiQuote(module, at)
}

function fail(message: string): void {
  console.error(message)
  process.exitCode = 1
}
