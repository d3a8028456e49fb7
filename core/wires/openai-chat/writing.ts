import type { CacheMark, Own, Proof } from '../../chat.ts'
import { sentCallId } from '../../call-id.ts'
import type { JsonObject } from '../../json.ts'
import type { Inability, Losses } from '../../loss.ts'
import { isProofOf } from '../../proof.ts'
import type { ToolNames } from '../../tool-names.ts'
import type { RequestTarget } from '../../wire.ts'
import { writeMark } from './cache-mark.ts'
import { cannot } from './features.ts'
import { WIRE } from './kept.ts'

/** What the writing of a request needs everywhere. */
export interface Writing {
  readonly target: RequestTarget
  readonly names: ToolNames
  readonly losses: Losses
}

/** Reports a feature that this wire never says. */
export const lose = ({ losses }: Writing, feature: keyof typeof cannot): void => losses.addFeature(feature, cannot)

/** Whether a proof goes back to the account that is asked now. */
export const isOurs = (proof: Proof, { target }: Writing): boolean =>
  isProofOf(proof, { wire: WIRE, account: target.account })

/** Reports what this vendor, or this place of the wire, does not take. */
export const loseHere = ({ losses }: Writing, field: string, inability: Inability): void =>
  losses.add({ field, ...inability })

/**
 * The id of a call as the vendor takes it. OpenAI counts the letters of those on its chat wire (vercel/ai issue 5171, litellm issue 17343);
 * what its own clients send is theirs. An empty one gets letters, so that the result still finds its call.
 */
export const sentId = (id: string, { target }: Writing): string =>
  sentCallId(id, target.dialect.callId ?? (target.foreign === true ? SHORT_ID : ANY_ID))

/**
 * The fields of a cache mark. One from another wire is left out: nodes refuse the field, and its times are not OpenAI's
 * (wire-formats 1.5, prompt cache marks).
 */
export function markFields(mark: CacheMark | undefined, own: Own | undefined, writing: Writing): JsonObject {
  if (mark === undefined) return {}
  if (writing.target.foreign !== true) return writeMark(mark, own)
  loseHere(writing, 'text.cacheMark', { what: 'dropped', why: 'the provider places cache marks by itself' })
  return {}
}

const ANY_ID = { pattern: /^[^]+$/, lengthMax: Number.POSITIVE_INFINITY }
const SHORT_ID = { ...ANY_ID, lengthMax: 40 }
