import type { Capabilities } from '../capabilities.ts'
import type { Chat } from '../chat.ts'
import type { Losses } from '../loss.ts'

export interface LimitInputs {
  readonly capabilities: Capabilities
  readonly stream: boolean
  readonly losses: Losses
}

/** The answer's limit, not above the model's own: several vendors refuse a larger one instead of taking theirs. */
export function fitLimit(chat: Chat, { capabilities, stream, losses }: LimitInputs): Chat {
  const { outputTokensMax = Number.POSITIVE_INFINITY, outputTokensMaxWhole = Number.POSITIVE_INFINITY } = capabilities
  const most = stream ? outputTokensMax : Math.min(outputTokensMax, outputTokensMaxWhole)
  if (chat.outputTokensMax === undefined || chat.outputTokensMax <= most) return chat
  const why =
    most < outputTokensMax
      ? `the model answers at most ${most} tokens when it does not stream`
      : `the model answers at most ${most} tokens`
  losses.add({ field: 'outputTokensMax', what: 'clamped', why })
  return { ...chat, outputTokensMax: most }
}
