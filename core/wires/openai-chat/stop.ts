import type { Stop, StopReason } from '../../part.ts'

/** What else the answer held, which says more than the vendor's word does (wire-formats 1.5.3). */
export interface Held {
  readonly calls: boolean
  readonly refusal: boolean
}

/** Why the answer ended. A word that is not known is a natural end: the vendor has many. */
export function readStop(native: string | null, { calls, refusal }: Held): Stop {
  const said = READ.get(native ?? '') ?? 'stop'
  // Whoever is told of a call waits for one.
  const reason = said === 'calls' && !calls ? 'stop' : said
  if (reason === 'stop' && calls) return { reason: 'calls', native }
  if (reason === 'stop' && refusal) return { reason: 'refusal', native }
  return { reason, native }
}

/** Whether the word says that the answer failed: then there is none, whatever came before it. */
export const isFailure = (native: string): boolean => FAILURES.has(native)

/** The word for a client, the presence of a call before all others. */
export const writeStop = ({ reason }: Stop, { calls }: Held): string =>
  calls && (reason === 'stop' || reason === 'pause') ? WRITTEN.calls : WRITTEN[reason]

/** The vendor's own word, where ours says less than it did. */
export const nativeWord = ({ reason, native }: Stop): string | undefined =>
  native !== null && SAYS_LESS.includes(reason) ? native : undefined

const READ: ReadonlyMap<string, StopReason> = new Map([
  ['stop', 'stop'],
  ['length', 'length'],
  ['model_length', 'context'],
  ['tool_calls', 'calls'],
  ['function_call', 'calls'],
  ['content_filter', 'filter'],
])

/** Nodes and gateways that have an error for a reason to finish. */
const FAILURES: ReadonlySet<string> = new Set(['error', 'abort', 'insufficient_system_resource'])

const WRITTEN: { readonly [reason in StopReason]: string } = {
  stop: 'stop',
  sequence: 'stop',
  length: 'length',
  context: 'length',
  calls: 'tool_calls',
  pause: 'stop',
  refusal: 'content_filter',
  filter: 'content_filter',
  blocked: 'content_filter',
  recitation: 'content_filter',
  'broken-call': 'error',
}

const SAYS_LESS: readonly StopReason[] = [
  'context',
  'pause',
  'refusal',
  'filter',
  'blocked',
  'recitation',
  'broken-call',
]
