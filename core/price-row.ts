import * as z from 'zod'

/**
 * A price as people write it: in `catalog/*.json`, in a file for `sekisho prices update`, and below `prices` in `sekisho.yaml`.
 * `core/price-read.ts` makes pico-dollars of it.
 */

/** Dollars per million tokens: with six digits behind the point a token costs whole pico-dollars. */
const dollarsPerMillion = z
  .number()
  .min(0)
  .max(1_000_000)
  .refine(hasDigits(6), 'may have at most six digits behind the point')
const dollarsPerPiece = z
  .number()
  .min(0)
  .max(1_000)
  .refine(hasDigits(9), 'may have at most nine digits behind the point')

export const ratesSchema = z
  .strictObject({
    input: dollarsPerMillion.exactOptional(),
    output: dollarsPerMillion.exactOptional(),
    cacheRead: dollarsPerMillion.exactOptional(),
    cacheWrite5m: dollarsPerMillion.exactOptional(),
    cacheWrite1h: dollarsPerMillion.exactOptional(),
    cacheWriteOther: dollarsPerMillion.exactOptional(),
    inputAudio: dollarsPerMillion.exactOptional(),
    inputImage: dollarsPerMillion.exactOptional(),
    reasoning: dollarsPerMillion.exactOptional(),
    outputAudio: dollarsPerMillion.exactOptional(),
    outputImage: dollarsPerMillion.exactOptional(),
    searches: dollarsPerPiece.exactOptional().describe('Dollars per call'),
  })
  .describe('Dollars per million tokens')

/** What a price itself must say; a step or tier says only what it changes. */
export const fullRatesSchema = ratesSchema
  .required({ input: true, output: true })
  .describe('Dollars per million tokens')

export const unitsSchema = z.strictObject({
  requests: dollarsPerPiece.exactOptional().describe('Dollars for a request'),
  images: dollarsPerPiece.exactOptional().describe('Dollars for an image'),
  audioSeconds: dollarsPerPiece.exactOptional().describe('Dollars for a second of sound'),
  videoSeconds: dollarsPerPiece.exactOptional().describe('Dollars for a second of video'),
  pages: dollarsPerPiece.exactOptional().describe('Dollars for a page of a document'),
})

export const stepsSchema = z
  .array(
    z.strictObject({
      abovePromptTokens: z.int().min(1).describe('Longer prompts are billed whole at the rates of this step'),
      rates: ratesSchema,
    }),
  )
  .min(1)

const span = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be HH:MM-HH:MM in UTC')
  .refine((text) => text.slice(0, 5) < text.slice(6), 'must end after it begins: write a night as two')
export const hoursSchema = z.strictObject({
  utc: z.array(span).min(1).describe('Hours of the day (UTC) in which it holds, as 01:00-04:00'),
  days: z
    .array(z.enum(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']))
    .min(1)
    .describe('Days of the week (UTC) on which it holds'),
})

/** A tier and a region are called in small letters, as vendors and clouds write them. */
const word = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'small letters, digits, dot, underscore and hyphen, at most 63')
const tariff = {
  rates: ratesSchema,
  steps: stepsSchema.exactOptional(),
  units: unitsSchema.exactOptional(),
}
export const tiersSchema = z.record(word, z.strictObject(tariff))

/** So much dearer is every token; what is billed by the piece is not. */
const surcharged = z.strictObject({ surchargePercent: z.number().min(0).max(1_000).refine(hasDigits(4)) })
/** A region with rates stands for itself: what it does not list is not taken from the price around it. */
const apart = z.strictObject({ ...tariff, rates: fullRatesSchema, tiers: tiersSchema.exactOptional() })
const regionsSchema = z.record(
  word,
  z.union([surcharged, apart], { error: 'takes either surchargePercent, or rates with steps, tiers and units' }),
)

/** A price of a vendor, with the source that says so. */
export const vendorPriceSchema = z.strictObject({
  from: z.iso.date(),
  source: z.string(),
  hours: hoursSchema.exactOptional(),
  rates: fullRatesSchema,
  steps: stepsSchema.exactOptional(),
  tiers: tiersSchema.exactOptional(),
  units: unitsSchema.exactOptional(),
  regions: regionsSchema.exactOptional(),
})

export type RatesRow = z.output<typeof ratesSchema>
export type StepRows = z.output<typeof stepsSchema>
export type HoursRow = z.output<typeof hoursSchema>
export type UnitsRow = z.output<typeof unitsSchema>
export type TierRows = z.output<typeof tiersSchema>
export type RegionRow = z.output<typeof regionsSchema>[string]
export type PriceRow = z.output<typeof vendorPriceSchema>

function hasDigits(digits: number): (value: number) => boolean {
  return (value) => Number(value.toFixed(digits)) === value
}
