import type { Pico } from './money.ts'
import { fullRates, type Hours, type Price, type Rates, type Step, type Tariff, type UnitRates } from './price.ts'
import type { HoursRow, RatesRow, RegionRow, StepRows, TierRows, UnitsRow } from './price-row.ts'
import { UNIT_KINDS } from './units.ts'
import { USAGE_KINDS } from './usage.ts'

/** What of a written price decides a cost, and from when it holds. */
export interface PriceTerms {
  /** A day, which begins at midnight UTC. */
  readonly from: string
  readonly hours?: HoursRow
  readonly rates: RatesRow
  readonly steps?: StepRows
  readonly tiers?: TierRows
  readonly units?: UnitsRow
}

/** A price that has no name yet. */
export type NamelessPrice = Omit<Price, 'version'>

/** A written price in exact pico-dollars. Throws when an amount is no whole number of them, or the day is none. */
export function readTerms(row: PriceTerms): NamelessPrice {
  const from = Date.parse(row.from)
  if (!Number.isFinite(from)) throw new Error(`${row.from} is not a day`)
  const tiers: { [tier: string]: Tariff } = {}
  for (const [tier, tariff] of Object.entries(row.tiers ?? {})) {
    const units = row.units === undefined && tariff.units === undefined ? undefined : { ...row.units, ...tariff.units }
    tiers[tier] = readTariff({ rates: { ...row.rates, ...tariff.rates }, steps: tariff.steps, units })
  }
  return {
    from,
    ...readTariff(row),
    tiers,
    ...(row.hours === undefined ? {} : { hours: readHours(row.hours) }),
  }
}

/** What holds instead in a region of a vendor's price. */
export function readRegion(row: PriceTerms, region: RegionRow): NamelessPrice {
  if ('surchargePercent' in region) return dearer(readTerms(row), region.surchargePercent)
  const { from, hours } = row
  return readTerms({ from, ...(hours === undefined ? {} : { hours }), ...region })
}

interface TariffRow {
  readonly rates: RatesRow
  readonly steps?: StepRows | undefined
  readonly units?: UnitsRow | undefined
}

/** What a step does not list costs what it costs below it. */
function readTariff({ rates, steps, units }: TariffRow): Tariff {
  return {
    rates: readRates(rates),
    steps: (steps ?? []).map(
      (step): Step => ({ abovePromptTokens: step.abovePromptTokens, rates: readRates({ ...rates, ...step.rates }) }),
    ),
    ...(units === undefined ? {} : { units: readUnits(units) }),
  }
}

const PICO_PER_TOKEN = 1_000_000
const PICO_PER_PIECE = 1_000_000_000_000

function readRates(row: RatesRow): Rates {
  const published: { -readonly [kind in keyof Rates]?: Pico } & { input: Pico; output: Pico } = { input: 0, output: 0 }
  for (const kind of USAGE_KINDS) {
    const dollars = row[kind]
    if (dollars !== undefined) published[kind] = exact(dollars, kind === 'searches' ? PICO_PER_PIECE : PICO_PER_TOKEN)
  }
  return fullRates(published)
}

function readUnits(row: UnitsRow): UnitRates {
  const rates: { -readonly [unit in keyof UnitRates]: Pico } = { ...NO_UNIT_RATES }
  for (const unit of UNIT_KINDS) {
    const dollars = row[unit]
    if (dollars !== undefined) rates[unit] = exact(dollars, PICO_PER_PIECE)
  }
  return rates
}

const NO_UNIT_RATES: UnitRates = { requests: 0, images: 0, audioSeconds: 0, videoSeconds: 0, pages: 0 }

/** Farthest that a product of two doubles lies from the whole number that was meant, with room to spare. */
const NOISE = 0.01

function exact(dollars: number, pico: number): Pico {
  const amount = Math.round(dollars * pico)
  if (!Number.isSafeInteger(amount) || amount < 0 || Math.abs(dollars * pico - amount) > NOISE) {
    throw new Error(`${dollars} dollars is no whole number of pico-dollars`)
  }
  return amount
}

/** Every token so much dearer; half a pico-dollar is rounded up. What is billed by the piece stays. */
function dearer(price: NamelessPrice, percent: number): NamelessPrice {
  const factor = BigInt(Math.round((100 + percent) * PERCENT_PARTS))
  const rate = (pico: Pico): Pico => Number((BigInt(pico) * factor + HUNDRED / 2n) / HUNDRED)
  const rates = (all: Rates): Rates => {
    const raised: { -readonly [kind in keyof Rates]: Pico } = { ...all }
    for (const kind of USAGE_KINDS) if (kind !== 'searches') raised[kind] = rate(all[kind])
    return raised
  }
  const tariff = (one: Tariff): Tariff => ({
    ...one,
    rates: rates(one.rates),
    steps: one.steps.map((step) => ({ ...step, rates: rates(step.rates) })),
  })
  const tiers = Object.fromEntries(Object.entries(price.tiers).map(([name, tier]) => [name, tariff(tier)]))
  return { ...price, ...tariff(price), tiers }
}

const PERCENT_PARTS = 10_000
const HUNDRED = BigInt(100 * PERCENT_PARTS)

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

function readHours(row: HoursRow): readonly Hours[] {
  const days = row.days.map((day) => DAYS.indexOf(day))
  return row.utc.map((text) => {
    const [start = '', end = ''] = text.split('-')
    return { startMinute: minuteOf(start), endMinute: minuteOf(end), days }
  })
}

function minuteOf(time: string): number {
  const [hours, minutes] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}
