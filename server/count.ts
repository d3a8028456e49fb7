import { estimateTokens } from '../core/estimate.ts'
import type { JsonObject } from '../core/json.ts'
import type { WireId } from '../core/chat.ts'
import { readCountTokens, writeCountTokens } from '../core/wires/gemini/count-tokens.ts'
import { wires } from '../core/wires/index.ts'
import type { Account } from './account.ts'
import type { Planned } from './exchange.ts'
import { parseBody } from './parse-body.ts'
import { FIXED_HEADERS } from './response-headers.ts'

/** Whether tokens must be counted here, because the vendor cannot be asked in the client's wire. */
export function isCountedHere({ operation, endpoint, attempts }: Planned): boolean {
  if (operation !== 'count_tokens') return false
  const provider = attempts[0]?.target.provider
  return !provider?.kind.operations.includes('count_tokens') || !provider.wires.includes(endpoint.wire)
}

/** Answers with an estimate, and says that it is one: nothing is asked of the vendor, and nothing is recorded. */
export function sendCount(planned: Planned, account: Account): void {
  const { response, endpoint } = planned
  const tokens = estimateTokens(read(planned))
  const body = JSON.stringify(REPLIES[endpoint.wire](tokens))
  response.writeHead(200, [
    'content-type',
    'application/json',
    ...FIXED_HEADERS,
    'x-request-id',
    account.requestId,
    'x-sekisho-request-id',
    account.requestId,
    'x-sekisho-lossy',
    'count=emulated',
    'content-length',
    String(Buffer.byteLength(body)),
  ])
  response.end(body)
  account.close(200)
}

const read = ({ endpoint, fields, parsed, body }: Planned) => {
  const json = parsed ?? parseBody(body)
  switch (endpoint.wire) {
    case 'gemini':
      return readCountTokens(json, fields)
    case 'anthropic':
      // Counting needs no limit, messages do.
      return wires.anthropic.request.read({ ...json, max_tokens: 1 }, fields)
    case 'openai-chat':
    case 'openai-responses':
      return wires[endpoint.wire].request.read(json, fields)
  }
}

const REPLIES: { readonly [wire in WireId]: (tokens: number) => JsonObject } = {
  'openai-chat': (tokens) => ({ input_tokens: tokens }),
  'openai-responses': (tokens) => ({ object: 'response.input_tokens', input_tokens: tokens }),
  anthropic: (tokens) => ({ input_tokens: tokens }),
  gemini: writeCountTokens,
}
