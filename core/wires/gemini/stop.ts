import type { Stop, StopReason } from '../../part.ts'

/**
 * Why a candidate ended. Gemini says STOP also where the model calls a tool: the presence of a call decides (wire-formats 1.5.3).
 * A word that nobody knows is taken for a filter's, because it is not the natural end.
 */
export function stopOf(native: string, hasCall: boolean): Stop {
  const reason = REASONS.get(native) ?? 'filter'
  return { reason: reason === 'stop' && hasCall ? 'calls' : reason, native }
}

/** Whether a candidate said everything that it began to say. */
export const isNaturalEnd = (native: string): boolean => REASONS.get(native) === 'stop'

/** Gemini's word for the end of a candidate. */
export const finishReasonOf = (reason: StopReason): string => WORDS[reason]

const REASONS: ReadonlyMap<string, StopReason> = new Map(
  Object.entries<StopReason>({
    STOP: 'stop',
    MAX_TOKENS: 'length',
    SAFETY: 'filter',
    BLOCKLIST: 'filter',
    PROHIBITED_CONTENT: 'filter',
    SPII: 'filter',
    MODEL_ARMOR: 'filter',
    OTHER: 'filter',
    IMAGE_SAFETY: 'filter',
    IMAGE_PROHIBITED_CONTENT: 'filter',
    IMAGE_OTHER: 'filter',
    NO_IMAGE: 'filter',
    RECITATION: 'recitation',
    IMAGE_RECITATION: 'recitation',
    LANGUAGE: 'recitation',
    MALFORMED_FUNCTION_CALL: 'broken-call',
    MALFORMED_RESPONSE: 'broken-call',
    UNEXPECTED_TOOL_CALL: 'broken-call',
    TOO_MANY_TOOL_CALLS: 'broken-call',
    MISSING_THOUGHT_SIGNATURE: 'broken-call',
  }),
)

const WORDS: { readonly [reason in StopReason]: string } = {
  stop: 'STOP',
  sequence: 'STOP',
  length: 'MAX_TOKENS',
  context: 'MAX_TOKENS',
  calls: 'STOP',
  pause: 'STOP',
  refusal: 'SAFETY',
  filter: 'SAFETY',
  blocked: 'PROHIBITED_CONTENT',
  recitation: 'RECITATION',
  'broken-call': 'MALFORMED_FUNCTION_CALL',
}
