import type { Chat, WireId } from './chat.ts'
import type { Fault } from './fault.ts'
import type { Json, JsonObject } from './json.ts'
import type { Feature, Inability, Loss } from './loss.ts'
import type { Part } from './part.ts'

/**
 * A vendor's format for conversations, in both roles. `read` and `write` come in pairs, held by laws (`core/contract/wire.ts`): at home
 * nothing is lost, unknown fields included; a reply means the same whole and streamed; however the bytes are cut, the parts are the same.
 */
export interface Wire {
  readonly id: WireId
  readonly request: {
    /** What a client asks, from its parsed body. Throws `bad_request` with the path of the field that is wrong. */
    readonly read: (body: JsonObject, asked: AskedOf) => Chat
    /** The body for a vendor. Never throws for a Chat that some wire has read: what cannot be said is a loss. */
    readonly write: (chat: Chat, target: RequestTarget) => WrittenRequest
  }
  readonly reply: {
    /** A vendor's whole reply. Throws `upstream_error` when it is not of this wire. */
    readonly read: (body: JsonObject, context: ReadReply) => readonly Part[]
    /** A whole reply for a client. The parts are complete and without a fault. */
    readonly write: (parts: readonly Part[], context: WriteReply) => WrittenReply
  }
  readonly stream: {
    readonly reader: (context: ReadReply) => StreamReader
    readonly writer: (context: WriteReply) => StreamWriter
  }
  readonly fault: {
    /** A vendor's error body (parsed, or its text where it is no JSON) with its status. Never throws. */
    readonly read: (status: number, body: Json) => Fault
    /** Our own error, or another vendor's, as clients of this wire expect it. */
    readonly write: (fault: Fault, requestId: string) => WrittenFault
  }
  /** Where this wire spells each feature that it can say, as a path in its request body: for messages about a field. */
  readonly says: Partial<Record<Feature, string>>
  /** The features that it cannot say. Together with `says`, all of them. */
  readonly cannot: Partial<Record<Feature, Inability>>
}

/** What the path or an earlier scan has said already: on some wires it does not stand in the body. */
export interface AskedOf {
  readonly model: string
  readonly stream: boolean
}

/** Whom a request is written for. */
export interface RequestTarget {
  /** As it is sent. */
  readonly model: string
  /** The account that the gateway will use, by the gateway's name for it: proofs of another one are left out. */
  readonly account: string
  /** Largest answer of the model in tokens, for wires that demand a limit when the client set none. `null`: not known. */
  readonly outputTokensMax: number | null
  readonly dialect: Dialect
  /** The Chat was read from another wire: what means something only where it came from is left out. */
  readonly foreign?: true
}

/** How a vendor differs from its wire: data of its provider kind and of its model's row, so that no writer asks for a name. All absent: the wire's own vendor, newest model. */
export interface Dialect {
  /** The role for system turns on OpenAI's chat wire. Absent: `system`. */
  readonly systemRole?: 'developer'
  /** The name of the limit on OpenAI's chat wire. Absent: `max_tokens`, which all nodes know. */
  readonly outputLimitField?: 'max_completion_tokens'
  /** Where a node takes earlier reasoning back, and in which turns (`tool-loop`: only since the last user text). */
  readonly reasoningField?: { readonly name: string; readonly when: 'always' | 'tool-loop' }
  /** Whether a system turn behind the first user turn may stay where it is. */
  readonly laterSystem?: boolean
  /** What a call id must look like. Absent: as the wire's own vendor has it. */
  readonly callId?: { readonly pattern: RegExp; readonly lengthMax: number; readonly exact?: true }
  /** Whether pictures and files may be given by an address that the vendor fetches. */
  readonly fetchesUrls?: boolean
  /** Whether a tool's answer may hold pictures. */
  readonly resultMedia?: boolean
  /** The dated version of the wire (Anthropic's `anthropic-version`): an older one takes fields that a newer one refuses. */
  readonly version?: string
  /** What a Gemini-shaped vendor takes as a tool's schema: JSON Schema as it is, or the older subset. */
  readonly schema?: 'json-schema' | 'openapi'
  /** `false`: the model does not reason, and refuses to be asked for its sealed reasoning. */
  readonly sealedReasoning?: false
  /** Which amounts of reasoning the model takes on a wire that has two ways (Gemini): `budget` for 2.5, `level` from 3 on. */
  readonly reasoning?: 'budget' | 'level'
}

export interface WrittenRequest {
  readonly body: JsonObject
  readonly losses: readonly Loss[]
  /** What the reply must be told back in the client's own words. */
  readonly undo: Undo
}

/** How to bring a reply back into the words of the request that it answers. Pure data: `core/undo.ts` applies it to parts. */
export interface Undo {
  /** Names of tools as they were sent, and what the client calls them; only those that differ. */
  readonly toolNames: ReadonlyMap<string, string>
  /** Names, as they were sent, of functions that stand for custom tools: their one argument `input` is the text. */
  readonly customTools: ReadonlySet<string>
}

/** How the vendor's reply is read. */
export interface ReadReply {
  /** Our name of the request: for ids of calls where the vendor names neither them nor its reply. */
  readonly requestId?: string
  /** How the vendor counts. */
  readonly flavour: 'openai' | 'openai-reasoning-apart'
  /** Whose proofs these are, by the gateway's name for the account. */
  readonly account: string
  /** The vendor's codes for an account of ours without money. */
  readonly spendLimitCodes: readonly string[]
  /** Whether a finished stream of this vendor says so with a terminal of its own beside the finish reason (`[DONE]`). */
  readonly endsWithDone: boolean
}

/** Reads a vendor's stream, one event at a time. */
export interface StreamReader {
  /** Whether a piece of text leaves nothing behind in this reader but its part: then one that is known again need not be read. */
  readonly textLeavesNoTrace?: true
  /** One event. Gives no parts for what means nothing (pings, comments). */
  readonly push: (event: StreamEvent) => readonly Part[]
  /** The vendor closed its side: what that still means. A reply without `finish` was cut. */
  readonly end: () => readonly Part[]
}

export interface StreamEvent {
  readonly name: string | undefined
  readonly data: string
}

/** How a reply is written for the client. */
export interface WriteReply {
  readonly requestId: string
  /** Seconds since 1970 when the request came in, for a reply whose vendor does not say when. */
  readonly createdAt: number
  /** The prompt as we estimate it in tokens, for wires that say it before the vendor has. */
  readonly inputEstimate: number
  /** Whether an OpenAI chat client asked for a usage chunk. */
  readonly usageAsked: boolean
  /** What was asked, for wires that repeat it in the answer. */
  readonly chat: Chat
}

export interface WrittenReply {
  readonly body: JsonObject
  readonly losses: readonly Loss[]
}

/** Writes a client's stream: framed text, ready to be sent. Nothing but `fault` may follow a call of `fault`. */
export interface StreamWriter {
  readonly push: (part: Part) => string
  /** An error in the wire's own form inside a stream that has begun. */
  readonly fault: (fault: Fault) => string
  /** What could not be said so far. */
  readonly losses: () => readonly Loss[]
  /** What keeps the line open while nothing comes: a comment, or the wire's ping. */
  readonly keepAlive: string
}

export interface WrittenFault {
  readonly status: number
  readonly body: JsonObject
}

/** How a client of a wire is read and answered: the wire itself, or another form of its (legacy completions, Gemini's streamed list). */
export interface ClientForm {
  readonly wire: Wire
  readonly read: Wire['request']['read']
  readonly whole: Wire['reply']['write']
  readonly writer: Wire['stream']['writer']
  readonly streamType: 'text/event-stream' | 'application/json'
}
