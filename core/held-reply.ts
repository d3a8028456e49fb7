import { joined } from './body.ts'
import { asObject, type JsonObject, parseJson } from './json.ts'
import { notThisWire, tooLarge } from './upstream-fault.ts'

/** Holds a whole reply until all of it has come. */
export class HeldReply {
  readonly #bytesMax: number
  #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Throws `upstream_error` when it grows beyond the limit. */
  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#bytesMax) throw tooLarge('an answer')
    this.#chunks.push(chunk)
  }

  /** As it came. */
  bytes(): Uint8Array {
    const whole = joined(this.#chunks)
    this.#chunks = [whole]
    return whole
  }

  /** Throws `upstream_error` when it is no JSON object. */
  object(): JsonObject {
    const body = asObject(parseJson(decoder.decode(this.bytes())))
    if (body === undefined) throw notThisWire('broken_reply')
    return body
  }
}

const decoder = new TextDecoder()
