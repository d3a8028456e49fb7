import { describe } from 'vitest'
import type { JsonObject } from '../json.ts'
import type { ReadReply, RequestTarget, StreamEvent, Wire, WriteReply } from '../wire.ts'
import { asking } from './chat-parts.ts'
import type { FeatureWire } from './features.ts'
import { faultLaws } from './wire-faults.ts'
import { garbageLaws } from './wire-garbage.ts'
import { replyLaws } from './wire-replies.ts'
import { requestLaws } from './wire-requests.ts'
import { streamLaws } from './wire-streams.ts'

/** What the suite needs to know of a wire beside the wire itself: real bodies, and what they cannot say of themselves. */
export interface WireSamples {
  readonly feature: FeatureWire
  readonly requests: readonly Sample<JsonObject>[]
  readonly replies: readonly Sample<JsonObject>[]
  /** Framed, from the first event to the last. */
  readonly streams: readonly Sample<string>[]
  /** Frames without a blank line behind them that mean nothing and may stand anywhere: comments, pings, events of next year. */
  readonly noise: readonly string[]
  /** Whether this event says that the reply is whole. */
  readonly isTerminal: (event: StreamEvent) => boolean
  /** All wires: what this one has read, every one must be able to write. */
  readonly wires: readonly Wire[]
}

/** `name` is for the title of the test. */
export interface Sample<Body> {
  readonly name: string
  readonly body: Body
}

/** Everything that holds for every wire (design, section 4): a new wire is held to what the others passed. */
export function wireContract(wire: Wire, samples: WireSamples): void {
  describe(`the wire ${wire.id}`, () => {
    describe('requests', () => requestLaws(wire, samples))
    describe('replies', () => replyLaws(wire, samples))
    describe('streams', () => streamLaws(wire, samples))
    describe('faults', () => faultLaws(wire))
    describe('garbage', () => garbageLaws(wire, samples))
  })
}

/** How the suite reads what a vendor says. */
export const READ_REPLY: ReadReply = {
  flavour: 'openai',
  account: 'main',
  spendLimitCodes: ['insufficient_quota'],
  endsWithDone: true,
}

/** How the suite writes for a client. */
export const WRITE_REPLY: WriteReply = {
  requestId: 'req_contract',
  createdAt: 1_790_000_000,
  inputEstimate: 12,
  usageAsked: true,
  chat: asking({}),
}

/** Whom the suite writes for. */
export const TARGET: RequestTarget = { model: 'vendor-model', account: 'main', outputTokensMax: 8_000, dialect: {} }
