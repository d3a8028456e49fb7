import type { Chat } from '../../chat.ts'
import { FEATURES, type Losses } from '../../loss.ts'
import { isSpelt, loseOwn, ownFields } from '../../own.ts'
import type { RequestTarget, WrittenRequest } from '../../wire.ts'
import { loseFeature } from './features.ts'
import { writeInput } from './input-write.ts'
import { writeSettings } from './settings-write.ts'
import { WIRE } from './spelling.ts'
import { writeTools } from './tools-write.ts'
import { writingFor } from './writing.ts'

/** The body for a vendor. What another wire's client has said is said in this one's way; what came from this wire, as it came. */
export function writeRequest(chat: Chat, target: RequestTarget): WrittenRequest {
  const { writing, originals } = writingFor(chat, target)
  const { losses } = writing
  loseOwn(chat, WIRE, losses)
  loseUnsayable(chat, losses)
  const isStreamSaid = chat.stream || isSpelt(chat.own, WIRE, 'not streamed')
  const body = {
    ...ownFields(chat.own, WIRE),
    model: target.model,
    ...(isStreamSaid ? { stream: chat.stream } : {}),
    ...writeInput(chat, writing),
    ...writeTools(chat, writing),
    ...writeSettings(chat, writing),
  }
  return { body, losses: losses.list(), undo: { toolNames: originals, customTools: new Set() } }
}

/** What has no place anywhere in the body. */
function loseUnsayable(chat: Chat, losses: Losses): void {
  const asked: { readonly [feature: string]: boolean } = {
    stops: (chat.stops?.length ?? 0) > 0,
    topK: chat.topK !== undefined,
    presencePenalty: (chat.presencePenalty ?? 0) !== 0,
    frequencyPenalty: (chat.frequencyPenalty ?? 0) !== 0,
    seed: chat.seed !== undefined,
    logitBias: chat.logitBias !== undefined,
    choices: (chat.choices ?? 1) > 1,
  }
  for (const feature of FEATURES) if (asked[feature] === true) loseFeature(feature, losses)
}
