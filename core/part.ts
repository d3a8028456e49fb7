import type { Citation, Own, Proof, WireId } from './chat.ts'
import type { Fault } from './fault.ts'
import type { Json } from './json.ts'
import type { Usage } from './usage.ts'

/**
 * A piece of a reply. A reply is a sequence of parts whether it streamed or came whole: one `start`; for each block `open`, any number
 * of `delta`, `cite` and `prove`, and `close`; `usage` whenever it is known better; one `end` for each choice; `finish` when the wire's own terminal was
 * read. Blocks of one choice may overlap (OpenAI streams parallel calls interleaved); writers whose wire cannot say that put them in order
 * (`core/sequential.ts`). A `fault` is the last part of a reply that broke.
 */
export type Part =
  | {
      readonly kind: 'start'
      /** The vendor's name of the reply; empty where it gave none. */
      readonly id: string
      /** The model that answers; empty where the vendor does not say. */
      readonly model: string
      /** Seconds since 1970, where the wire says it. */
      readonly createdAt?: number
      readonly own?: Own
    }
  | {
      readonly kind: 'open'
      readonly choice: number
      readonly block: number
      readonly content: PartContent
      readonly own?: Own
    }
  /** More text of the block: of a call its input, of anything else what it says. */
  | { readonly kind: 'delta'; readonly choice: number; readonly block: number; readonly text: string }
  | { readonly kind: 'cite'; readonly choice: number; readonly block: number; readonly citation: Citation }
  /** The block's opaque state; at most once for a block, and before it closes. */
  | { readonly kind: 'prove'; readonly choice: number; readonly block: number; readonly proof: Proof }
  | { readonly kind: 'close'; readonly choice: number; readonly block: number; readonly own?: Own }
  /** Everything used so far: a later one replaces an earlier one. */
  | {
      readonly kind: 'usage'
      readonly usage: Usage
      /** The tier that was really used, where it is not the usual one. */
      readonly serviceTier: string | null
      readonly own?: Own
    }
  | { readonly kind: 'end'; readonly choice: number; readonly stop: Stop; readonly own?: Own }
  /** The reply is whole: the vendor said so in the way of its wire. Without it, it is broken. */
  | { readonly kind: 'finish'; readonly own?: Own }
  /** The vendor's own error inside a reply that had begun, or that its status called good. Nothing follows it. */
  | { readonly kind: 'fault'; readonly fault: Fault }

/** What opens a block; its text follows in deltas. */
export type PartContent =
  | { readonly kind: 'text' }
  | { readonly kind: 'reasoning'; readonly redacted?: boolean; readonly id?: string }
  | { readonly kind: 'refusal' }
  | { readonly kind: 'call'; readonly id: string; readonly name: string; readonly input: 'function' | 'custom' }
  /** A picture or sound that the model made: complete when it opens. */
  | { readonly kind: 'media'; readonly mediaType: string; readonly base64: string }
  /** A block that only one wire knows: complete when it opens, and never written in another wire. */
  | { readonly kind: 'foreign'; readonly wire: WireId; readonly type: string; readonly json: Json }

/** Why an answer ended. `native` is the vendor's own word. */
export interface Stop {
  readonly reason: StopReason
  readonly native: string | null
  /** Which of the stop strings was met, where the wire says it. */
  readonly sequence?: string
}

/**
 * `stop`: it had said everything. `sequence`: a stop string. `length`, `context`: a limit of the answer, of the whole window. `calls`: it waits for tools. `pause`: the
 * vendor's own tool wants another turn. `refusal`: it declined. `filter`: the vendor's filter cut in. `blocked`: the
 * prompt itself was refused. `recitation`: it would have copied. `broken-call`: it called a tool in a way that nobody can read, which is
 * an error and never an empty success (wire-formats 1.5.3).
 */
export type StopReason =
  | 'stop'
  | 'sequence'
  | 'length'
  | 'context'
  | 'calls'
  | 'pause'
  | 'refusal'
  | 'filter'
  | 'blocked'
  | 'recitation'
  | 'broken-call'
