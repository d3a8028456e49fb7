import type { WireId } from './chat.ts'
import { estimateTokens } from './estimate.ts'
import type { JsonObject } from './json.ts'
import type { AskedOf } from './wire.ts'
import { readCountTokens } from './wires/gemini/count-tokens.ts'
import { wires } from './wires/index.ts'

/** Whose form a request to count has: plain data, because large ones are counted by another thread. */
export interface ToCount {
  readonly wire: WireId
  readonly asked: AskedOf
}

/** A client's prompt in tokens, as an estimate. Throws `bad_request` for a body that is malformed. */
export function countTokens(json: JsonObject, { wire, asked }: ToCount): number {
  switch (wire) {
    case 'gemini':
      return estimateTokens(readCountTokens(json, asked))
    case 'anthropic':
      // Counting needs no limit, messages do.
      return estimateTokens(wires.anthropic.request.read({ ...json, max_tokens: 1 }, asked))
    case 'openai-chat':
    case 'openai-responses':
      return estimateTokens(wires[wire].request.read(json, asked))
  }
}
