import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Body } from '../core/body.ts'
import type { Fault } from '../core/fault.ts'
import type { KeyRecord } from '../core/key-record.ts'
import type { JsonObject } from '../core/json.ts'
import type { Loss, LossMode } from '../core/loss.ts'
import type { Operation } from '../core/operation.ts'
import type { Attempt } from '../core/route.ts'
import type { AskedFields } from '../core/wires/openai-chat/asked.ts'
import type { ReplyReader } from '../core/reply-reader.ts'
import type { AttemptRun } from './attempt-run.ts'
import type { Endpoint } from './endpoints.ts'
import type { Refusal } from './refusal.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * The record that grows through the hops: each takes what the one before returned and adds what it learned, so a hop in
 * the wrong place does not compile.
 */
export interface Inbound {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly operation: Operation
  readonly endpoint: Endpoint
  /** The configuration that this request began with and keeps. */
  readonly snapshot: Snapshot
}

export interface Known extends Inbound {
  readonly key: KeyRecord
}

export interface Asked extends Known {
  readonly body: Body
  readonly fields: AskedFields
  /** The body as it was parsed; absent where it is so large that only the scan has read it. */
  readonly parsed: JsonObject | undefined
  /** The provider that keeps what this request goes on from, by its name; `undefined`: any may answer. */
  readonly boundTo: string | undefined
}

/** Admitted: every policy let it pass, and holds what it reserved until the account closes. */
export interface Admitted extends Asked {
  readonly admitted: true
}

export interface Planned extends Admitted {
  /** In the order in which they are tried. Never empty. */
  readonly attempts: readonly Attempt[]
  readonly lossMode: LossMode
}

export interface Answered extends Planned {
  readonly run: AttemptRun
  readonly answer: Answer
  /** What the client's request could not keep on its way to this vendor. */
  readonly losses: readonly Loss[]
}

/** What came back: a reply that has opened, or the vendor's refusal. */
export type Answer = Opened | Refusal

/** A stream of which the first event has come, or a whole reply of which the first byte has. */
export interface Opened {
  readonly kind: 'stream' | 'whole'
  readonly contentType: string
  readonly reader: ReplyReader
  /** An error of ours in the client's wire, inside a stream that has begun. */
  readonly faultFrame: (fault: Fault) => string
}
