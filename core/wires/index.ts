import type { WireId } from '../chat.ts'
import type { Wire } from '../wire.ts'
import { anthropic } from './anthropic/index.ts'
import { gemini } from './gemini/index.ts'
import { openaiChat } from './openai-chat/index.ts'
import { openaiResponses } from './openai-responses/index.ts'

/** Every wire, by its id. A new one is held to `core/contract/wire.ts` and to its fixtures in `fixtures/wires/`. */
export const wires: { readonly [id in WireId]: Wire } = {
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  anthropic,
  gemini,
}
