import type { ModelFacts } from '../capabilities.ts'
import { ANSWER_TOKENS } from '../reasoning-amount.ts'

export interface BudgetBounds {
  readonly facts: ModelFacts
  /** Largest answer in tokens, reasoning included; `null`: not known. */
  readonly limit: number | null
}

/**
 * A budget in tokens that the model takes and that leaves something for the answer. The limit is never raised for it: it is what
 * the client is ready to pay for. `off` where not even the least fits and it can be switched off.
 */
export function clampedBudget(tokens: number, { facts, limit }: BudgetBounds): number | 'off' {
  const { min, max } = facts.budget ?? UNKNOWN
  const room = limit === null || tokens < limit ? tokens : limit - ANSWER_TOKENS
  const budget = Math.max(min, Math.min(room, max ?? Number.POSITIVE_INFINITY))
  const fits = limit === null || budget < limit
  const goesOff = facts.reasoningOff !== 'no' && facts.reasoningOff !== 'between-tools'
  return fits || !goesOff ? budget : 'off'
}

/** As little as the model can reason, in tokens. */
export const leastBudget = ({ budget }: ModelFacts): number => (budget ?? UNKNOWN).min

const UNKNOWN = { min: 1, max: null }
