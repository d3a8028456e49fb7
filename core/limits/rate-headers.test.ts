import { describe, expect, test } from 'vitest'
import { admitAll } from './limits.ts'
import { type LimitRule, openMeter } from './meter.ts'
import { rateHeaders } from './rate-headers.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const WALL_MS = Date.UTC(2026, 10, 21, 18, 48, 12, 345)

const meters = (...rules: readonly (readonly [LimitRule['measure'], max: number, windowMs: number])[]) =>
  rules.map(([measure, max, windowMs], index) => openMeter({ id: `rule ${index}`, measure, max, windowMs }))
const at = (nowMs: number) => ({ nowMs, wallMs: WALL_MS + nowMs })

describe.each(['openai-chat', 'openai-responses'] as const)('a client of %s', (wire) => {
  test('is told limit, remaining and reset of requests and of tokens', () => {
    const list = meters(['requests', 60, MINUTE], ['tokens', 150_000, 6 * MINUTE])
    admitAll(list, { tokens: 16 }, 0)
    expect(rateHeaders(wire, list, at(0))).toEqual([
      'x-ratelimit-limit-requests',
      '60',
      'x-ratelimit-remaining-requests',
      '59',
      'x-ratelimit-reset-requests',
      '1m0s',
      'x-ratelimit-limit-tokens',
      '150000',
      'x-ratelimit-remaining-tokens',
      '149984',
      'x-ratelimit-reset-tokens',
      '6m0s',
    ])
  })

  test.each([
    [0, '24h0m0s'],
    [41 * MINUTE + 30_856, '23h18m29.144s'],
    [DAY - 60 * MINUTE, '1h0m0s'],
    [DAY - 60 * MINUTE + 1, '59m59.999s'],
    [DAY - 6 * MINUTE, '6m0s'],
    [DAY - 86_400, '1m26.4s'],
    [DAY - MINUTE, '1m0s'],
    [DAY - MINUTE + 1, '59.999s'],
    [DAY - 1_200, '1.2s'],
    [DAY - 1_000, '1s'],
    [DAY - 999.5, '1s'],
    [DAY - 230, '230ms'],
    [DAY - 0.25, '1ms'],
    [DAY, '0s'],
  ])('%d ms after a day began reads the reset as %s', (nowMs, text) => {
    const list = meters(['requests', 10, DAY])
    admitAll(list, { tokens: 1 }, 0)
    expect(rateHeaders(wire, list, at(nowMs)).at(-1)).toBe(text)
  })
})

describe('a client of anthropic', () => {
  test('is told the reset as a time of day, never too early', () => {
    const list = meters(['requests', 60, MINUTE], ['tokens', 1_000, DAY])
    admitAll(list, { tokens: 400 }, 0)
    expect(rateHeaders('anthropic', list, at(0))).toEqual([
      'anthropic-ratelimit-requests-limit',
      '60',
      'anthropic-ratelimit-requests-remaining',
      '59',
      'anthropic-ratelimit-requests-reset',
      '2026-11-21T18:49:13Z',
      'anthropic-ratelimit-tokens-limit',
      '1000',
      'anthropic-ratelimit-tokens-remaining',
      '600',
      'anthropic-ratelimit-tokens-reset',
      '2026-11-22T18:48:13Z',
    ])
  })
})

describe('the rule that is told', () => {
  const limitOf = (list: ReturnType<typeof meters>, nowMs = 0) => rateHeaders('openai-chat', list, at(nowMs))[1]

  test('is the one with the smallest part left, wherever it stands', () => {
    const list = meters(['requests', 1_000, DAY], ['requests', 10, MINUTE], ['requests', 50, MINUTE])
    admitAll(list, { tokens: 1 }, 0)
    expect(limitOf(list)).toBe('10')
    // A minute later only the day remembers.
    expect(limitOf(list, MINUTE)).toBe('1000')
  })

  test('is, of two that are used up, the one that takes longer', () => {
    const list = meters(['requests', 1, MINUTE], ['requests', 1, DAY])
    admitAll(list, { tokens: 1 }, 0)
    expect(rateHeaders('openai-chat', list, at(0)).at(-1)).toBe('24h0m0s')
  })

  test('is one that blocks everything', () => {
    expect(limitOf(meters(['requests', 10, MINUTE], ['requests', 0, MINUTE]))).toBe('0')
  })
})

describe('nothing is told', () => {
  test.each(['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const)(
    'to a client of %s without limits, or with one of places only',
    (wire) => {
      expect(rateHeaders(wire, [], at(0))).toEqual([])
      expect(rateHeaders(wire, meters(['concurrent', 5, 0]), at(0))).toEqual([])
    },
  )

  test('to a client of gemini, whose wire has no such headers', () => {
    expect(rateHeaders('gemini', meters(['requests', 5, MINUTE], ['tokens', 5, MINUTE]), at(0))).toEqual([])
  })
})
