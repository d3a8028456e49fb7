import type { Capabilities } from './capabilities.ts'
import type { Chat, WireId } from './chat.ts'
import { fitLimit } from './fit/limit.ts'
import { fitReasoning } from './fit/reasoning.ts'
import { refuse } from './fit/refuse.ts'
import { fitSchema } from './fit/schema.ts'
import { fitSettings } from './fit/settings.ts'
import { fitToolChoice, type ForcedCall } from './fit/tool-choice.ts'
import { type Loss, Losses } from './loss.ts'

/** How the vendor will be asked. */
export interface Asking {
  readonly stream: boolean
  /** The vendor's wire, where one of its endpoints takes less than another. */
  readonly wire?: WireId
}

export interface Fitted {
  readonly chat: Chat
  /** By the names of features; a setting at its default that was left out is none. */
  readonly losses: readonly Loss[]
  /** The calls that were demanded and could only be asked for: whoever has the answer must see whether it has one. */
  readonly force?: ForcedCall
}

/**
 * What a client asks, cut to what the model takes (wire-formats 1.1, 1.2.4, 1.3, 1.5): a pure function of both, so that every turn of a
 * conversation is cut alike. With no facts nothing is changed, and what has been fitted once fits. Throws `bad_request` for what
 * cannot be left out without answering another question: an unfinished assistant's turn, or a picture for a model without eyes. For requests
 * that are translated; what a client says in the vendor's own wire is the vendor's to judge.
 */
export function fit(chat: Chat, capabilities: Capabilities, asking: Asking): Fitted {
  const losses = new Losses()
  const limited = fitLimit(chat, { capabilities, stream: asking.stream, wire: asking.wire, losses })
  // Reasoning first: whether it is on decides what else may be asked.
  const reasoned = fitReasoning(limited, { capabilities, wire: asking.wire, losses })
  refuse(reasoned, capabilities)
  const set = fitSettings(reasoned, capabilities, losses)
  const { chat: chosen, force } = fitToolChoice(set, capabilities, losses)
  const fitted = fitSchema(chosen, capabilities, losses)
  return { chat: fitted, losses: losses.list(), ...(force === undefined ? {} : { force }) }
}
