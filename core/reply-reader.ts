import type { Fault } from './fault.ts'
import type { Loss } from './loss.ts'
import type { Usage, UsageSource } from './usage.ts'

/**
 * Reads a vendor's reply while its bytes pass, and says which of them go on. It decodes only what the meter needs:
 * usage, the model that answered, and whether the reply ended as its wire says.
 */
export interface ReplyReader {
  /** Takes the next bytes as they came; returns those that go on to the client now. Throws a Fault when no more can be expected. */
  push(chunk: Uint8Array): Uint8Array | undefined
  /** The vendor closed its side without an error. Returns the bytes that were still held. */
  end(): Uint8Array | undefined
  /** True once something came that commits: the first whole event, or the first byte of a whole reply. */
  readonly opened: boolean
  /** The error that the vendor put where the answer should be, while nothing has gone out: another target may be tried. */
  readonly openingFault: Fault | undefined
  /** An error about our own account in the middle of the reply. It is cut off before it: the reply is over and must end with this fault. */
  readonly brokenBy: Fault | undefined
  /** True once the wire's own terminal was read: nothing that still comes belongs to the reply. */
  readonly done: boolean
  /** How the reply ended, after `end`. `told` is said at once: the vendor's own error goes on to the client, and nothing behind it. */
  ending(): 'complete' | 'broken' | 'told'
  /** What of the reply could not be said to the client, as far as it has come. Absent: bytes pass, and nothing is lost. */
  losses?(): readonly Loss[]
  /** What is known so far, at any moment. */
  reading(): Reading
}

export interface Reading {
  readonly model: string | null
  readonly serviceTier: string | null
  readonly usage: Usage | null
  readonly source: UsageSource | null
  /** The vendor's name of the reply, on wires where it can be asked for again. */
  readonly replyId?: string | null
}
