import { isReasoning, type ModelFacts, type Settable } from '../capabilities.ts'
import type { Chat } from '../chat.ts'
import type { Feature, Losses } from '../loss.ts'

/**
 * Settings of the draw, as far as the model takes them. One at its default is left out in silence where the model refuses the very
 * field (several do), because nothing is lost with it.
 */
export function fitSettings(chat: Chat, facts: ModelFacts, losses: Losses): Chat {
  const reasoning = isReasoning(chat, facts)
  // Where nobody knows whether it reasons, it may: a setting too few is reported, one too many is refused by the vendor.
  const isRefused = (settable: Settable | 'not-both' | undefined): boolean =>
    settable === 'none' || (settable === 'unless-reasoning' && reasoning !== false)
  const refused = SETTINGS.filter(({ fact }) => isRefused(facts[fact]))
  const kept = refused.reduce((rest, setting) => drop(rest, setting, { losses, why: REFUSED }), chat)
  const drawn = reasoning === true && facts.samplingWithReasoning === 'default' ? defaultDraw(kept, losses) : kept
  return fitChoices(facts.sampling === 'not-both' ? oneSampling(drawn, losses) : drawn, facts, losses)
}

interface Setting {
  readonly feature: Feature & keyof Chat
  readonly fact: 'sampling' | 'penalties' | 'logprobs' | 'logitBias' | 'stops'
  /** Whether it says what would hold without it. */
  readonly isDefault: (chat: Chat) => boolean
  readonly without: (chat: Chat) => Chat
}

const TEMPERATURE: Setting = {
  feature: 'temperature',
  fact: 'sampling',
  isDefault: ({ temperature }) => temperature === 1,
  without: (chat) => {
    const { temperature: _, ...rest } = chat
    return rest
  },
}
const TOP_P: Setting = {
  feature: 'topP',
  fact: 'sampling',
  isDefault: ({ topP }) => topP === 1,
  without: (chat) => {
    const { topP: _, ...rest } = chat
    return rest
  },
}
const TOP_K: Setting = {
  feature: 'topK',
  fact: 'sampling',
  isDefault: () => false,
  without: (chat) => {
    const { topK: _, ...rest } = chat
    return rest
  },
}

const SETTINGS: readonly Setting[] = [
  TEMPERATURE,
  TOP_P,
  TOP_K,
  {
    feature: 'presencePenalty',
    fact: 'penalties',
    isDefault: ({ presencePenalty }) => presencePenalty === 0,
    without: (chat) => {
      const { presencePenalty: _, ...rest } = chat
      return rest
    },
  },
  {
    feature: 'frequencyPenalty',
    fact: 'penalties',
    isDefault: ({ frequencyPenalty }) => frequencyPenalty === 0,
    without: (chat) => {
      const { frequencyPenalty: _, ...rest } = chat
      return rest
    },
  },
  {
    feature: 'logprobs',
    fact: 'logprobs',
    isDefault: () => false,
    without: (chat) => {
      const { logprobs: _, ...rest } = chat
      return rest
    },
  },
  {
    feature: 'logitBias',
    fact: 'logitBias',
    isDefault: ({ logitBias }) => Object.keys(logitBias ?? {}).length === 0,
    without: (chat) => {
      const { logitBias: _, ...rest } = chat
      return rest
    },
  },
  {
    feature: 'stops',
    fact: 'stops',
    isDefault: ({ stops }) => stops?.length === 0,
    without: (chat) => {
      const { stops: _, ...rest } = chat
      return rest
    },
  },
]

const REFUSED = 'the model does not take it'

interface Reason {
  readonly losses: Losses
  readonly why: string
}

function drop(chat: Chat, { feature, isDefault, without }: Setting, { losses, why }: Reason): Chat {
  if (chat[feature] === undefined) return chat
  if (!isDefault(chat)) losses.add({ field: feature, what: 'dropped', why })
  return without(chat)
}

/** Least top_p that Claude draws from while it thinks (its guide to extended thinking). */
const TOP_P_LEAST = 0.95

function defaultDraw(chat: Chat, losses: Losses): Chat {
  const why = 'the model does not take it while it reasons'
  const cold = TEMPERATURE.isDefault(chat) ? chat : drop(chat, TEMPERATURE, { losses, why })
  const narrow = cold.topP !== undefined && cold.topP < TOP_P_LEAST ? drop(cold, TOP_P, { losses, why }) : cold
  return drop(narrow, TOP_K, { losses, why })
}

/** Temperature stays, unless it says nothing: it is what most clients mean. */
function oneSampling(chat: Chat, losses: Losses): Chat {
  if (chat.temperature === undefined || chat.topP === undefined) return chat
  const why = 'the model does not take it together with a temperature'
  return drop(chat, TEMPERATURE.isDefault(chat) ? TEMPERATURE : TOP_P, { losses, why })
}

function fitChoices(chat: Chat, { choicesMax }: ModelFacts, losses: Losses): Chat {
  const { choices, ...rest } = chat
  if (choices === undefined || choicesMax === undefined || choices < choicesMax) return chat
  if (choices > choicesMax)
    losses.add({ field: 'choices', what: 'clamped', why: `the model gives at most ${choicesMax} answers` })
  // One answer is what comes unasked, and a model that gives only one may not know the field.
  return choicesMax <= 1 ? rest : { ...rest, choices: choicesMax }
}
