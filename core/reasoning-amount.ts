import { EFFORTS, type Effort } from './chat.ts'

/**
 * Amounts of reasoning come as a level or as a budget of tokens, and there is no true conversion between the two. Levels are
 * written as levels wherever the other side has them; these functions are for the rest (Claude up to 4.5 and Gemini 2.5 know only
 * budgets; newer models only levels).
 */

/**
 * The budget in tokens that stands for a level. The table is the one of CLIProxyAPI, the only one in use that has all six levels
 * and is its own reverse. `outputTokensMax` is the largest answer that was asked for, in tokens (`null`: not limited): reasoning
 * counts into it, so `ANSWER_TOKENS` of it stay free for the answer. Never under the smallest row, so that it is no vendor's word
 * for `off` or for `as you like`. A model's own range is the caller's business.
 */
export function budgetForEffort(
  effort: Effort,
  { outputTokensMax }: { readonly outputTokensMax: number | null },
): number {
  const room = outputTokensMax === null ? Number.POSITIVE_INFINITY : outputTokensMax - ANSWER_TOKENS
  return Math.max(BUDGETS.minimal, Math.min(BUDGETS[effort], room))
}

/** The level that stands for a budget in tokens: the least one whose own budget is not smaller. */
export const effortForBudget = (budgetTokens: number): Effort =>
  EFFORTS.find((effort) => BUDGETS[effort] >= budgetTokens) ?? 'max'

/**
 * The nearest of the levels that a model takes, in any order. Between two that are equally near the higher one: a little too much
 * thinking costs tokens, too little costs the answer. The level itself when there are none to choose from.
 */
export function nearestEffort(effort: Effort, levels: readonly Effort[]): Effort {
  const wanted = EFFORTS.indexOf(effort)
  const distance = (level: Effort) => Math.abs(EFFORTS.indexOf(level) - wanted)
  const upwards = EFFORTS.filter((level) => levels.includes(level))
  const least = Math.min(...upwards.map(distance))
  return upwards.findLast((level) => distance(level) === least) ?? effort
}

/** Tokens that a budget leaves for the answer itself. */
export const ANSWER_TOKENS = 1_024

const BUDGETS: { readonly [effort in Effort]: number } = {
  minimal: 512,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 32_768,
  max: 128_000,
}
