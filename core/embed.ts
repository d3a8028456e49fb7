import type { Own } from './chat.ts'
import type { Usage } from './usage.ts'

/** Texts to be embedded, in no vendor's spelling. */
export interface EmbedRequest {
  /** As the client said it. Writers write the model that they are told to. */
  readonly model: string
  /** Texts, or token ids of the model that was meant. */
  readonly inputs: readonly (string | readonly number[])[]
  /** Length of each vector, where the client wants another one than the model's own. */
  readonly dimensions?: number
  /** How the client wants its vectors: what the vendor sends is another matter. */
  readonly encoding: 'float' | 'base64'
  /** The end user, as the client calls them. */
  readonly user?: string
  readonly own?: Own
}

/** The vectors of a reply, in the order of the inputs. */
export interface EmbedReply {
  /** The model that answers; empty where the vendor does not say. */
  readonly model: string
  readonly vectors: readonly Float32Array[]
  readonly usage?: Usage
  readonly own?: Own
}
