import type { Capabilities } from '../capabilities.ts'
import type { Chat, WireId } from '../chat.ts'
import type { Losses } from '../loss.ts'

export interface LimitInputs {
  readonly capabilities: Capabilities
  readonly stream: boolean
  readonly wire: WireId | undefined
  readonly losses: Losses
}

/**
 * The answer's limit, not above the model's own: several vendors refuse a larger one instead of taking theirs. None at all means to Anthropic
 * that only its cache shall be warm; the others refuse it, and warm theirs with a word too.
 */
export function fitLimit(chat: Chat, { capabilities, stream, wire, losses }: LimitInputs): Chat {
  if (chat.outputTokensMax === 0 && wire !== undefined && wire !== 'anthropic') {
    losses.add({ field: 'outputTokensMax', what: 'clamped', why: 'the vendor answers with one token at least' })
    return { ...chat, outputTokensMax: 1 }
  }
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
