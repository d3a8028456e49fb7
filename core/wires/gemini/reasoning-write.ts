import type { Effort, Reasoning } from '../../chat.ts'
import type { JsonObject } from '../../json.ts'
import type { Losses } from '../../loss.ts'
import { budgetForEffort, effortForBudget } from '../../reasoning-amount.ts'
import { LEVEL } from './config-read.ts'
import { speltAs } from './kept.ts'
import { lose, type Writing } from './writing.ts'

/**
 * An amount of reasoning is a level or a budget, and both together are refused (wire-formats 1.3): a client of this wire has
 * chosen one, for others the model's row says which it takes.
 */
export function writeReasoning(reasoning: Reasoning, writing: Writing): JsonObject {
  const { isHome, losses, target } = writing
  const { dialect } = target
  const isBudget =
    isHome && dialect.reasoning === undefined ? reasoning.effort === undefined : dialect.reasoning === 'budget'
  const amount = isBudget ? asBudget(reasoning, writing) : asLevel(reasoning, writing)
  const { text } = reasoning
  if (text === 'concise' || text === 'detailed') {
    losses.add({ field: 'reasoning.shown', what: 'emulated', why: 'there is one kind of summary' })
  }
  // Hidden is what it does when nothing is said, and models that do not think refuse any word about it.
  if (text === 'hidden') return isHome ? { ...amount, includeThoughts: false } : amount
  return text === undefined ? amount : { ...amount, includeThoughts: true }
}

function asBudget({ mode, effort }: Reasoning, { chat, losses }: Writing): JsonObject {
  if (mode === 'off') {
    loseEffortOfNothing(effort, losses)
    return { thinkingBudget: 0 }
  }
  if (mode === 'auto' && effort === undefined) return { thinkingBudget: -1 }
  if (typeof mode === 'object') {
    if (effort !== undefined)
      losses.add({ field: 'reasoning.effort', what: 'dropped', why: 'the budget stands for it' })
    return { thinkingBudget: mode.budgetTokens }
  }
  if (mode === 'between-tools') lose(losses, 'reasoning.betweenTools')
  if (effort === undefined) return {}
  losses.add({ field: 'reasoning.effort', what: 'emulated', why: 'the model takes a budget of tokens' })
  return { thinkingBudget: budgetForEffort(effort, { outputTokensMax: chat.outputTokensMax ?? null }) }
}

function asLevel({ mode, effort }: Reasoning, { chat, losses }: Writing): JsonObject {
  if (mode === 'between-tools') lose(losses, 'reasoning.betweenTools')
  if (mode === 'auto' && effort === undefined) losses.add(LEVELS_DECIDE)
  if (mode === 'off') {
    losses.add(LEVELS_ARE_ON)
    loseEffortOfNothing(effort, losses)
  }
  if (typeof mode === 'object') {
    const what = effort === undefined ? 'emulated' : 'dropped'
    losses.add({ field: 'reasoning.budget', what, why: 'the model takes a level instead of a budget' })
  }
  const wanted = mode === 'off' ? AS_GOOD_AS_OFF : (effort ?? effortOf(mode))
  if (wanted === undefined) return {}
  const spelt = speltAs(chat.own, LEVEL)
  if (spelt?.toLowerCase() === wanted) return { thinkingLevel: spelt }
  const level = LEVELS[wanted]
  if (level === undefined) losses.add({ field: 'reasoning.effort', what: 'clamped', why: 'the highest level is HIGH' })
  return { thinkingLevel: level ?? 'HIGH' }
}

/** Without thinking there is nothing left that an effort could say here. */
function loseEffortOfNothing(effort: Reasoning['effort'], losses: Losses): void {
  if (effort !== undefined) losses.add({ field: 'reasoning.effort', what: 'dropped', why: 'thinking is off' })
}

const LEVELS_DECIDE = {
  field: 'reasoning.auto',
  what: 'emulated',
  why: 'nothing is said: a model with levels decides for itself',
} as const
const LEVELS_ARE_ON = {
  field: 'reasoning.off',
  what: 'emulated',
  why: 'a model with levels always reasons: a low one is asked for',
} as const

/** The lowest level that every model with levels takes. */
const AS_GOOD_AS_OFF = 'low'

const effortOf = (mode: Reasoning['mode']): Effort | undefined =>
  typeof mode === 'object' ? effortForBudget(mode.budgetTokens) : undefined

const LEVELS: { readonly [effort in Effort]: string | undefined } = {
  minimal: 'MINIMAL',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  xhigh: undefined,
  max: undefined,
}
