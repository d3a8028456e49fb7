import * as z from 'zod'
import { compileRows } from '../core/capabilities.ts'
import { readCatalog } from '../core/catalog.ts'
import {
  type CapabilitiesFile,
  capabilitiesFileSchema,
  sourcesFileSchema,
  type VendorFile,
  vendorFileSchema,
} from '../core/catalog-file.ts'
import { priceFaults } from '../core/price-faults.ts'

/** A file of `catalog/` as it was read: its name and its JSON, not yet looked at. */
export interface CatalogFile {
  readonly name: string
  readonly json: unknown
}

const SOURCES = 'sources.json'
const CAPABILITIES = 'capabilities.json'

/** The files that are no vendor's. */
const SCHEMAS: { readonly [name: string]: z.ZodType } = {
  [SOURCES]: sourcesFileSchema,
  [CAPABILITIES]: capabilitiesFileSchema,
}

/** What `catalog/` must keep to (catalog/README.md). Gives one sentence for each place that does not, or none. */
export function catalogFaults(files: readonly CatalogFile[]): readonly string[] {
  const shapes = files.flatMap(({ name, json }) => shapeFaults(name, SCHEMAS[name] ?? vendorFileSchema, json))
  if (shapes.length > 0) return shapes
  const jsonOf = (name: string) => files.find((file) => file.name === name)?.json
  const sources = sourcesFileSchema.parse(jsonOf(SOURCES) ?? {})
  const capabilities = capabilitiesFileSchema.parse(jsonOf(CAPABILITIES) ?? { rows: [] })
  const vendors = files
    .filter(({ name }) => !Object.hasOwn(SCHEMAS, name))
    .map(({ name, json }) => ({ name, ...vendorFileSchema.parse(json) }))
  return [
    ...vendors.flatMap((vendor) => [
      ...nameFaults(vendor),
      ...vendor.models.flatMap((row) => priceFaults(row.prices, `${vendor.provider}/${row.id}`)),
    ]),
    ...capabilities.rows.flatMap(capabilityFaults),
    ...unusedSources(Object.keys(sources), vendors, capabilities),
    ...compileFaults(() => readCatalog(sources, vendors, capabilities)),
  ]
}

function shapeFaults(name: string, schema: z.ZodType, json: unknown): readonly string[] {
  const read = schema.safeParse(json)
  return read.success ? [] : read.error.issues.map((issue) => `${name}: ${issue.path.join('.')}: ${issue.message}`)
}

function nameFaults({ name, provider, models }: VendorFile & { readonly name: string }): readonly string[] {
  const names = models.flatMap((row) => [row.id, ...(row.aliases ?? [])])
  const ids = models.map((row) => row.id)
  const misplaced = ids.find((id, index) => index > 0 && id < (ids[index - 1] ?? ''))
  return [
    ...(name === `${provider}.json` ? [] : [`${name}: its provider is ${provider}`]),
    ...new Set(
      names
        .filter((one, index) => names.indexOf(one) !== index)
        .map((one) => `${name}: ${one} is the name of two rows`),
    ),
    ...(misplaced === undefined ? [] : [`${name}: ${misplaced} stands out of order`]),
  ]
}

function capabilityFaults(row: CapabilitiesFile['rows'][number]): readonly string[] {
  const name = `${CAPABILITIES}: ${row.models[0]}`
  const plain = compileRows([row]).flatMap(({ models }) => models)
  const twice = row.models.filter((_, index) => plain.indexOf(plain[index] ?? '') !== index)
  const { efforts, effortDefault, budget } = row.facts
  return [
    ...twice.map((one) => `${name}: ${one} is in it twice`),
    ...(Object.keys(row.facts).length > 0 ? [] : [`${name}: it says nothing`]),
    ...(effortDefault === undefined || efforts === undefined || efforts.includes(effortDefault)
      ? []
      : [`${name}: its default ${effortDefault} is none of its efforts`]),
    ...((budget?.max ?? Number.POSITIVE_INFINITY) < (budget?.min ?? 0)
      ? [`${name}: its least budget is above its largest`]
      : []),
  ]
}

function unusedSources(
  names: readonly string[],
  vendors: readonly VendorFile[],
  capabilities: CapabilitiesFile,
): readonly string[] {
  const rows = vendors.flatMap((vendor) => vendor.models)
  const used = new Set([
    ...rows.flatMap((row) => [...row.sources, ...row.prices.map((price) => price.source)]),
    ...capabilities.rows.flatMap((row) => row.sources),
  ])
  return names.filter((name) => !used.has(name)).map((name) => `${SOURCES}: no row names ${name}`)
}

function compileFaults(compile: () => unknown): readonly string[] {
  try {
    compile()
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}
