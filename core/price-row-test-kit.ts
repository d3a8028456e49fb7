import * as fc from 'fast-check'
import type { PriceTerms } from './price-read.ts'
import type { HoursRow, RatesRow, StepRows, TierRows, UnitsRow } from './price-row.ts'
import { type Usage, NO_USAGE, USAGE_KINDS } from './usage.ts'

/** Written prices of every shape, with tiers that `TIERS` names. */
export const termsOfPrices = (): fc.Arbitrary<PriceTerms> =>
  fc.record({ from: days, rates: fullRates, steps, tiers, units, hours }, { requiredKeys: ['from', 'rates'] })

/** Counts as the wires read them: whole, never negative, a billion at most; often those at which a half is rounded. */
export const usages = (): fc.Arbitrary<Usage> => {
  const count = fc.oneof(fc.nat(2_000), fc.nat(2_000_000), fc.nat(1_000_000_000), fc.constantFrom(0, 1, 500))
  return fc
    .record(Object.fromEntries(USAGE_KINDS.map((kind) => [kind, count])))
    .map((counts) => ({ ...NO_USAGE, ...counts }))
}

export const TIERS = ['flex', 'batch', 'priority']

const days = fc.constantFrom('1970-01-01', '2026-01-01', '2026-02-28', '2026-12-01')
const dollars = fc.oneof(
  fc.nat(100_000_000).map((micro) => micro / 1_000_000),
  fc.constantFrom(0, 0.000_001, 0.0005, 0.075, 1.25, 1_000_000),
)
const piece = fc.nat(1_000_000_000).map((nano) => nano / 1_000_000_000)
const rates: fc.Arbitrary<RatesRow> = fc.record(
  {
    input: dollars,
    output: dollars,
    cacheRead: dollars,
    cacheWrite5m: dollars,
    cacheWrite1h: dollars,
    cacheWriteOther: dollars,
    inputAudio: dollars,
    inputImage: dollars,
    reasoning: dollars,
    outputAudio: dollars,
    outputImage: dollars,
    searches: piece,
  },
  { requiredKeys: [] },
)
const fullRates: fc.Arbitrary<RatesRow & { input: number; output: number }> = fc
  .tuple(rates, dollars, dollars)
  .map(([some, input, output]) => ({ ...some, input, output }))
const steps: fc.Arbitrary<StepRows> = fc
  .uniqueArray(fc.constantFrom(1, 1_000, 128_000, 200_000), { minLength: 1, maxLength: 3 })
  .chain((bounds) =>
    fc.tuple(
      ...bounds
        .toSorted((one, other) => one - other)
        .map((abovePromptTokens) => rates.map((some) => ({ abovePromptTokens, rates: some }))),
    ),
  )
const units: fc.Arbitrary<UnitsRow> = fc.record(
  { requests: piece, images: piece, audioSeconds: piece, videoSeconds: piece, pages: piece },
  { requiredKeys: [] },
)
const tiers: fc.Arbitrary<TierRows> = fc.dictionary(
  fc.constantFrom(...TIERS),
  fc.record({ rates, steps, units }, { requiredKeys: ['rates'] }),
)
const hours: fc.Arbitrary<HoursRow> = fc.record({
  utc: fc.subarray(['00:00-01:30', '01:00-04:00', '06:00-24:00'], { minLength: 1 }),
  days: fc.subarray(['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const, { minLength: 1 }),
})
