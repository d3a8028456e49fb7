import type { Capabilities, ModelFacts } from '../capabilities.ts'
import { type Chat, EFFORTS, type Effort, type Reasoning, type WireId } from '../chat.ts'
import type { Feature, Loss, Losses } from '../loss.ts'
import { budgetForEffort, effortForBudget, nearestEffort } from '../reasoning-amount.ts'
import { clampedBudget, leastBudget } from './budget.ts'

export interface ReasoningInputs {
  readonly capabilities: Capabilities
  readonly wire: WireId | undefined
  readonly losses: Losses
}

/** How much the model is asked to reason, in the way that it understands (wire-formats 1.5.1): whether at all, how it is said, and then how much. */
export function fitReasoning(chat: Chat, { capabilities, wire, losses }: ReasoningInputs): Chat {
  const { reasoning } = chat
  if (reasoning === undefined) return chat
  const context: Context = {
    facts: capabilities,
    levels: levelsOf(capabilities, wire),
    limit: chat.outputTokensMax ?? capabilities.outputTokensMax ?? null,
    lose: (field, what, why) => losses.add({ field, what, why }),
  }
  const fitted =
    capabilities.reasons === false
      ? unreasoned(reasoning, context)
      : fitEffort(fitAmount(fitMode(reasoning, context), context), context)
  if (fitted === reasoning) return chat
  const { reasoning: _, ...rest } = chat
  return Object.keys(fitted).length === 0 ? rest : { ...rest, reasoning: fitted }
}

interface Context {
  readonly facts: ModelFacts
  /** The levels that the model takes where it will be asked, or `undefined` when nobody knows. */
  readonly levels: readonly Effort[] | undefined
  /** Largest answer in tokens, reasoning included; `null`: not known. */
  readonly limit: number | null
  readonly lose: (feature: Feature, what: Loss['what'], why: string) => void
}

function levelsOf({ efforts, effortMaxOnChat }: ModelFacts, wire: WireId | undefined): readonly Effort[] | undefined {
  if (effortMaxOnChat === undefined || wire !== 'openai-chat') return efforts
  return upTo(effortMaxOnChat, efforts ?? EFFORTS)
}

const upTo = (most: Effort, levels: readonly Effort[]): readonly Effort[] =>
  levels.filter((level) => EFFORTS.indexOf(level) <= EFFORTS.indexOf(most))

/** A model that never reasons: what only the client's wire knows stays, so that whoever writes the request can say that it is lost. */
function unreasoned({ mode, effort, text, own }: Reasoning, { lose }: Context): Reasoning {
  const why = 'the model does not reason'
  if (mode !== undefined && mode !== 'off') lose(featureOf(mode), 'dropped', why)
  if (effort !== undefined && mode !== 'off') lose('reasoning.effort', 'dropped', why)
  if (text !== undefined && text !== 'hidden') lose('reasoning.shown', 'dropped', why)
  return own === undefined ? {} : { own }
}

function featureOf(mode: NonNullable<Reasoning['mode']>): Feature {
  if (typeof mode === 'object') return 'reasoning.budget'
  return mode === 'off' ? 'reasoning.off' : mode === 'auto' ? 'reasoning.auto' : 'reasoning.betweenTools'
}

/** Whether it reasons at all. */
function fitMode(reasoning: Reasoning, context: Context): Reasoning {
  const { reasoningOff } = context.facts
  if (reasoningOff === undefined) return reasoning
  if (reasoning.mode === 'off') return fitOff(reasoning, reasoningOff, context)
  if (reasoning.mode === 'between-tools') return fitBetweenTools(reasoning, reasoningOff, context)
  return reasoning
}

type Off = NonNullable<ModelFacts['reasoningOff']>

function fitOff(reasoning: Reasoning, off: Off, context: Context): Reasoning {
  switch (off) {
    case 'yes':
    case 'up-to-high':
      return reasoning
    case 'between-tools':
      context.lose('reasoning.off', 'clamped', 'the model still reasons between calls')
      return { ...reasoning, mode: 'between-tools' }
    case 'no':
      context.lose('reasoning.off', 'clamped', 'the model always reasons: as little as it can')
      return least(reasoning, context)
  }
}

function fitBetweenTools(reasoning: Reasoning, off: Off, context: Context): Reasoning {
  switch (off) {
    case 'between-tools':
      return reasoning
    case 'yes':
    case 'up-to-high':
      context.lose('reasoning.betweenTools', 'clamped', 'the model cannot reason between calls only: switched off')
      return { ...reasoning, mode: 'off' }
    case 'no':
      context.lose('reasoning.betweenTools', 'clamped', 'the model always reasons: as little as it can')
      return least(reasoning, context)
  }
}

function least(reasoning: Reasoning, { facts, levels }: Context): Reasoning {
  const { mode: _, effort: __, ...rest } = reasoning
  if (facts.reasoningAmount === 'budget') return { ...rest, mode: { budgetTokens: leastBudget(facts) } }
  const lowest = EFFORTS.find((effort) => levels?.includes(effort))
  return lowest === undefined ? rest : { ...rest, effort: lowest }
}

/** By level or by budget. */
function fitAmount(reasoning: Reasoning, context: Context): Reasoning {
  const { reasoningAmount, budget } = context.facts
  if (reasoning.mode === 'off') return reasoning
  if (reasoningAmount === 'budget') return byBudget(reasoning, context)
  return reasoningAmount === 'level' || budget === null ? byLevel(reasoning, context) : reasoning
}

function byLevel(reasoning: Reasoning, context: Context): Reasoning {
  const { facts, levels, lose } = context
  const { mode, ...rest } = reasoning
  if (typeof mode === 'object') {
    lose('reasoning.budget', 'emulated', 'the model takes a level instead of a budget')
    const effort = rest.effort ?? nearestEffort(effortForBudget(mode.budgetTokens), levels ?? [])
    const auto = facts.reasoningAuto === 'yes' || facts.reasoningAuto === 'needed'
    return { ...rest, effort, ...(auto ? { mode: 'auto' } : {}) }
  }
  if (mode === 'auto' && facts.reasoningAuto === 'no') return unasked(rest, context)
  // Nothing is lost by saying so: elsewhere an effort alone means to reason.
  if (mode === undefined && rest.effort !== undefined && facts.reasoningAuto === 'needed')
    return { ...rest, mode: 'auto' }
  return reasoning
}

/** A model that has no word for `auto` does it unasked, unless it does not reason unasked. */
function unasked(reasoning: Reasoning, { facts, levels, lose }: Context): Reasoning {
  if (reasoning.effort !== undefined || facts.reasoningDefault !== 'off') return reasoning
  const effort = nearestEffort(USUAL, levels ?? [])
  lose('reasoning.auto', 'emulated', `as the level ${effort}`)
  return { ...reasoning, effort }
}

/** How much `auto` is where the model cannot decide by itself. */
const USUAL: Effort = 'medium'

function byBudget(reasoning: Reasoning, context: Context): Reasoning {
  const { facts, limit, lose } = context
  const { mode, effort, ...rest } = reasoning
  if (typeof mode === 'object') {
    const { effort: _, ...bare } = reasoning
    if (effort !== undefined) lose('reasoning.effort', 'dropped', 'the model takes a budget instead of a level')
    return withBudget(bare, mode.budgetTokens, { ...context, asked: 'reasoning.budget' })
  }
  if (effort !== undefined) {
    const budget = budgetForEffort(effort, { outputTokensMax: limit })
    return withBudget(rest, budget, { ...context, asked: 'reasoning.effort' })
  }
  if (mode !== 'auto' || facts.reasoningAuto !== 'no') return reasoning
  const budget = budgetForEffort(USUAL, { outputTokensMax: limit })
  return withBudget(rest, budget, { ...context, asked: 'reasoning.auto' })
}

function withBudget(
  reasoning: Reasoning,
  tokens: number,
  { facts, limit, lose, asked }: Context & { readonly asked: Feature },
): Reasoning {
  const budget = clampedBudget(tokens, { facts, limit })
  if (budget === 'off') {
    lose(asked, 'dropped', 'the answer may not be long enough for any reasoning')
    return { ...reasoning, mode: 'off' }
  }
  if (asked !== 'reasoning.budget') lose(asked, 'emulated', `as a budget of ${budget} tokens`)
  else if (budget !== tokens) lose(asked, 'clamped', `to ${budget} tokens`)
  return { ...reasoning, mode: { budgetTokens: budget } }
}

/** The level, as near as the model has it. */
function fitEffort(reasoning: Reasoning, context: Context): Reasoning {
  const { effort, ...rest } = reasoning
  const levels = levelsFor(reasoning, context)
  if (effort === undefined || levels === undefined || levels.includes(effort)) return reasoning
  if (levels.length === 0) {
    context.lose('reasoning.effort', 'dropped', 'the model takes no level')
    return rest
  }
  const nearest = nearestEffort(effort, levels)
  context.lose('reasoning.effort', 'clamped', `to ${nearest}`)
  return { ...rest, effort: nearest }
}

function levelsFor({ mode }: Reasoning, { facts, levels }: Context): readonly Effort[] | undefined {
  const quiet = mode === 'off' || mode === 'between-tools'
  const bounded = facts.reasoningOff === 'up-to-high' || facts.reasoningOff === 'between-tools'
  return quiet && bounded ? upTo('high', levels ?? EFFORTS) : levels
}
