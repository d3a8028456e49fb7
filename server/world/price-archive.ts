import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { asObject, asText, parseJson } from '../../core/json.ts'
import type { Price } from '../../core/price.ts'
import type { KnownPrices } from '../../core/recost.ts'
import { UNIT_KINDS } from '../../core/units.ts'
import { USAGE_KINDS } from '../../core/usage.ts'
import { readBounded } from '../config/bounded-file.ts'
import { PRICES_FOLDER } from './price-files.ts'

/** Every price that was ever in force with this data folder, so that a record can be costed again when its price is long gone. */
export interface PriceArchive {
  readonly known: KnownPrices
  /** Adds those that it does not have. Known at once; resolves when they are on the disk, and rejects when that takes them not. */
  keep(prices: Iterable<Price>): Promise<void>
}

/**
 * The archive of a data folder: a line for each price, only ever added to. A line that cannot be read is left out. The lines are looked
 * into when their price is asked for: a start has better things to do.
 */
export async function openPriceArchive(dataDir: string): Promise<PriceArchive> {
  const path = join(dataDir, PRICES_FOLDER, NAME)
  const found = await readBounded(path, ARCHIVE_BYTES_MAX)
  const lines = new Map<string, string>()
  for (const line of found.kind === 'bytes' ? found.bytes.toString('utf8').split('\n') : []) {
    const version = asText(asObject(parseJson(line))?.['version'])
    if (version !== undefined && !lines.has(version)) lines.set(version, line)
  }
  return {
    known: { get: (version) => priceSchema.safeParse(parseJson(lines.get(version) ?? '')).data },
    keep: async (prices) => {
      const added = new Map<string, string>()
      for (const price of prices) {
        // Of a price with more to it (its source, its regions) only what decides a cost is kept.
        if (!lines.has(price.version)) added.set(price.version, JSON.stringify(priceSchema.parse(price)))
      }
      for (const [version, line] of added) lines.set(version, line)
      // A line that a crash cut must not spoil the one behind it.
      if (added.size > 0) await append(path, `\n${[...added.values()].join('\n')}\n`)
    },
  }
}

async function append(path: string, lines: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
  const file = await open(path, 'a', 0o600)
  try {
    await file.writeFile(lines)
    await file.sync()
  } finally {
    await file.close()
  }
}

const NAME = 'known.ndjson'
/** A few hundred bytes for a price: room for decades of them. */
const ARCHIVE_BYTES_MAX = 67_108_864

const pico = z.int().min(0)
const tariff = {
  rates: z.strictObject(schemaOf(USAGE_KINDS)),
  steps: z.array(z.strictObject({ abovePromptTokens: z.int(), rates: z.strictObject(schemaOf(USAGE_KINDS)) })),
  units: z.strictObject(schemaOf(UNIT_KINDS)).exactOptional(),
}
const priceSchema = z.object({
  version: z.string(),
  from: z.int(),
  until: z.int().exactOptional(),
  hours: z.array(z.strictObject({ startMinute: z.int(), endMinute: z.int(), days: z.array(z.int()) })).exactOptional(),
  ...tariff,
  tiers: z.record(z.string(), z.strictObject(tariff)),
}) satisfies z.ZodType<Price>

function schemaOf<Kind extends string>(kinds: readonly Kind[]): { readonly [kind in Kind]: typeof pico } {
  // Object.fromEntries forgets which keys it was given.
  return Object.fromEntries(kinds.map((kind) => [kind, pico])) as { readonly [kind in Kind]: typeof pico }
}
