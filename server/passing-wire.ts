import { includes } from '../core/body.ts'
import type { Capabilities } from '../core/capabilities.ts'
import type { WireId } from '../core/chat.ts'
import { PROOF_MARK, PROOF_MARK_BASE64 } from '../core/proof.ts'
import type { Target } from '../core/route.ts'
import type { Asked } from './exchange.ts'
import { nativeFind } from './native-find.ts'

/** The client's wire, if this target can be given the body as it is; `undefined`: it must be said in other words, or not at all. */
export function passingWire(asked: Asked, { provider, operations, capabilities }: Target): WireId | undefined {
  const { endpoint, operation, body } = asked
  if (!provider.wires.includes(endpoint.wire)) return undefined
  if (operation === 'embeddings') return endpoint.wire
  if (operation === 'completions' && !operations.includes('completions')) return undefined
  if (operation === 'count_tokens' && !provider.kind.operations.includes('count_tokens')) return undefined
  if (endpoint.form === 'gemini-list' || isBridged(asked, capabilities)) return undefined
  // Another vendor's proof in our wrapping would be taken for one of its own that is broken.
  const mark = endpoint.wire === 'gemini' ? PROOF_BYTES_BASE64 : PROOF_BYTES
  return includes(body, mark, nativeFind) ? undefined : endpoint.wire
}

const PROOF_BYTES = Buffer.from(PROOF_MARK)
const PROOF_BYTES_BASE64 = Buffer.from(PROOF_MARK_BASE64)

/** Whether this model may need the responses endpoint for a chat request: then it is read to find out. */
function isBridged({ endpoint, parsed }: Asked, { responsesOnly }: Capabilities): boolean {
  if (responsesOnly === undefined || endpoint.wire !== 'openai-chat') return false
  return responsesOnly === 'always' || parsed === undefined || parsed['tools'] !== undefined
}
