import type { Json } from '../../core/json.ts'

/** What goes back to the gateway: a function of the request alone, so that sending it is the only part that waits. */
export type Reply = WholeReply | StreamReply | HangReply

export interface WholeReply {
  readonly kind: 'whole'
  readonly body: Json
  /** How long a model of this speed thinks. */
  readonly waitMs: number
}

export interface StreamReply {
  readonly kind: 'stream'
  readonly chunks: Iterable<Json>
  /** Pause before each chunk. */
  readonly chunkMs: number
  /** `cut`: the connection breaks after the last chunk instead of ending. */
  readonly end: 'done' | 'cut'
}

/** Says nothing until the other side gives up. */
export interface HangReply {
  readonly kind: 'hang'
}
