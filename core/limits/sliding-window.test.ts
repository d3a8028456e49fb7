import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ExactLog, fullestWindow } from './exact-log-test-kit.ts'
import { SlidingWindow, type WindowLimit } from './sliding-window.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

/** Milliseconds in steps of 1/1024, so that sums of them are exact and what is expected needs no tolerance. */
const exactMs = (milliseconds: number): number => Math.round(milliseconds * 1_024) / 1_024

/** Between two arrivals: often nothing, mostly up to `typical` of a window, sometimes more than a whole one. */
const gaps = (windowMs: number, typical: number) =>
  fc
    .oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 30, arbitrary: fc.double({ min: 0, max: typical, noNaN: true }) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 1.5, noNaN: true }) },
    )
    .map((part) => exactMs(part * windowMs))
const typicalGap = fc.constantFrom(0.001, 0.01, 0.1, 1)

const limits = fc.record({
  max: fc.oneof(
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 1, max: 600 }),
    fc.integer({ min: 1, max: 9_000_000 }),
  ),
  windowMs: fc.constantFrom(SECOND, MINUTE, DAY),
})

interface Arrival {
  readonly gapMs: number
  readonly units: number
}

const load = fc.tuple(limits, typicalGap).chain(([limit, typical]) =>
  fc.record({
    limit: fc.constant(limit),
    arrivals: fc.array(
      fc.record({
        gapMs: gaps(limit.windowMs, typical),
        units: fc.oneof(
          { weight: 9, arbitrary: fc.constant(1) },
          { weight: 3, arbitrary: fc.integer({ min: 1, max: Math.ceil(limit.max / 100) }) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: Math.ceil(limit.max / 3) }) },
        ),
      }),
      { maxLength: 600, size: 'max' },
    ),
  }),
)

/** What is let through of these arrivals, and when. */
function admitted(limit: WindowLimit, arrivals: readonly Arrival[]) {
  const window = new SlidingWindow(limit)
  const taken: { readonly atMs: number; readonly units: number }[] = []
  let nowMs = 0
  for (const { gapMs, units } of arrivals) {
    nowMs += gapMs
    if (window.waitMs(nowMs, units) !== 0) continue
    window.take(nowMs, units)
    taken.push({ atMs: nowMs, units })
  }
  return taken
}

describe('never too much', () => {
  test('no window holds more than the limit, wherever it begins', () => {
    fc.assert(
      fc.property(load, ({ limit, arrivals }) => {
        expect(fullestWindow(admitted(limit, arrivals), limit.windowMs)).toBeLessThanOrEqual(limit.max)
      }),
    )
  })

  test('what is left is never more than an exact log says, and less by one entry at most', () => {
    fc.assert(
      fc.property(load, ({ limit, arrivals }) => {
        const window = new SlidingWindow(limit)
        const exact = new ExactLog(limit)
        let nowMs = 0
        for (const { gapMs, units } of arrivals) {
          nowMs += gapMs
          const room = window.room(nowMs)
          expect(room).toBeLessThanOrEqual(exact.room(nowMs))
          const entryMax = limit.max > 256 ? Math.ceil(limit.max / 256) : 0
          expect(room).toBeGreaterThanOrEqual(window.entries < 256 ? exact.room(nowMs) - entryMax : 0)
          if (units > room) continue
          window.take(nowMs, units)
          exact.take(nowMs, units)
        }
      }),
    )
  })

  test('the two sides of the window: a unit counts until just before its length has passed', () => {
    const window = new SlidingWindow({ max: 1, windowMs: SECOND })
    window.take(5, 1)
    expect(window.room(1_004.999)).toBe(0)
    expect(window.room(1_005)).toBe(1)
  })

  test('a clock that goes back frees nothing and breaks nothing', () => {
    const window = new SlidingWindow({ max: 3, windowMs: SECOND })
    window.take(5_000, 1)
    window.take(4_000, 1)
    expect(window.room(4_000)).toBe(1)
    expect(window.room(5_999)).toBe(1)
    expect(window.room(6_000)).toBe(3)
  })
})

describe('never too little', () => {
  /** Arrivals at the same distance, three for each unit of the limit, each of `units`. */
  function perWindow(limit: WindowLimit, units: number, windows: number): readonly number[] {
    const window = new SlidingWindow(limit)
    const arrivals = (3 * limit.max) / units
    return Array.from({ length: windows }, (_, cycle) => {
      let accepted = 0
      for (let index = 0; index < arrivals; index++) {
        const nowMs = cycle * limit.windowMs + exactMs((index * limit.windowMs) / arrivals)
        if (window.waitMs(nowMs, units) !== 0) continue
        window.take(nowMs, units)
        accepted += units
      }
      return accepted
    })
  }

  test.each(
    [SECOND, MINUTE, DAY].flatMap((windowMs) =>
      [
        { max: 1, units: 1 },
        { max: 3, units: 1 },
        { max: 10, units: 1 },
        { max: 100, units: 1 },
        { max: 256, units: 1 },
        { max: 257, units: 1 },
        { max: 300, units: 1 },
        { max: 511, units: 1 },
        { max: 1_000, units: 1 },
        { max: 20_000, units: 1 },
        { max: 100_000, units: 7 },
        { max: 5_000_000, units: 1_000 },
        { max: 5_000_000, units: 250_000 },
        { max: 2_000_000_000, units: 500_000 },
      ].map((limit) => ({ ...limit, windowMs })),
    ),
  )('at three times $max in $windowMs ms, $units at once, each window gets 99 to 100 %', ({ units, ...limit }) => {
    for (const accepted of perWindow(limit, units, 40)) {
      expect(accepted).toBeLessThanOrEqual(limit.max)
      expect(accepted).toBeGreaterThanOrEqual(Math.floor(limit.max / units) * units * 0.99)
    }
  })

  test.each([1, 3, 10, 100, 256])('a limit of %d decides as an exact log does, for arrivals at random', (max) => {
    for (const { accepts, exactAccepts } of atRandom(max)) expect(accepts).toBe(exactAccepts)
  })

  test.each([257, 1_000, 5_000])(
    'a limit of %d lets 99 % of what an exact log does through, for arrivals at random',
    (max) => {
      const decisions = atRandom(max)
      const accepted = decisions.filter(({ accepts }) => accepts).length
      const exact = decisions.filter(({ exactAccepts }) => exactAccepts).length
      expect(accepted).toBeGreaterThanOrEqual(exact * 0.99)
    },
  )

  /** Three times as many arrivals as the limit allows, over twenty minutes. */
  function atRandom(max: number) {
    const random = randomOf(max)
    const window = new SlidingWindow({ max, windowMs: MINUTE })
    const decisions: { readonly accepts: boolean; readonly exactAccepts: boolean }[] = []
    const exact: number[] = []
    let nowMs = 0
    while (nowMs < 20 * MINUTE) {
      nowMs += exactMs((-Math.log(1 - random()) * MINUTE) / (3 * max))
      const exactAccepts = (exact.at(-max) ?? -MINUTE) + MINUTE <= nowMs
      if (exactAccepts) exact.push(nowMs)
      const accepts = window.waitMs(nowMs, 1) === 0
      if (accepts) window.take(nowMs, 1)
      decisions.push({ accepts, exactAccepts })
    }
    return decisions
  }

  test('a steady load at the limit keeps passing, in amounts of any size', () => {
    const limit = { max: 1_000_000, windowMs: MINUTE }
    const window = new SlidingWindow(limit)
    const random = randomOf(1)
    let accepted = 0
    const arrivalMs = exactMs(MINUTE / 3_000)
    for (let nowMs = 0; nowMs < 40 * MINUTE; nowMs += arrivalMs) {
      const units = Math.ceil(random() * 2_000)
      if (window.waitMs(nowMs, units) !== 0) continue
      window.take(nowMs, units)
      accepted += units
    }
    expect(accepted).toBeGreaterThanOrEqual(40 * limit.max * 0.99)
  })
})

test('tokens that were reserved and given back do not count: a steady load gets 99 % of the limit in what it really used', () => {
  const limit = { max: 1_000_000, windowMs: MINUTE }
  const window = new SlidingWindow(limit)
  const arrivalMs = exactMs(MINUTE / 30_000)
  let used = 0
  for (let nowMs = 0; nowMs < 20 * MINUTE; nowMs += arrivalMs) {
    if (window.waitMs(nowMs, 1_000) !== 0) continue
    window.take(nowMs, 1_000)
    window.adjust(nowMs, -900, nowMs)
    used += 100
  }
  expect(used).toBeLessThanOrEqual(20 * limit.max)
  expect(used).toBeGreaterThanOrEqual(20 * limit.max * 0.99)
})

describe('waiting', () => {
  test('after the wait that was told the units fit, and not a moment before', () => {
    fc.assert(
      fc.property(load, fc.double({ min: 0, max: 1, noNaN: true }), ({ limit, arrivals }, part) => {
        const taken = admitted(limit, arrivals)
        const window = new SlidingWindow(limit)
        for (const { atMs, units } of taken) window.take(atMs, units)
        const nowMs = taken.at(-1)?.atMs ?? 0
        const units = Math.ceil(part * limit.max)
        const waitMs = window.waitMs(nowMs, units) ?? Number.NaN
        expect(waitMs).toBeLessThanOrEqual(limit.windowMs)
        expect(waitMs === 0 || window.room(nowMs + waitMs - 1 / 1_024) < units).toBe(true)
        expect(window.room(nowMs + waitMs)).toBeGreaterThanOrEqual(units)
      }),
    )
  })

  test('everything is free again at the reset, and not before', () => {
    fc.assert(
      fc.property(load, ({ limit, arrivals }) => {
        const taken = admitted(limit, arrivals)
        fc.pre(taken.length > 0)
        const window = new SlidingWindow(limit)
        for (const { atMs, units } of taken) window.take(atMs, units)
        const nowMs = taken.at(-1)?.atMs ?? 0
        const resetMs = window.resetMs(nowMs)
        expect(resetMs).toBe(limit.windowMs)
        expect(window.room(nowMs + resetMs - 1 / 1_024)).toBeLessThan(limit.max)
        expect(window.idle(nowMs + resetMs - 1 / 1_024)).toBe(false)
        expect(window.room(nowMs + resetMs)).toBe(limit.max)
        expect(window.idle(nowMs + resetMs)).toBe(true)
        expect(window.resetMs(nowMs + resetMs)).toBe(0)
      }),
    )
  })

  test('more than the limit never fits', () => {
    const window = new SlidingWindow({ max: 10, windowMs: SECOND })
    expect(window.waitMs(0, 11)).toBeUndefined()
    expect(window.waitMs(0, 10)).toBe(0)
  })
})

describe('settling', () => {
  const settlements = fc.tuple(limits, typicalGap).chain(([limit, typical]) =>
    fc.record({
      limit: fc.constant(limit),
      steps: fc.array(
        fc.record({
          gapMs: gaps(limit.windowMs, typical),
          units: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: Math.ceil(limit.max / 3) })),
          actual: fc.integer({ min: 0, max: limit.max }),
          settled: fc.integer({ min: 0, max: 12 }),
        }),
        { maxLength: 200, size: 'max' },
      ),
    }),
  )

  test('the truth counts where the reservation was: never less than an exact log, never a sixteenth of a window longer', () => {
    fc.assert(
      fc.property(settlements, ({ limit, steps }) => {
        const window = new SlidingWindow(limit)
        const exact = new ExactLog(limit)
        const longer = new ExactLog({ ...limit, windowMs: limit.windowMs * (1 + 1 / 16) })
        const open: { readonly atMs: number; readonly units: number }[] = []
        let nowMs = 0
        for (const { gapMs, units, actual, settled } of steps) {
          nowMs += gapMs + 1 / 1_024
          if (window.waitMs(nowMs, units) === 0) {
            window.take(nowMs, units)
            exact.take(nowMs, units)
            longer.take(nowMs, units)
            open.push({ atMs: nowMs, units })
          }
          const over = open[settled]
          if (over !== undefined) {
            open.splice(settled, 1)
            window.adjust(over.atMs, actual - over.units, nowMs)
            if (over.atMs + limit.windowMs > nowMs) {
              exact.adjust(over.atMs, actual - over.units)
              longer.adjust(over.atMs, actual - over.units)
            }
          }
          expect(window.room(nowMs)).toBeLessThanOrEqual(Math.max(0, exact.room(nowMs)))
          expect(window.room(nowMs)).toBeGreaterThanOrEqual(Math.max(0, longer.room(nowMs)))
        }
      }),
    )
  })

  test('small reservations that turn out large are held a sixteenth of a window too long at most', () => {
    const window = new SlidingWindow({ max: 100_000, windowMs: MINUTE })
    for (let atMs = 0; atMs < MINUTE; atMs += SECOND) window.take(atMs, 1)
    window.adjust(0, 50_000, MINUTE - 1)
    expect(window.room(MINUTE - 1)).toBeLessThan(50_000)
    expect(window.room(MINUTE + MINUTE / 16)).toBeGreaterThanOrEqual(99_940)
  })

  test('what was reserved and not used is free at once', () => {
    fc.assert(
      fc.property(load, ({ limit, arrivals }) => {
        const taken = admitted(limit, arrivals)
        const window = new SlidingWindow(limit)
        for (const { atMs, units } of taken) window.take(atMs, units)
        const nowMs = taken.at(-1)?.atMs ?? 0
        const inside = taken.filter(({ atMs }) => atMs + limit.windowMs > nowMs)
        const outside = taken.length - inside.length
        for (const { atMs, units } of taken) window.adjust(atMs, -units, nowMs)
        // What has left is not corrected any more, and may share the entry at the edge.
        const stays = outside === 0 ? 0 : Math.ceil(limit.max / 256)
        expect(window.room(nowMs)).toBeGreaterThanOrEqual(limit.max - stays)
        expect(window.room(nowMs + limit.windowMs)).toBe(limit.max)
      }),
    )
  })

  test('more than was reserved may go above the limit, and the next wait until it fits again', () => {
    const window = new SlidingWindow({ max: 100, windowMs: MINUTE })
    window.take(0, 10)
    window.take(30_000, 10)
    window.adjust(0, 490, 31_000)
    expect(window.room(31_000)).toBe(0)
    expect(window.waitMs(31_000, 90)).toBe(29_000)
    expect(window.waitMs(31_000, 91)).toBe(59_000)
    expect(window.room(60_000)).toBe(90)
  })

  test('what has left the window is left alone', () => {
    const window = new SlidingWindow({ max: 100, windowMs: MINUTE })
    window.take(0, 10)
    window.take(59_000, 10)
    window.adjust(0, 50, 60_000)
    window.adjust(0, -10, 60_000)
    expect(window.room(60_000)).toBe(90)
  })

  test('a reservation that was settled to nothing can still be settled upwards by its neighbour', () => {
    const window = new SlidingWindow({ max: 100, windowMs: MINUTE })
    window.take(5, 10)
    window.take(5, 1)
    window.adjust(5, -11, 6)
    expect(window.room(6)).toBe(100)
    expect(window.resetMs(6)).toBe(0)
    expect(window.idle(6)).toBe(false)
    window.adjust(5, 7, 7)
    expect(window.room(7)).toBe(93)
  })
})

describe('whatever is handed in', () => {
  const absurd = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    1e308,
    -1e308,
    -1,
    -0,
    0.5,
    5e-324,
    Number.MAX_SAFE_INTEGER,
    2 ** 53,
  ]
  const units = fc.oneof(fc.constantFrom(...absurd), fc.double(), fc.integer({ min: 0, max: 1_000 }))

  test('the count stays a whole number from nothing to the limit, and is whole again a window later', () => {
    const step = fc.record({ take: units, delta: units, wait: units, back: fc.nat(5_000) })
    fc.assert(
      fc.property(units, fc.array(step, { maxLength: 60 }), (max, steps) => {
        const window = new SlidingWindow({ max, windowMs: SECOND })
        const whole = window.room(0)
        let nowMs = 0
        for (const { take, delta, wait, back } of steps) {
          nowMs += 100
          window.take(nowMs, take)
          window.adjust(nowMs - back, delta, nowMs)
          expect(Number.isSafeInteger(window.room(nowMs))).toBe(true)
          expect(window.room(nowMs)).toBeGreaterThanOrEqual(0)
          expect(window.room(nowMs)).toBeLessThanOrEqual(whole)
          expect(window.waitMs(nowMs, wait) ?? 0).toBeLessThanOrEqual(SECOND)
        }
        expect(window.room(nowMs + SECOND)).toBe(whole)
        expect(window.idle(nowMs + SECOND)).toBe(true)
      }),
    )
  })

  test('no amount is no request that fits, and a part of a unit is a whole one', () => {
    const window = new SlidingWindow({ max: 10, windowMs: SECOND })
    for (const none of [Number.NaN, -1, Number.POSITIVE_INFINITY]) expect(window.waitMs(0, none)).toBeUndefined()
    window.take(0, 0.5)
    expect(window.room(0)).toBe(9)
  })

  test.each([0, -5, Number.NaN, 0.9])('a limit of %d lets nothing through', (max) => {
    const window = new SlidingWindow({ max, windowMs: SECOND })
    expect(window.room(0)).toBe(0)
    expect(window.waitMs(0, 1)).toBeUndefined()
  })
})

describe('memory', () => {
  test('there are never more than 511 entries, whatever is taken and settled', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.constantFrom(SECOND, DAY), (seed, windowMs) => {
        const random = randomOf(seed)
        const window = new SlidingWindow({ max: 1_000_000, windowMs })
        const stepMs = (windowMs / 2_000) * random()
        let nowMs = 0
        for (let index = 0; index < 3_000; index++) {
          nowMs += stepMs * random()
          window.take(nowMs, random() < 0.5 ? 1 : 4_000)
          if (random() < 0.8) window.adjust(nowMs, -3_999, nowMs)
          expect(window.entries).toBeLessThanOrEqual(511)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('a key far below its limit costs a handful', () => {
    const window = new SlidingWindow({ max: 100_000, windowMs: DAY })
    for (let index = 0; index < 1_000; index++) window.take((index * DAY) / 1_000, 1)
    expect(window.entries).toBeLessThanOrEqual(17)
  })
})

describe('a changed limit', () => {
  test('keeps what was counted, upwards and downwards', () => {
    const window = new SlidingWindow({ max: 10, windowMs: MINUTE })
    window.take(0, 8)
    window.setLimit({ max: 100, windowMs: MINUTE })
    expect(window.room(1)).toBe(92)
    window.setLimit({ max: 5, windowMs: MINUTE })
    expect(window.room(1)).toBe(0)
    expect(window.waitMs(1, 5)).toBe(59_999)
    expect(window.room(MINUTE)).toBe(5)
  })

  test('of its window is no second allowance', () => {
    const window = new SlidingWindow({ max: 10, windowMs: MINUTE })
    window.take(0, 4)
    window.take(30_000, 4)
    window.setLimit({ max: 10, windowMs: 2 * MINUTE })
    expect(window.room(90_000)).toBe(2)
    window.setLimit({ max: 10, windowMs: MINUTE })
    expect(window.room(89_999)).toBe(6)
    expect(window.room(90_000)).toBe(10)
  })
})

/** Numbers from 0 up to 1, the same ones for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
