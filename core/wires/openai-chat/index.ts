import type { Wire } from '../../wire.ts'
import { faultJson } from './fault.ts'
import { readFault } from './fault-read.ts'
import { cannot, says } from './features.ts'
import { WIRE } from './kept.ts'
import { readReply } from './reply-read.ts'
import { writeReply } from './reply-write.ts'
import { readRequest } from './request-read.ts'
import { writeRequest } from './request-write.ts'
import { ChatStreamReader } from './stream-read.ts'
import { ChatStreamWriter } from './stream-write.ts'

/**
 * OpenAI's chat completions, and what nodes and vendors made of them (wire-formats 1.1 and 1.4): as OpenAI's API reference has it,
 * with the fields that DeepSeek, OpenRouter and Gemini's compatible endpoint have added for reasoning.
 */
export const openaiChat: Wire = {
  id: WIRE,
  request: { read: readRequest, write: writeRequest },
  reply: { read: readReply, write: writeReply },
  stream: {
    reader: (context) => new ChatStreamReader(context),
    writer: (context) => new ChatStreamWriter(context),
  },
  fault: { read: readFault, write: (fault) => ({ status: fault.status, body: faultJson(fault) }) },
  says,
  cannot,
}
