import { fullRates, type Price, type Rates, type Tariff } from './price.ts'
import { UNIT_KINDS } from './units.ts'
import { USAGE_KINDS } from './usage.ts'
import type { VendorPrice } from './vendor-price.ts'

/** One field of a model's prices that an update changes. Amounts are dollars for a million tokens, or for one piece, as text. */
export interface PriceChange {
  /** `new`: from a day that had no price of its own; `changed`: on a day that had one; `gone`: that one has no successor. */
  readonly kind: 'new' | 'changed' | 'gone'
  /** Milliseconds since 1970 from which the price holds. */
  readonly from: number
  /** When it holds in some hours only: `01:00-04:00 mon tue`. */
  readonly hours: string | null
  /** `tier flex, above 200000 tokens: input`. */
  readonly field: string
  /** `null`: there is none. */
  readonly before: string | null
  readonly after: string | null
}

/** What is different between two lists of one model's prices. A new price is held against the one that it replaces. */
export function priceChanges(before: readonly VendorPrice[], after: readonly VendorPrice[]): readonly PriceChange[] {
  const gone = before.filter((price) => !after.some((other) => sameDays(price, other)))
  return [
    ...after.flatMap((price) => {
      const same = before.find((other) => sameDays(price, other))
      const earlier = after.findLast((other) => other.from < price.from && sameHours(price, other))
      return differences(same ?? earlier, price).map((change) => ({
        ...change,
        kind: same === undefined ? ('new' as const) : ('changed' as const),
        ...whenOf(price),
      }))
    }),
    ...gone.flatMap((price) =>
      differences(price, undefined).map((change) => ({ ...change, kind: 'gone' as const, ...whenOf(price) })),
    ),
  ]
}

type Difference = Pick<PriceChange, 'field' | 'before' | 'after'>

const whenOf = (price: Price) => ({ from: price.from, hours: hoursText(price) })

const sameHours = (one: Price, other: Price): boolean => hoursText(one) === hoursText(other)
const sameDays = (one: Price, other: Price): boolean => one.from === other.from && sameHours(one, other)

/** Only what one of the two lists itself: what follows from another field would be told again and again. */
function differences(before: VendorPrice | undefined, after: VendorPrice | undefined): readonly Difference[] {
  const old = fieldsOf(before)
  const young = fieldsOf(after)
  return [...new Set([...young.keys(), ...old.keys()])].flatMap((field) => {
    const [one, other] = [old.get(field), young.get(field)]
    if ((one?.listed !== true && other?.listed !== true) || one?.text === other?.text) return []
    return [{ field, before: one?.text ?? null, after: other?.text ?? null }]
  })
}

interface Field {
  readonly text: string
  /** Whether it says more than what its nearest relative says. */
  readonly listed: boolean
}

function fieldsOf(price: VendorPrice | undefined): ReadonlyMap<string, Field> {
  if (price === undefined) return new Map()
  const regions = Object.entries(price.regions ?? {})
  return new Map([
    ...placeFields(price, ''),
    ...regions.flatMap(([region, other]) => placeFields(other, `region ${region}`)),
  ])
}

const placeFields = (price: Price, place: string): readonly (readonly [string, Field])[] => [
  ...tariffFields(price, place),
  ...Object.entries(price.tiers).flatMap(([tier, tariff]) => tariffFields(tariff, joined(place, `tier ${tier}`))),
]

const tariffFields = ({ rates, steps, units }: Tariff, place: string): readonly (readonly [string, Field])[] => [
  ...rateFields(rates, place),
  ...steps.flatMap((step) => rateFields(step.rates, joined(place, `above ${step.abovePromptTokens} tokens`))),
  ...UNIT_KINDS.map((unit): readonly [string, Field] => {
    const pico = units?.[unit] ?? 0
    return [named(place, unit), { text: decimal(pico, PIECE_DIGITS), listed: pico !== 0 }]
  }),
]

function rateFields(rates: Rates, place: string): readonly (readonly [string, Field])[] {
  const implied = fullRates({ input: rates.input, output: rates.output })
  return USAGE_KINDS.map((kind) => [
    named(place, kind),
    {
      text: decimal(rates[kind], kind === 'searches' ? PIECE_DIGITS : MILLION_DIGITS),
      listed: kind === 'input' || kind === 'output' || rates[kind] !== implied[kind],
    },
  ])
}

const joined = (place: string, more: string): string => (place === '' ? more : `${place}, ${more}`)
const named = (place: string, field: string): string => (place === '' ? field : `${place}: ${field}`)

/** A dollar for a million tokens is 10^6 pico-dollars for one; a dollar for a piece 10^12. */
const MILLION_DIGITS = 6
const PIECE_DIGITS = 12

/** Exact, without trailing zeros. */
function decimal(pico: number, digits: number): string {
  const text = String(pico).padStart(digits + 1, '0')
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`.replace(/\.?0+$/, '')
}

const hoursText = ({ hours }: Price): string | null =>
  hours === undefined
    ? null
    : hours
        .map(({ startMinute, endMinute, days }) => `${clock(startMinute)}-${clock(endMinute)} ${week(days)}`)
        .join(', ')

const clock = (minute: number): string =>
  [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':')

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const week = (days: readonly number[]): string => days.map((day) => DAYS[day] ?? '').join(' ')
