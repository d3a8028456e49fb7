import type { WireId } from './chat.ts'
import type { EmbedReply, EmbedRequest } from './embed.ts'
import { type Fault, faultOf } from './fault.ts'
import { asList, asObject, asText, type JsonObject } from './json.ts'
import { HeldReply } from './held-reply.ts'
import type { Loss } from './loss.ts'
import type { Reading, ReplyReader } from './reply-reader.ts'
import { readGeminiEmbed, readGeminiVectors, writeGeminiEmbed, writeGeminiVectors } from './wires/gemini/embed.ts'
import { toldFault } from './wires/openai-chat/fault.ts'
import { readEmbedReply, readEmbedRequest, writeEmbedReply, writeEmbedRequest } from './wires/openai-chat/embeddings.ts'

/** The wires that have embeddings. */
export type EmbedWire = Extract<WireId, 'openai-chat' | 'gemini'>

export const isEmbedWire = (wire: WireId): wire is EmbedWire => wire === 'openai-chat' || wire === 'gemini'

/** What a client asks, and how it wants its answer. */
export interface EmbedAsked {
  readonly wire: EmbedWire
  readonly model: string
  /** Whether several texts come at once: a method of its own on Gemini's wire. */
  readonly batch: boolean
}

/** Reads a client's request for embeddings. Throws `bad_request` with the path of the field. */
export const readEmbed = (json: JsonObject, { wire, model, batch }: EmbedAsked): EmbedRequest =>
  wire === 'gemini' ? readGeminiEmbed(json, { model, batch }) : readEmbedRequest(json, model)

/** The body for a vendor, and what it cannot say. */
export const writeEmbed = (
  request: EmbedRequest,
  { wire, model }: { readonly wire: EmbedWire; readonly model: string },
): { readonly body: JsonObject; readonly losses: readonly Loss[] } =>
  wire === 'gemini' ? writeGeminiEmbed(request, model) : writeEmbedRequest({ ...request, encoding: 'float' }, model)

export interface EmbedReaderOptions {
  readonly asked: EmbedAsked
  readonly request: EmbedRequest
  /** The vendor's wire. */
  readonly vendor: EmbedWire
  /** The vendor's codes for an account of ours without money. */
  readonly spendLimitCodes: readonly string[]
  /** Most that is held of a reply (bytes). */
  readonly replyBytesMax: number
}

/**
 * Holds a vendor's vectors until all have come and gives them out as the client asked for them: in its wire, and as numbers or base64
 * whatever the vendor sent (wire-formats 1.8, trap 38). A reply that is right already goes out byte by byte as it came.
 */
export class EmbedReader implements ReplyReader {
  readonly #options: EmbedReaderOptions
  readonly #held: HeldReply
  #reply: EmbedReply | undefined
  opened = false
  openingFault: Fault | undefined
  #whole = false
  /** Only the end of the body ends it. */
  readonly done = false
  /** Nothing of it has gone out before it was read. */
  readonly brokenBy = undefined

  constructor(options: EmbedReaderOptions) {
    this.#options = options
    this.#held = new HeldReply(options.replyBytesMax)
  }

  push(chunk: Uint8Array): undefined {
    this.#held.push(chunk)
  }

  end(): Uint8Array | undefined {
    this.opened = true
    const bytes = this.#held.bytes()
    try {
      const body = this.#held.object()
      this.#whole = true
      this.openingFault = toldBy(body, this.#options.spendLimitCodes)
      if (this.openingFault !== undefined) return undefined
      this.#reply = this.#options.vendor === 'gemini' ? readGeminiVectors(body) : readEmbedReply(body)
      return this.#isRight(body) ? bytes : encoder.encode(JSON.stringify(this.#written(this.#reply)))
    } catch (error) {
      // In the client's own wire it is the client's to judge.
      if (this.#whole && this.#options.asked.wire === this.#options.vendor) return bytes
      this.openingFault = faultOf(error)
      return undefined
    }
  }

  ending(): 'complete' | 'broken' | 'told' {
    if (this.openingFault !== undefined) return 'told'
    return this.#whole ? 'complete' : 'broken'
  }

  reading(): Reading {
    const usage = this.#reply?.usage
    const model = this.#reply?.model ?? ''
    return {
      model: model === '' ? null : model,
      serviceTier: null,
      usage: usage ?? null,
      source: usage === undefined ? null : 'vendor',
    }
  }

  /** The vendor's bytes say what the client asked for, as it asked. */
  #isRight(body: JsonObject): boolean {
    const { asked, vendor, request } = this.#options
    if (asked.wire !== vendor) return false
    if (vendor === 'gemini') return (asObject(body['embedding']) === undefined) === asked.batch
    const first = asObject(asList(body['data'])?.[0])?.['embedding']
    return (asText(first) === undefined ? 'float' : 'base64') === request.encoding
  }

  #written(reply: EmbedReply): JsonObject {
    const { asked, request } = this.#options
    return asked.wire === 'gemini' ? writeGeminiVectors(reply, asked) : writeEmbedReply(reply, request)
  }
}

/** An error object where the vectors should be, with a status that says that all is well. */
function toldBy(body: JsonObject, spendLimitCodes: readonly string[]): Fault | undefined {
  const error = body['error'] ?? null
  return error === null ? undefined : toldFault(error, { reason: 'error_in_reply', spendLimitCodes })
}

const encoder = new TextEncoder()
