import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { admitAll, type Held } from './limits.ts'
import { type LimitRule, type Meter, openMeter } from './meter.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

const rule = (
  measure: LimitRule['measure'],
  max: number,
  windowMs = measure === 'concurrent' ? 0 : MINUTE,
): LimitRule => ({
  id: `${measure}-${max}-${windowMs}`,
  measure,
  max,
  windowMs,
})
const requests = (max: number, windowMs?: number) => openMeter(rule('requests', max, windowMs))
const tokens = (max: number, windowMs?: number) => openMeter(rule('tokens', max, windowMs))
const concurrent = (max: number) => openMeter(rule('concurrent', max))

/** An admission that the test is sure of. */
function admit(meters: readonly Meter[], amount: number, nowMs: number): Held {
  const admission = admitAll(meters, { tokens: amount }, nowMs)
  if (admission.verdict === 'deny') throw new Error(`refused by ${admission.rule.id}`)
  return admission
}

const windows = fc.constantFrom(SECOND, MINUTE, DAY)
const rules = fc.oneof(
  fc.record({ measure: fc.constant('requests' as const), max: fc.integer({ min: 1, max: 40 }), windowMs: windows }),
  fc.record({ measure: fc.constant('tokens' as const), max: fc.integer({ min: 1, max: 9_000 }), windowMs: windows }),
)
const places = fc.record({
  measure: fc.constant('concurrent' as const),
  max: fc.integer({ min: 1, max: 8 }),
  windowMs: fc.constant(0),
})
const named = <Rule>(list: readonly Rule[]) => list.map((one, index) => ({ ...one, id: `rule ${index}` }))

interface Step {
  readonly gapMs: number
  readonly tokens: number
  /** Which of the open requests ends before this one begins, if there is such a one. */
  readonly ends: number
  readonly used: number | null
}
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    gapMs: fc.oneof(fc.integer({ min: 0, max: 3 * SECOND }), fc.integer({ min: 0, max: MINUTE })),
    tokens: fc.integer({ min: 0, max: 4_000 }),
    ends: fc.nat(6),
    used: fc.option(fc.integer({ min: 0, max: 6_000 })),
  }),
  { maxLength: 120, size: 'max' },
)

interface Refusal {
  readonly rule: LimitRule
  readonly seconds: number | undefined
  readonly tokens: number
  /** What is answered after the wait that was told, and a second before; absent where none was told. */
  readonly then?: 'pass' | 'deny'
  readonly aSecondEarlier?: 'pass' | 'deny'
}

const left = (meters: readonly Meter[], nowMs: number) => meters.map((meter) => meter.remaining(nowMs))

describe('a request under several rules', () => {
  test('takes from all or, where one refuses, from none', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(rules, places), { minLength: 1, maxLength: 5 }), steps, (list, script) => {
        const meters = named(list).map(openMeter)
        const open: Held[] = []
        let nowMs = 0
        for (const { gapMs, tokens, ends, used } of script) {
          nowMs += gapMs
          for (const held of open.splice(ends, 1)) held.settle(used, nowMs)
          const before = left(meters, nowMs)
          const after = meters.map((meter, index) => {
            const need = meter.rule.measure === 'tokens' ? Math.max(1, tokens) : 1
            return (before[index] ?? 0) - need
          })
          const fits = after.every((remaining) => remaining >= 0)
          const admission = admitAll(meters, { tokens }, nowMs)
          expect(admission.verdict).toBe(fits ? 'pass' : 'deny')
          expect(left(meters, nowMs)).toEqual(fits ? after : before)
          if (admission.verdict === 'pass') open.push(admission)
        }
      }),
    )
  })

  describe('that is refused', () => {
    const refused = fc
      .tuple(fc.array(rules, { minLength: 1, maxLength: 5 }), steps)
      .map(([list, script]) => refusals(named(list), script))

    test('is told a wait after which it fits, and none that is a second too long', () => {
      fc.assert(
        fc.property(refused, (all) => {
          for (const { rule, seconds, then, aSecondEarlier } of all) {
            if (seconds === undefined) continue
            expect(Number.isInteger(seconds)).toBe(true)
            expect(seconds).toBeGreaterThanOrEqual(1)
            expect(seconds).toBeLessThanOrEqual(rule.windowMs / SECOND)
            expect([aSecondEarlier, then]).toEqual(['deny', 'pass'])
          }
        }),
      )
    })

    test('is told that it never fits where one rule is smaller than the request', () => {
      fc.assert(
        fc.property(refused, (all) => {
          for (const { rule, seconds, tokens } of all) {
            expect(seconds === undefined).toBe(rule.measure === 'tokens' && tokens > rule.max)
          }
        }),
      )
    })

    /** Asks; where it is refused and may fit later, waits and asks again: a second too early, and when it was told. */
    function refusals(list: readonly LimitRule[], script: readonly Step[]): readonly Refusal[] {
      const meters = list.map(openMeter)
      const open: Held[] = []
      let nowMs = 0
      return script.flatMap(({ gapMs, tokens, ends, used }): Refusal[] => {
        nowMs += gapMs
        for (const held of open.splice(ends, 1)) held.settle(used, nowMs)
        const first = admitAll(meters, { tokens }, nowMs)
        if (first.verdict === 'pass') {
          open.push(first)
          return []
        }
        const { rule, retryAfterSeconds: seconds } = first
        if (seconds === undefined) return [{ rule, seconds, tokens }]
        const aSecondEarlier = admitAll(meters, { tokens }, nowMs + (seconds - 1) * SECOND).verdict
        nowMs += seconds * SECOND
        const second = admitAll(meters, { tokens }, nowMs)
        if (second.verdict === 'pass') open.push(second)
        return [{ rule, seconds, tokens, aSecondEarlier, then: second.verdict }]
      })
    }
  })

  test('is told the rule that makes it wait longest', () => {
    const meters = [requests(1, SECOND), requests(2, MINUTE), tokens(100, MINUTE), concurrent(1)]
    admit(meters, 1, 0).settle(1, 0)
    admit(meters, 1, 30_500)
    expect(admitAll(meters, { tokens: 1 }, 31_000)).toMatchObject({
      rule: { id: 'requests-2-60000' },
      retryAfterSeconds: 29,
    })
    expect(admitAll(meters, { tokens: 100 }, 31_000)).toMatchObject({
      rule: { id: 'tokens-100-60000' },
      retryAfterSeconds: 60,
    })
  })

  test('without any rule always passes', () => {
    expect(admitAll([], { tokens: 1e308 }, 0).verdict).toBe('pass')
  })
})

describe('what never fits', () => {
  test.each(['requests', 'tokens', 'concurrent'] as const)('a limit of no %s blocks everything', (measure) => {
    for (const amount of [0, 1, 1_000]) {
      const meter = openMeter(rule(measure, 0))
      expect(admitAll([meter], { tokens: amount }, 0)).toEqual({
        verdict: 'deny',
        rule: meter.rule,
        retryAfterSeconds: undefined,
      })
    }
  })

  test.each([101, 1e308, Number.POSITIVE_INFINITY, Number.NaN, -1])('%d tokens under a limit of 100', (amount) => {
    const meters = [requests(10), tokens(100)]
    expect(admitAll(meters, { tokens: amount }, 0)).toMatchObject({
      rule: { id: 'tokens-100-60000' },
      retryAfterSeconds: undefined,
    })
    expect(left(meters, 0)).toEqual([10, 100])
  })

  test('is said rather than a wait that another rule would ask for', () => {
    const meters = [requests(1), tokens(100)]
    admit(meters, 1, 0)
    expect(admitAll(meters, { tokens: 101 }, 1)).toMatchObject({ retryAfterSeconds: undefined })
  })

  test('a limit that is used up refuses also a request of no tokens', () => {
    const meter = tokens(100)
    admit([meter], 100, 0)
    expect(admitAll([meter], { tokens: 0 }, 1)).toMatchObject({ verdict: 'deny', retryAfterSeconds: 60 })
  })
})

describe('places', () => {
  test('as many are open at once as the rule says, and one that ends makes room at once', () => {
    const meter = concurrent(2)
    const first = admit([meter], 1, 0)
    admit([meter], 1, 0)
    expect(admitAll([meter], { tokens: 1 }, 0)).toEqual({ verdict: 'deny', rule: meter.rule, retryAfterSeconds: 1 })
    first.settle(null, 0)
    expect(admitAll([meter], { tokens: 1 }, 0).verdict).toBe('pass')
  })

  test('one that ends twice gives back one place', () => {
    const meter = concurrent(3)
    const first = admit([meter], 1, 0)
    admit([meter], 1, 0)
    first.settle(1, 1)
    first.settle(1, 2)
    expect(meter.remaining(2)).toBe(2)
    expect(meter.idle(2)).toBe(false)
  })
})

describe('the end of a request', () => {
  test('when all have ended with no tokens and the windows have passed, nothing is held, whatever went on', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(rules, places), { minLength: 1, maxLength: 5 }), steps, (list, script) => {
        const meters = named(list).map(openMeter)
        const all: Held[] = []
        let nowMs = 0
        for (const { gapMs, tokens } of script) {
          nowMs += gapMs
          const admission = admitAll(meters, { tokens }, nowMs)
          if (admission.verdict === 'pass') all.push(admission)
        }
        for (const held of all) held.settle(0, nowMs)
        for (const meter of meters) {
          const { max, windowMs } = meter.rule
          expect(meter.remaining(nowMs + windowMs)).toBe(max)
          expect(meter.resetMs(nowMs + windowMs)).toBe(0)
          expect(meter.idle(nowMs + windowMs)).toBe(true)
        }
      }),
    )
  })

  test('puts the tokens that were used where those are that were reserved', () => {
    const meter = tokens(1_000)
    const held = admit([meter], 600, 0)
    expect(meter.remaining(1)).toBe(400)
    held.settle(250, 40_000)
    expect(meter.remaining(40_000)).toBe(750)
    expect(meter.resetMs(40_000)).toBe(20_000)
  })

  test('once: a second end changes nothing', () => {
    const meter = tokens(1_000)
    const held = admit([meter], 600, 0)
    held.settle(250, 1)
    held.settle(0, 2)
    held.settle(900, 3)
    expect(meter.remaining(3)).toBe(750)
  })

  test('with more tokens than reserved goes above the limit, and the next one waits', () => {
    const meter = tokens(1_000)
    admit([meter], 600, 0).settle(5_000, 1)
    expect(meter.remaining(1)).toBe(0)
    expect(admitAll([meter], { tokens: 1 }, 1)).toMatchObject({ verdict: 'deny', retryAfterSeconds: 60 })
    expect(admitAll([meter], { tokens: 1 }, MINUTE).verdict).toBe('pass')
  })

  test.each([null, Number.NaN, -1, 0.5, 1e308, Number.POSITIVE_INFINITY])(
    'with %j tokens, which says nothing, leaves the reservation',
    (used) => {
      const meter = tokens(1_000)
      admit([meter], 600, 0).settle(used, 1)
      expect(meter.remaining(1)).toBe(400)
    },
  )

  test('after its window has passed changes nothing', () => {
    const meter = tokens(1_000)
    const held = admit([meter], 600, 0)
    admit([meter], 100, MINUTE)
    held.settle(900, MINUTE)
    expect(meter.remaining(MINUTE)).toBe(900)
  })

  test('gives back no request: one that failed was one', () => {
    const meter = requests(2)
    admit([meter], 1, 0).settle(0, 1)
    expect(meter.remaining(1)).toBe(1)
  })
})

describe('a changed rule', () => {
  test.each(['requests', 'tokens', 'concurrent'] as const)('of %s keeps what was counted', (measure) => {
    const meter = openMeter(rule(measure, 3))
    const held = admit([meter], 1, 0)
    const larger = { ...rule(measure, 5), id: 'larger' }
    expect(meter.setRule(larger)).toBe(meter)
    expect(meter.rule).toBe(larger)
    expect(meter.remaining(1)).toBe(4)
    meter.setRule(rule(measure, 0))
    expect(meter.remaining(1)).toBe(0)
    expect(admitAll([meter], { tokens: 1 }, 1)).toMatchObject({ retryAfterSeconds: undefined })
    meter.setRule(larger)
    held.settle(0, 2)
    expect(meter.remaining(2)).toBe(measure === 'requests' ? 4 : 5)
  })

  test('of another measure begins anew, and the old meter is settled as if nothing had happened', () => {
    const meter = tokens(100)
    const held = admit([meter], 60, 0)
    const other = meter.setRule(rule('concurrent', 2))
    expect(other).not.toBe(meter)
    expect(other.remaining(1)).toBe(2)
    held.settle(10, 1)
    expect(meter.remaining(1)).toBe(90)
    const back = other.setRule(rule('tokens', 100))
    expect(back).not.toBe(other)
    expect(back.remaining(1)).toBe(100)
  })
})
