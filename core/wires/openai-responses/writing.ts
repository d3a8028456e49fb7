import { sentCallId } from '../../call-id.ts'
import type { Chat, Proof } from '../../chat.ts'
import { Losses } from '../../loss.ts'
import { isProofOf } from '../../proof.ts'
import { plainNames, toolNames } from '../../tool-names.ts'
import type { Dialect, RequestTarget } from '../../wire.ts'
import { WIRE } from './spelling.ts'

/** What the writers of a body's pieces share. */
export interface Writing {
  /** The chat was read from this wire and goes back to it: every node is spelt as it came. */
  readonly home: boolean
  /** The chat was read from another wire. */
  readonly abroad: boolean
  readonly dialect: Dialect
  readonly losses: Losses
  readonly sentName: (name: string) => string
  readonly sentId: (id: string) => string
  /** The text of a proof that may be given back, or `undefined` for one of somebody else. */
  readonly proofData: (proof: Proof) => string | undefined
  /** Ids of calls of custom tools: their results have a kind of their own. */
  readonly customCalls: ReadonlySet<string>
}

/** For a request to a vendor, and the names of tools that it must be told back. */
export function writingFor(
  chat: Chat,
  target: RequestTarget,
): { writing: Writing; originals: ReadonlyMap<string, string> } {
  const { account, dialect } = target
  const home = chat.own?.wire === WIRE && target.foreign !== true
  const names = home ? SAME_NAMES : toolNames(chat, NAME_RULE)
  const callId = dialect.callId ?? (home ? undefined : ID_RULE)
  const writing: Writing = {
    home,
    abroad: target.foreign === true,
    dialect,
    losses: new Losses(),
    sentName: names.sent,
    sentId: (id) => (callId === undefined ? id : sentCallId(id, callId)),
    proofData: (proof) => (isProofOf(proof, { wire: WIRE, account }) ? proof.data : undefined),
    customCalls: customCalls(chat),
  }
  return { writing, originals: names.originals }
}

/** For what a reply of this wire's own vendor says, or repeats of the request: everything as it came. */
export const sameWriting = (chat: Chat | undefined): Writing => ({
  home: chat === undefined || chat.own?.wire === WIRE,
  abroad: false,
  dialect: {},
  losses: new Losses(),
  sentName: SAME_NAMES.sent,
  sentId: (id) => id,
  proofData: ({ data }) => data,
  customCalls: new Set(),
})

const SAME_NAMES = { sent: (name: string): string => name, originals: new Map<string, string>() }

/** wire-formats 1.5. */
const NAME_RULE = plainNames(64)
const ID_RULE = { pattern: /^[a-zA-Z0-9_.:-]+$/, lengthMax: 64 }

function customCalls({ turns }: Chat): ReadonlySet<string> {
  const calls = turns.flatMap(({ blocks }) => blocks.filter((block) => block.kind === 'call'))
  return new Set(calls.filter(({ input }) => input.kind === 'custom').map(({ id }) => id))
}
