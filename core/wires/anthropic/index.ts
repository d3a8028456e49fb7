import type { Wire } from '../../wire.ts'
import { readFault, writeFault } from './fault.ts'
import { cannot, says } from './features.ts'
import { WIRE } from './kept.ts'
import { readReply } from './reply-read.ts'
import { writeReply } from './reply-write.ts'
import { readRequest } from './request-read.ts'
import { writeRequest } from './request-write.ts'
import { AnthropicReader } from './stream-read.ts'
import { AnthropicWriter } from './stream-write.ts'

/**
 * Anthropic's messages, in the versions 2023-06-01 and 2026-10-21. Sources: platform.claude.com/docs ("Messages", "Streaming", "Errors", "API
 * versioning", "Preserved thinking") as wire-formats 0 and 1.2 have them, and the types of `@anthropic-ai/sdk`.
 */
export const anthropic: Wire = {
  id: WIRE,
  request: { read: readRequest, write: writeRequest },
  reply: { read: readReply, write: writeReply },
  stream: {
    reader: (context) => new AnthropicReader(context),
    writer: (context) => new AnthropicWriter(context),
  },
  fault: { read: readFault, write: writeFault },
  says,
  cannot,
}
