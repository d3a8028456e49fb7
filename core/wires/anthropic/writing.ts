import type { Block } from '../../chat.ts'
import type { Feature, Losses } from '../../loss.ts'
import { isProofOf } from '../../proof.ts'
import type { RequestTarget } from '../../wire.ts'
import { cannot } from './features.ts'
import { WIRE } from './kept.ts'

/** What every part of a request's writer knows. */
export interface Writing {
  /** Whether a client of this wire asks: then all goes back as it came. */
  readonly home: boolean
  readonly target: RequestTarget
  readonly losses: Losses
  /** The name of a tool as it is sent. */
  readonly sentName: (name: string) => string
}

/** Reports a feature that this wire has no place for. */
export const lose = ({ losses }: Writing, feature: Feature): void => losses.addFeature(feature, cannot)

/** Reports a feature that the wire can say, but not here. */
export const drop = ({ losses }: Writing, field: Feature, why: string): void =>
  losses.add({ field, what: 'dropped', why })

/** Whether the block's proof goes back to the account that is asked now. */
export const isProven = ({ proof }: Block, { target }: Writing): boolean =>
  proof !== undefined && isProofOf(proof, { wire: WIRE, account: target.account })

/**
 * Whether the vendor is asked in the version of 2026-10-21 or a later one, which refuses sampling, documents in an answer and citations in
 * a question. Clouds have versions of other names; those are older.
 */
export const isStrictVersion = ({ target }: Writing): boolean => {
  const { version = '' } = target.dialect
  return DATED.test(version) && version >= STRICT_VERSION
}

const STRICT_VERSION = '2026-10-21'
const DATED = /^\d{4}-\d{2}-\d{2}$/
