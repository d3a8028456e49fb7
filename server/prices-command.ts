import { parseArgs } from 'node:util'
import {
  type AppliedPrices,
  type PriceFile,
  type PriceFileReading,
  readPriceFile,
  updatedFile,
} from '../core/price-file.ts'
import { type PriceChange, priceChanges } from '../core/price-changes.ts'
import { updatedPrices, type VendorPrice } from '../core/vendor-price.ts'
import { readBounded } from './config/bounded-file.ts'
import { dataFolder, type Environment } from './config/environment.ts'
import { makeDataFolder } from './data-folder.ts'
import type { Terminal } from './terminal.ts'
import { CATALOG_FOLDER, loadCatalog, loadSources } from './world/catalog-files.ts'
import { parsed, PRICE_FILE_BYTES_MAX, readStoredFile, storedPath, writeStoredFile } from './world/price-files.ts'

export interface PricesInputs extends Terminal {
  readonly environment: Environment
}

/**
 * `sekisho prices update --from FILE`: says what the file changes, then takes it over when that is wanted. A file with anything wrong
 * in it changes nothing. Returns the exit code: 0 done or only shown, 1 refused, 2 not understood.
 */
export async function pricesCommand(words: readonly string[], inputs: PricesInputs): Promise<0 | 1 | 2> {
  const flags = readFlags(words)
  if (typeof flags === 'string') {
    inputs.complain(`sekisho: ${flags}`)
    return 2
  }
  const { from, yes } = flags
  const reading = await readGiven(from)
  if (reading.kind === 'refused') {
    for (const fault of reading.faults) inputs.complain(`${from}: ${fault}`)
    inputs.complain(reading.faults.length === 1 ? '1 problem' : `${reading.faults.length} problems`)
    return 1
  }
  const dataDir = dataFolder(flags, inputs.environment)
  return takeOver(reading, { dataDir, yes, terminal: inputs })
}

interface Flags {
  readonly from: string
  readonly yes: boolean
  readonly data?: string
}

function readFlags(words: readonly string[]): Flags | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { from: { type: 'string' }, yes: { type: 'boolean' }, data: { type: 'string' } },
      allowPositionals: true,
    })
    const [verb, extra] = positionals
    if (verb !== 'update' || extra !== undefined) return `"${extra ?? verb ?? ''}" is not understood: prices update`
    if (values.from === undefined) return '--from is needed: the file with the prices'
    return {
      from: values.from,
      yes: values.yes === true,
      ...(values.data === undefined ? {} : { data: values.data }),
    }
  } catch (error) {
    // Node's first sentence names the flag; what follows explains its conventions.
    return error instanceof Error ? (error.message.split('. ', 1)[0] ?? '') : 'the flags cannot be read'
  }
}

async function readGiven(path: string): Promise<PriceFileReading> {
  const found = await readBounded(path, PRICE_FILE_BYTES_MAX)
  switch (found.kind) {
    case 'absent':
      return { kind: 'refused', faults: ['there is no such file'] }
    case 'unreadable':
      return { kind: 'refused', faults: [found.message] }
    case 'bytes':
      return readPriceFile(parsed(found.bytes), loadSources(CATALOG_FOLDER))
  }
}

interface Wish {
  readonly dataDir: string
  readonly yes: boolean
  readonly terminal: Terminal
}

async function takeOver(
  { file, prices }: Extract<PriceFileReading, { kind: 'read' }>,
  { dataDir, yes, terminal }: Wish,
): Promise<0 | 1> {
  const path = storedPath(dataDir, file.provider)
  const stored = await readStoredFile(path)
  if (stored.kind === 'refused') terminal.print(`${path} is broken and would be replaced: ${stored.faults[0]}`)
  const kept = stored.kind === 'read' ? stored : { file: undefined, prices: NOTHING }
  const lines = changeLines(file, { kept: kept.prices, update: prices })
  if (lines.length === 0) {
    terminal.print('nothing changes')
    return 0
  }
  for (const line of lines) terminal.print(line)
  terminal.print(lines.length === 1 ? '1 change' : `${lines.length} changes`)
  if (!yes && (await terminal.ask?.('Take these prices over?')) !== true) {
    terminal.print('nothing was changed; --yes takes them over')
    return 0
  }
  await makeDataFolder(dataDir)
  await writeStoredFile(dataDir, updatedFile(kept.file, file))
  terminal.print(`kept in ${path}; a running gateway takes them over with its next reload (SIGHUP)`)
  return 0
}

const NOTHING: AppliedPrices = new Map()

interface Applied {
  readonly kept: AppliedPrices
  readonly update: AppliedPrices
}

/** `~ openai/gpt-5 from 2026-12-01: input 1.25 -> 1`, a line for each field; amounts as they stand in a price file. */
function changeLines({ provider, models }: PriceFile, { kept, update }: Applied): readonly string[] {
  const catalog = loadCatalog(CATALOG_FOLDER)
  return models.flatMap(({ id }) => {
    const name = `${provider}/${id}`
    const row = catalog.models.find(
      (model) => model.provider === provider && (model.id === id || model.aliases.includes(id)),
    )
    const before = over(row?.prices ?? [], kept.get(name) ?? kept.get(`${provider}/${row?.id}`))
    return priceChanges(before, over(before, update.get(name))).map((change) => changeText(name, change))
  })
}

const over = (prices: readonly VendorPrice[], later: readonly VendorPrice[] | undefined): readonly VendorPrice[] =>
  later === undefined ? prices : updatedPrices(prices, later)

function changeText(name: string, { kind, from, hours, field, before, after }: PriceChange): string {
  const when = `from ${new Date(from).toISOString().slice(0, 10)}${hours === null ? '' : ` (${hours})`}`
  return `  ${SIGNS[kind]} ${name} ${when}: ${field} ${before ?? 'none'} -> ${after ?? 'none'}`
}

const SIGNS: { readonly [kind in PriceChange['kind']]: string } = { new: '+', changed: '~', gone: '-' }
