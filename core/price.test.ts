import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NANO_MAX } from './money.ts'
import { cost, fullRates, type Price, priceAt, type Rates, type Step, type UnitRates } from './price.ts'
import { ONE_REQUEST, UNIT_KINDS, type Units } from './units.ts'
import { NO_USAGE, USAGE_KINDS, type Usage } from './usage.ts'

const DAY_MS = 86_400_000
const day = (text: string): number => Date.parse(text)

/** Dollars per million tokens. */
const rates = (input: number, output: number): Rates => fullRates({ input: input * 1e6, output: output * 1e6 })
const price = (fields: Partial<Price>): Price => ({
  version: 'vendor/model@2026-01-01#00000000',
  from: 0,
  rates: rates(1, 2),
  steps: [],
  tiers: {},
  ...fields,
})
const usage = (fields: Partial<Usage>): Usage => ({ ...NO_USAGE, ...fields })

describe('what a request costs', () => {
  test('is the sum of all kinds, each at its own rate', () => {
    const counts = Object.fromEntries(USAGE_KINDS.map((kind, index) => [kind, index + 1]))
    const every = fullRates({ ...NO_USAGE, ...Object.fromEntries(USAGE_KINDS.map((kind) => [kind, 1_000_000])) })
    expect(cost({ ...NO_USAGE, ...counts }, price({ rates: every }))).toBe(((12 * 13) / 2) * 1_000)
  })

  test.each([
    [499, 0],
    [500, 1],
    [1_499, 1],
    [1_500, 2],
  ])('%d pico-dollars are rounded once, half up, to %d nano-dollars', (input, nano) => {
    expect(cost(usage({ input: 1 }), price({ rates: fullRates({ input, output: 0 }) }))).toBe(nano)
  })

  test('kinds are summed before rounding, so that halves do not add up', () => {
    expect(cost(usage({ input: 1, output: 1 }), price({ rates: fullRates({ input: 250, output: 249 }) }))).toBe(0)
  })

  test('is exact and never negative for any usage, units and rates, below and above 2^53 pico-dollars', () => {
    const count = fc.oneof(fc.nat(2_000_000), fc.nat(10_000_000_000))
    const rate = fc.oneof(fc.nat(100_000_000), fc.constantFrom(0, 1, 75_000, 10_000_000_000))
    const kinds = (value: fc.Arbitrary<number>) =>
      fc.tuple(...USAGE_KINDS.map(() => value)).map((values) => ({
        ...NO_USAGE,
        ...Object.fromEntries(USAGE_KINDS.map((kind, index) => [kind, values[index] ?? 0])),
      }))
    const units = (value: fc.Arbitrary<number>): fc.Arbitrary<Units> =>
      fc.record({ requests: value, images: value, audioSeconds: value, videoSeconds: value, pages: value })
    const all = [kinds(count), kinds(rate), units(fc.nat(10_000)), fc.option(units(rate), { nil: undefined })] as const
    fc.assert(
      fc.property(...all, (used, charged, pieces, perPiece) => {
        const tokens = USAGE_KINDS.reduce((sum, kind) => sum + BigInt(used[kind]) * BigInt(charged[kind]), 0n)
        const pico = UNIT_KINDS.reduce(
          (sum, unit) => sum + BigInt(pieces[unit]) * BigInt(perPiece?.[unit] ?? 0),
          tokens,
        )
        const exact = (pico + 500n) / 1_000n
        const one = price({ rates: charged, ...(perPiece === undefined ? {} : { units: perPiece }) })
        const nano = cost(used, one, undefined, pieces)
        expect(BigInt(nano)).toBe(exact > NANO_MAX ? BigInt(NANO_MAX) : exact)
        expect(nano).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  test.each([2 ** 53 - 1, 2 ** 53 - 499, 2 ** 53 - 500, 2 ** 53 - 501, 2 ** 53 - 2 ** 33])(
    'the path in doubles rounds like whole numbers up to its last one: %d',
    (pico) => {
      const nano = Number((BigInt(pico) + 500n) / 1_000n)
      expect(cost(usage({ input: 1 }), price({ rates: fullRates({ input: pico, output: 0 }) }))).toBe(nano)
    },
  )

  test('above 2^53 pico-dollars no digit is lost', () => {
    const used = usage({ input: 9_007_199_255, output: 1 })
    expect(cost(used, price({ rates: fullRates({ input: 1_000_001, output: 500 }) }))).toBe(9_007_208_262_200)
  })
})

describe('what is billed by the piece', () => {
  const units: UnitRates = {
    requests: 5_000_000_000,
    images: 40_000_000_000,
    audioSeconds: 100_000_000,
    videoSeconds: 400_000_000_000,
    pages: 2_000_000_000,
  }

  test('is added to the tokens; every attempt is one request', () => {
    expect(cost(usage({ input: 7 }), price({ units }))).toBe(5_007_000)
    const pieces = { ...ONE_REQUEST, images: 3, audioSeconds: 61, videoSeconds: 8, pages: 12 }
    expect(cost(NO_USAGE, price({ units }), undefined, pieces)).toBe(
      5_000_000 + 120_000_000 + 6_100_000 + 3_200_000_000 + 24_000_000,
    )
  })

  test('costs nothing where the price lists none, and what the tier says where one was used', () => {
    expect(cost(NO_USAGE, price({}), undefined, { ...ONE_REQUEST, images: 3 })).toBe(0)
    const tiers = { batch: { rates: rates(0.5, 1), steps: [], units: { ...units, images: 20_000_000_000 } } }
    expect(cost(NO_USAGE, price({ units, tiers }), 'batch', { ...ONE_REQUEST, images: 1 })).toBe(25_000_000)
  })
})

describe('long prompts', () => {
  const steps: readonly Step[] = [
    { abovePromptTokens: 100_000, rates: rates(5, 10) },
    { abovePromptTokens: 200_000, rates: rates(7, 14) },
  ]

  test.each([
    [100_000, 100_000_000],
    [100_001, 500_005_000],
    [200_000, 1_000_000_000],
    [200_001, 1_400_007_000],
  ])('a prompt of %d tokens is billed whole at the rate of its size', (input, nano) => {
    expect(cost(usage({ input }), price({ steps }))).toBe(nano)
  })

  test('tokens from and to the cache, audio and images count to the size of the prompt, the answer does not', () => {
    const kinds = { cacheRead: 1, cacheWrite5m: 1, cacheWrite1h: 1, cacheWriteOther: 1, inputAudio: 1, inputImage: 1 }
    expect(cost(usage({ input: 99_995, ...kinds }), price({ steps }))).toBe(100_001 * 5_000)
    expect(cost(usage({ input: 1, output: 500_000 }), price({ steps }))).toBe(1_000 + 500_000 * 2_000)
  })
})

describe('service tiers', () => {
  const tiers = { flex: { rates: rates(0.5, 1), steps: [{ abovePromptTokens: 10, rates: rates(0.75, 1.5) }] } }

  test('the tier that the vendor named is billed, with its own steps', () => {
    expect(cost(usage({ input: 10 }), price({ tiers }), 'flex')).toBe(5_000)
    expect(cost(usage({ input: 11 }), price({ tiers }), 'flex')).toBe(8_250)
  })

  test.each([undefined, 'default', 'constructor', '__proto__'])('tier %s costs the ordinary price', (tier) => {
    expect(cost(usage({ input: 11 }), price({ tiers }), tier)).toBe(11_000)
  })
})

describe('the price in force', () => {
  const old = price({ version: 'old', from: day('2026-01-01') })
  const now = price({ version: 'now', from: day('2026-12-01') })

  test('is the newest whose day has come, to the millisecond', () => {
    expect(priceAt([old, now], day('2026-12-01') - 1)).toBe(old)
    expect(priceAt([old, now], day('2026-12-01'))).toBe(now)
  })

  test('ends with its own end, and then the one before it holds again', () => {
    const offer = price({ version: 'offer', from: day('2026-02-01'), until: day('2026-03-01') })
    const at = (moment: number) => priceAt([old, now, offer], moment)?.version
    expect([at(offer.from - 1), at(offer.from), at(day('2026-03-01') - 1)]).toEqual(['old', 'offer', 'offer'])
    expect([at(day('2026-03-01')), at(day('2026-12-01'))]).toEqual(['old', 'now'])
    expect(priceAt([offer], day('2026-03-01'))).toBeUndefined()
  })

  test('is unknown before the first day and without any price', () => {
    expect(priceAt([old, now], day('2026-01-01') - 1)).toBeUndefined()
    expect(priceAt([], day('2026-12-01'))).toBeUndefined()
  })

  test.each([
    ['2026-11-20T00:59:59.999Z', 'old'],
    ['2026-11-20T01:00:00.000Z', 'busy'],
    ['2026-11-20T03:59:59.999Z', 'busy'],
    ['2026-11-20T04:00:00.000Z', 'old'],
    ['2026-11-21T02:00:00.000Z', 'old'],
    ['2026-11-23T02:00:00.000Z', 'busy'],
  ])('at %s it is %s: a price for busy hours holds on its days and in its hours only', (moment, version) => {
    const hours = [{ startMinute: 60, endMinute: 240, days: [1, 2, 3, 4, 5] }]
    const busy = price({ version: 'busy', from: old.from, hours })
    expect(priceAt([old, busy], day(moment))?.version).toBe(version)
  })

  test('agrees with the calendar about every moment', () => {
    const span = { min: new Date('1970-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }
    fc.assert(
      fc.property(fc.date(span), (date) => {
        const minute = date.getUTCHours() * 60 + date.getUTCMinutes()
        const only = price({ hours: [{ startMinute: minute, endMinute: minute + 1, days: [date.getUTCDay()] }] })
        expect(priceAt([only], date.getTime())).toBe(only)
        expect(priceAt([only], date.getTime() + DAY_MS)).toBeUndefined()
        expect(priceAt([only], date.getTime() + 60_000)).toBeUndefined()
      }),
    )
  })
})

describe('kinds that a vendor does not price', () => {
  test('cost what their nearest relative costs, never nothing', () => {
    expect(fullRates({ input: 3, output: 7 })).toEqual({
      input: 3,
      cacheRead: 3,
      cacheWrite5m: 3,
      cacheWrite1h: 3,
      cacheWriteOther: 3,
      inputAudio: 3,
      inputImage: 3,
      output: 7,
      reasoning: 7,
      outputAudio: 7,
      outputImage: 7,
      searches: 0,
    })
  })

  test('a cache write of unknown age costs the five-minute price, and an hour the price of any write', () => {
    expect(fullRates({ input: 3, output: 7, cacheWrite5m: 4 })).toMatchObject({ cacheWriteOther: 4, cacheWrite1h: 4 })
    expect(fullRates({ input: 3, output: 7, cacheWriteOther: 5 })).toMatchObject({ cacheWrite5m: 5, cacheWrite1h: 5 })
  })

  test('a published zero stays a zero', () => {
    expect(fullRates({ input: 3, output: 7, cacheRead: 0, reasoning: 0 })).toMatchObject({ cacheRead: 0, reasoning: 0 })
  })
})
