import type { Chat } from '../../chat.ts'
import type { Feature, Losses } from '../../loss.ts'
import type { ToolNames } from '../../tool-names.ts'
import type { RequestTarget } from '../../wire.ts'
import { cannot } from './features.ts'

/** What every writer of a part of the request is given. */
export interface Writing {
  readonly chat: Chat
  readonly target: RequestTarget
  readonly losses: Losses
  readonly names: ToolNames
  /** Whether Gemini's own client asks: then it is written as it came, without the rules for other wires. */
  readonly isHome: boolean
}

/** Reports a feature that this wire cannot say, in the words of its table. */
export const lose = (losses: Losses, feature: Feature): void => losses.addFeature(feature, cannot)
