import { describe, expect, test } from 'vitest'
import { EFFORTS, type Effort } from './chat.ts'
import { budgetForEffort, effortForBudget, nearestEffort } from './reasoning-amount.ts'

describe('a budget for an effort', () => {
  test('grows with the effort, and comes back as the same effort', () => {
    const budgets = EFFORTS.map((effort) => budgetForEffort(effort, { outputTokensMax: null }))
    expect(budgets).toEqual(budgets.toSorted((one, other) => one - other))
    expect(new Set(budgets).size).toBe(EFFORTS.length)
    expect(budgets.map(effortForBudget)).toEqual(EFFORTS)
  })

  test.each<[Effort, number, number]>([
    ['high', 64_000, 24_576],
    ['high', 10_000, 8_976],
    ['max', 32_000, 30_976],
    ['low', 2_000, 976],
  ])('%s within %d tokens of output is %d: 1,024 stay for the answer', (effort, outputTokensMax, budget) => {
    expect(budgetForEffort(effort, { outputTokensMax })).toBe(budget)
  })

  test.each([0, 1, 1_023, 1_024, 1_025])('is never zero or negative, even within %d tokens', (outputTokensMax) => {
    expect(budgetForEffort('high', { outputTokensMax })).toBe(512)
  })
})

test.each<[number, Effort]>([
  [-1, 'minimal'],
  [0, 'minimal'],
  [512, 'minimal'],
  [513, 'low'],
  [1_024, 'low'],
  [1_025, 'medium'],
  [10_000, 'high'],
  [24_577, 'xhigh'],
  [32_769, 'max'],
  [1e12, 'max'],
  [Number.NaN, 'max'],
])('a budget of %d tokens is %s', (budget, effort) => {
  expect(effortForBudget(budget)).toBe(effort)
})

test.each<[Effort, readonly Effort[], Effort]>([
  ['medium', ['low', 'medium', 'high'], 'medium'],
  ['minimal', ['low', 'medium', 'high'], 'low'],
  ['max', ['low', 'medium', 'high'], 'high'],
  ['medium', ['low', 'high'], 'high'],
  ['medium', ['high', 'low'], 'high'],
  ['xhigh', ['low', 'medium', 'high', 'max'], 'max'],
  ['xhigh', ['low'], 'low'],
  ['high', [], 'high'],
])('the nearest to %s of %j is %s', (effort, levels, nearest) => {
  expect(nearestEffort(effort, levels)).toBe(nearest)
})
