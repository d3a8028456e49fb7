import { capabilitiesOf, compileRows, type ModelFacts } from './capabilities.ts'
import type { CapabilitiesFile, HoursRow, ModelRow, PriceRow, SourcesFile, VendorFile } from './catalog-file.ts'
import type { Pico } from './money.ts'
import type { Operation } from './operation.ts'
import { fullRates, type Hours, type Price, type Rates, type Step, type Tariff } from './price.ts'
import { USAGE_KINDS } from './usage.ts'

/** What a model can be given or can answer with. `file` is a document such as a PDF, handed over whole; `embedding` a vector. */
export type Modality = ModelRow['input'][number]

/** Where a fact comes from, so exactly that anyone can open it: a file of a released package, or a public page. `read` is the day. */
export type CatalogSource = SourcesFile[string]

/** A price and who says so. */
export interface CatalogPrice extends Price {
  readonly source: CatalogSource
}

/** One model at one provider kind. The same weights at two vendors are two rows: limits and prices differ. */
export interface CatalogModel {
  /** Id of the provider kind (`core/providers`). */
  readonly provider: string
  /** The name that the vendor takes; may contain slashes. */
  readonly id: string
  /** Other names that the vendor takes for it, at the same price: dated snapshots, `latest`. What was asked for is what is sent. */
  readonly aliases: readonly string[]
  readonly operations: readonly Operation[]
  /** Largest prompt and answer together, in tokens; `null` when no source says. */
  readonly contextTokens: number | null
  /** Largest answer, in tokens; `null` when no source says. */
  readonly outputTokensMax: number | null
  readonly modalities: { readonly input: readonly Modality[]; readonly output: readonly Modality[] }
  /** Ascending by `from`, ready for `priceAt`. Empty: the price is unknown, which is never zero. */
  readonly prices: readonly CatalogPrice[]
  /** Day (ISO) on which the vendor released it; `null` when no source says. */
  readonly released: string | null
  /** Where limits and modalities come from; each price names its own. */
  readonly sources: readonly CatalogSource[]
}

export interface Catalog {
  readonly models: readonly CatalogModel[]
  /** What is known of how a model differs, by any name that a vendor or reseller gives it; the limits stand in its row. Looks at every row: keep the answer. */
  readonly factsOf: (model: string) => ModelFacts
  /** Changes when anything does that the gateway uses of any row. */
  readonly version: string
}

/**
 * The catalogue as it is used, from its files. It trusts their shape (`core/catalog-file.ts` checks it in the tests) but not
 * their money: an amount that is no whole number of pico-dollars, a source that is not listed or a price out of order throws.
 */
export function readCatalog(
  sources: SourcesFile,
  vendors: readonly VendorFile[],
  { rows }: CapabilitiesFile = { rows: [] },
): Catalog {
  const models = vendors.flatMap(({ provider, models }) => models.map((row) => readModel(row, { provider, sources })))
  for (const row of rows)
    for (const name of row.sources) sourceOf(name, { sources, row: `capabilities of ${row.models[0]}` })
  const version = [...models.map(modelHash), rowsHash(rows)].reduce(withNumber, SEED)
  const compiled = compileRows(rows)
  return { models, factsOf: (model) => capabilitiesOf(model, compiled), version: hex(version) }
}

interface Context {
  readonly provider: string
  readonly sources: SourcesFile
}

function readModel(row: ModelRow, context: Context): CatalogModel {
  const name = `${context.provider}/${row.id}`
  const from = { sources: context.sources, row: name }
  const prices = row.prices.map((price) => ({ ...readPrice(price, name), source: sourceOf(price.source, from) }))
  if (prices.some((price, index) => price.from < (prices[index - 1]?.from ?? 0)))
    throw new Error(`${name}: prices out of order`)
  return {
    provider: context.provider,
    id: row.id,
    aliases: row.aliases ?? [],
    operations: row.operations,
    contextTokens: row.contextTokens,
    outputTokensMax: row.outputTokensMax,
    modalities: { input: row.input, output: row.output },
    prices,
    released: row.released ?? null,
    sources: row.sources.map((source) => sourceOf(source, from)),
  }
}

function sourceOf(
  name: string,
  { sources, row }: { readonly sources: SourcesFile; readonly row: string },
): CatalogSource {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined
  if (source === undefined) throw new Error(`${row}: no source "${name}" in sources.json`)
  return source
}

/** `version` is made of what the price says, so the same price keeps it for ever and no other price ever has it. */
function readPrice(row: PriceRow, name: string): Price {
  const tiers: { [tier: string]: Tariff } = {}
  for (const [tier, tariff] of Object.entries(row.tiers ?? {})) {
    tiers[tier] = readTariff({ ...row.rates, ...tariff.rates }, tariff.steps)
  }
  const price = {
    from: Date.parse(row.from),
    ...readTariff(row.rates, row.steps),
    tiers,
    ...(row.hours === undefined ? {} : { hours: readHours(row.hours) }),
  }
  if (!Number.isFinite(price.from)) throw new Error(`${name}: ${row.from} is not a day`)
  return { version: `${name}@${row.from}#${hex(priceHash(price))}`, ...price }
}

/** What a step or tier does not list costs what it costs outside of it. */
function readTariff(rates: PriceRow['rates'], steps: PriceRow['steps']): Tariff {
  return {
    rates: readRates(rates),
    steps: (steps ?? []).map(
      (step): Step => ({ abovePromptTokens: step.abovePromptTokens, rates: readRates({ ...rates, ...step.rates }) }),
    ),
  }
}

const PICO_PER_TOKEN = 1_000_000
const PICO_PER_CALL = 1_000_000_000_000

function readRates(row: PriceRow['rates']): Rates {
  const published: { -readonly [kind in keyof typeof row]: Pico } = { input: 0, output: 0 }
  for (const kind of USAGE_KINDS) {
    const dollars = row[kind]
    if (dollars !== undefined) published[kind] = exact(dollars, kind === 'searches' ? PICO_PER_CALL : PICO_PER_TOKEN)
  }
  return fullRates(published)
}

/** Farthest that a product of two doubles lies from the whole number that was meant, with room to spare. */
const NOISE = 0.01

function exact(dollars: number, pico: number): Pico {
  const amount = Math.round(dollars * pico)
  if (!Number.isSafeInteger(amount) || amount < 0 || Math.abs(dollars * pico - amount) > NOISE) {
    throw new Error(`${dollars} dollars is no whole number of pico-dollars`)
  }
  return amount
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

function readHours(row: HoursRow): readonly Hours[] {
  const days = row.days.map((day) => DAYS.indexOf(day))
  return row.utc.map((span) => {
    const [start = '', end = ''] = span.split('-')
    return { startMinute: minuteOf(start), endMinute: minuteOf(end), days }
  })
}

function minuteOf(time: string): number {
  const [hours, minutes] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}

/** All that decides a cost, in an order that never changes. */
function priceHash(price: Omit<Price, 'version'>): number {
  let hash = withTariff(withNumber(SEED, price.from), price)
  for (const tier of Object.keys(price.tiers).sort())
    hash = withTariff(withText(hash, tier), price.tiers[tier] ?? price)
  for (const { startMinute, endMinute, days } of price.hours ?? []) {
    hash = [startMinute, endMinute, days.length, ...days].reduce(withNumber, hash)
  }
  return hash
}

function withTariff(hash: number, { rates, steps }: Tariff): number {
  return steps.reduce(
    (sum, step) => withRates(withNumber(sum, step.abovePromptTokens), step.rates),
    withRates(withNumber(hash, steps.length), rates),
  )
}

const withRates = (hash: number, rates: Rates): number =>
  USAGE_KINDS.reduce((sum, kind) => withNumber(sum, rates[kind]), hash)

function modelHash({ modalities, prices, contextTokens, outputTokensMax, ...model }: CatalogModel): number {
  const words = [
    model.provider,
    model.id,
    ...model.aliases,
    ...model.operations,
    ...modalities.input,
    '>',
    ...modalities.output,
  ]
  for (const price of prices) words.push(price.version)
  return [contextTokens ?? 0, outputTokensMax ?? 0].reduce(withNumber, words.reduce(withText, SEED))
}

/** A plain FNV-1a: this is a long text at start, and nothing is told apart by it but one file from its successor. */
function rowsHash(rows: CapabilitiesFile['rows']): number {
  const text = JSON.stringify(rows.map(({ models, facts }) => ({ models, facts })))
  let hash = SEED
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash
}

function withText(hash: number, text: string): number {
  let sum = hash
  for (let index = 0; index < text.length; index++) sum = withNumber(sum, text.charCodeAt(index))
  return sum
}

const SEED = 0x811c9dc5
const HALF = 0x100000000

/** Both halves of a whole number up to 2^53, mixed as MurmurHash2 does: it tells contents apart and proves nothing. */
function withNumber(hash: number, amount: number): number {
  const low = Math.imul(hash ^ amount, 0x5bd1e995)
  const high = Math.imul(low ^ (low >>> 15) ^ (amount / HALF), 0x5bd1e995)
  return high ^ (high >>> 13)
}

const hex = (hash: number): string => (hash >>> 0).toString(16).padStart(8, '0')
