import type { Json, JsonObject } from './json.ts'

/** The wires that carry a conversation, in both roles: as a client speaks them, and as a vendor does. */
export const WIRE_IDS = ['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const
export type WireId = (typeof WIRE_IDS)[number]

/**
 * A conversation as it is asked for, in no vendor's spelling: the superset of what the wires can say (design, section 4). A field
 * that is absent was not asked for, and no writer invents it. What one wire alone knows travels in `own`, beside the node that it
 * belongs to, so that at home nothing is lost and abroad everything that is left behind can be named.
 */
export interface Chat {
  /** As the client said it. Writers write the model that they are told to. */
  readonly model: string
  readonly stream: boolean
  /** In the order of the conversation. System turns stand where the client put them: the leading ones are the system prompt. */
  readonly turns: readonly Turn[]
  readonly tools: readonly Tool[]
  readonly toolChoice?: ToolChoice
  /** Whether more than one tool may be called in one answer. */
  readonly parallelCalls?: boolean
  readonly output?: OutputFormat
  /** Largest answer in tokens, reasoning included. */
  readonly outputTokensMax?: number
  readonly stops?: readonly string[]
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  readonly seed?: number
  /** By token id of the model that was meant. */
  readonly logitBias?: JsonObject
  /** Log probabilities of the chosen tokens, and of so many alternatives. */
  readonly logprobs?: { readonly alternatives: number }
  /** How many answers. */
  readonly choices?: number
  readonly reasoning?: Reasoning
  readonly verbosity?: string
  /** Groups requests that share a beginning, for the vendor's prompt cache. */
  readonly cacheKey?: string
  /** The vendor places cache marks by itself. */
  readonly cacheAutomatic?: CacheMark
  readonly serviceTier?: ServiceTier
  /** The end user, as the client calls them. */
  readonly user?: string
  /** Whether the vendor may keep the conversation. */
  readonly store?: boolean
  readonly metadata?: JsonObject
  readonly own?: Own
}

export interface Turn {
  readonly role: 'system' | 'user' | 'assistant'
  /** May be empty: a turn that says nothing is still a turn. Results of tools stand in user turns. */
  readonly blocks: readonly Block[]
  /** A name for the speaker. */
  readonly name?: string
  readonly own?: Own
}

/** What every block may carry beside its content. */
interface Marked {
  /** The prompt up to and with this block may be cached. */
  readonly cacheMark?: CacheMark
  /** Opaque state of the vendor that belongs to this block and must go back with it, unchanged. */
  readonly proof?: Proof
  readonly own?: Own
}

export type Block = TextBlock | MediaBlock | ReasoningBlock | CallBlock | ResultBlock | RefusalBlock | ForeignBlock

export interface TextBlock extends Marked {
  readonly kind: 'text'
  readonly text: string
  readonly citations?: readonly Citation[]
}

/** A picture, a sound, a film, or a document that is handed over whole. */
export interface MediaBlock extends Marked {
  readonly kind: 'image' | 'audio' | 'video' | 'file'
  readonly source: Source
  /** File name or title. */
  readonly name?: string
  /** How finely a picture is looked at: `low`, `high`, `auto`, or the wire's own word. */
  readonly detail?: string
}

export type Source =
  /** `mediaType` is absent where the client did not say it (`application/pdf`, `image/png`). */
  | { readonly kind: 'data'; readonly mediaType?: string; readonly base64: string }
  | { readonly kind: 'url'; readonly mediaType?: string; readonly url: string }
  /** A file that was uploaded to one vendor: its id means nothing to another. */
  | { readonly kind: 'id'; readonly mediaType?: string; readonly id: string }
  /** A document given as plain text. */
  | { readonly kind: 'text'; readonly mediaType?: string; readonly text: string }

/** What the model thought. `text` is empty where only the proof came back; `redacted` where the vendor hides it altogether. */
export interface ReasoningBlock extends Marked {
  readonly kind: 'reasoning'
  readonly text: string
  readonly redacted?: boolean
  /** The vendor's own name of this piece, needed to give it back where the vendor keeps the conversation. */
  readonly id?: string
}

/** A tool that the model calls. */
export interface CallBlock extends Marked {
  readonly kind: 'call'
  /** As the wire's client knows it; empty where the wire gave none. */
  readonly id: string
  readonly name: string
  /** `function`: JSON text, exactly as the model wrote it (it may be empty or cut). `custom`: free text. */
  readonly input: { readonly kind: 'function' | 'custom'; readonly text: string }
}

/** What a tool gave back. */
export interface ResultBlock extends Marked {
  readonly kind: 'result'
  readonly callId: string
  /** Of the tool; absent where the wire does not say it (it stands with the call). */
  readonly name?: string
  /** Text and media. */
  readonly blocks: readonly Block[]
  readonly isError?: boolean
  /** Whether the tool was a `custom` one, where the wire says so. */
  readonly custom?: boolean
}

/** The model declined, in a place of its own. */
export interface RefusalBlock extends Marked {
  readonly kind: 'refusal'
  readonly text: string
}

/** A block that only one wire knows (a search by the vendor's own tool, executed code): whole and unread. */
export interface ForeignBlock extends Marked {
  readonly kind: 'foreign'
  readonly wire: WireId
  /** The wire's word for its kind. */
  readonly type: string
  readonly json: Json
  /** Where its kind stands in the request, when this wire has not heard of it: the mistake of a client, or newer than we are. */
  readonly unknownAt?: string
}

/** `ttl` as the wire says it (`5m`, `1h`, `30m`); absent: the vendor's default. */
export interface CacheMark {
  readonly ttl?: string
}

/** Where a text comes from. Ranges count UTF-16 units of the block's own text. */
export interface Citation {
  readonly url?: string
  readonly title?: string
  readonly quote?: string
  readonly start?: number
  readonly end?: number
  readonly own?: Own
}

/**
 * A vendor's signature or encrypted thought. It goes back only to where it came from: the same wire, and, once it has crossed the
 * gateway in another wire's clothes, the same account (core/proof.ts writes and reads the clothes).
 */
export interface Proof {
  readonly wire: WireId
  /** The account that issued it, as the gateway names accounts; `null` when it came in its own wire and nobody knows. */
  readonly account: string | null
  readonly data: string
}

export type Tool = FunctionTool | CustomTool | ForeignTool

export interface FunctionTool {
  readonly kind: 'function'
  readonly name: string
  readonly description?: string
  /** JSON Schema of the arguments; absent where the tool takes none and says nothing. */
  readonly schema?: JsonObject
  readonly strict?: boolean
  readonly cacheMark?: CacheMark
  readonly own?: Own
}

/** Takes free text, or text of a grammar. */
export interface CustomTool {
  readonly kind: 'custom'
  readonly name: string
  readonly description?: string
  readonly grammar?: { readonly syntax: string; readonly definition: string }
  readonly cacheMark?: CacheMark
  readonly own?: Own
}

/** A tool that the vendor itself runs, or one that only one wire knows. */
interface ForeignTool {
  readonly kind: 'foreign'
  readonly wire: WireId
  readonly type: string
  readonly json: Json
}

export type ToolChoice =
  | { readonly kind: 'auto' | 'none' | 'required' }
  /** Exactly this tool. */
  | { readonly kind: 'named'; readonly name: string; readonly custom?: boolean }
  /** One of these, or (`required: false`) none. */
  | { readonly kind: 'allowed'; readonly names: readonly string[]; readonly required: boolean }

export type OutputFormat =
  | { readonly kind: 'text' }
  /** Any JSON object. */
  | { readonly kind: 'json' }
  | {
      readonly kind: 'schema'
      readonly schema: JsonObject
      readonly name?: string
      readonly description?: string
      readonly strict?: boolean
      readonly own?: Own
    }

/** How much the model shall think, and how much of it is shown. */
export interface Reasoning {
  /** Absent: the model's own habit. `between-tools` is thinking only between calls. */
  readonly mode?: 'off' | 'auto' | 'between-tools' | { readonly budgetTokens: number }
  readonly effort?: Effort
  /** `hidden`: no text of it; `shown`: as the vendor likes; `concise`, `detailed`: a summary of this kind. */
  readonly text?: 'hidden' | 'shown' | 'concise' | 'detailed'
  readonly own?: Own
}

/** From least to most; `none` is the mode `off`. */
export const EFFORTS = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const
export type Effort = (typeof EFFORTS)[number]

/** `fast` answers sooner for more money, `flex` later for less; `standard` is without either, `auto` leaves it to the vendor's account. */
export type ServiceTier = 'auto' | 'standard' | 'fast' | 'flex' | 'scale' | 'ultrafast'

/**
 * What one wire alone knows about a node: its fields that have no canonical place, exactly as they came. `spelt` remembers which of
 * several ways the client wrote the node in (a string for a list of one text, an older name of a field), so that it is written back
 * as it came; other wires pass over `spelt` in silence, because nothing is lost with it.
 */
export interface Own {
  readonly wire: WireId
  readonly fields: JsonObject
  readonly spelt?: readonly string[]
}
