import type { Stop, StopReason } from '../../part.ts'

/** Why an answer ended. The presence of a call wins over a word that says otherwise, and its absence too (wire-formats 1.5.3). */
export function readStop(
  native: string | null,
  { called, sequence }: { readonly called: boolean; readonly sequence?: string | undefined },
): Stop {
  const said = native === null || !Object.hasOwn(REASONS, native) ? 'stop' : (REASONS[native] ?? 'stop')
  const reason = called && said === 'stop' ? 'calls' : !called && said === 'calls' ? 'stop' : said
  return { reason, native, ...(sequence === undefined ? {} : { sequence }) }
}

/** The word for a client. */
export const writeStop = ({ reason }: Stop, called: boolean): string =>
  called && reason === 'stop' ? 'tool_use' : WORDS[reason]

/** The details of a refusal: in another vendor's own word for its filter, because this wire has but one for all of them. What the model itself declined says its text. */
export function refusalDetails({ reason, native }: Stop) {
  if (WORDS[reason] !== REFUSAL) return null
  return {
    type: REFUSAL,
    category: null,
    explanation: native === null || reason === 'refusal' ? null : `The provider ended the answer with: ${native}`,
  }
}

const REFUSAL = 'refusal'

/** A word that is not known yet is a natural end: its text is whole as far as anybody knows. */
const REASONS: { readonly [word: string]: StopReason } = {
  end_turn: 'stop',
  stop_sequence: 'sequence',
  max_tokens: 'length',
  model_context_window_exceeded: 'context',
  tool_use: 'calls',
  pause_turn: 'pause',
  compaction: 'pause',
  refusal: 'refusal',
}

const WORDS: { readonly [reason in StopReason]: string } = {
  stop: 'end_turn',
  sequence: 'stop_sequence',
  length: 'max_tokens',
  context: 'model_context_window_exceeded',
  calls: 'tool_use',
  pause: 'pause_turn',
  refusal: REFUSAL,
  filter: REFUSAL,
  blocked: REFUSAL,
  recitation: REFUSAL,
  'broken-call': REFUSAL,
}
