import type { Wire } from '../../wire.ts'
import { readFault } from '../openai-chat/fault-read.ts'
import { faultJson } from '../openai-chat/fault.ts'
import { cannot, says } from './features.ts'
import { readReply } from './reply-read.ts'
import { writeReply } from './reply-write.ts'
import { readRequest } from './request-read.ts'
import { writeRequest } from './request-write.ts'
import { WIRE } from './spelling.ts'
import { streamReader } from './stream-read.ts'
import { streamWriter } from './stream-write.ts'

/** OpenAI's responses, and what others offer under that name (Azure, xAI, Open Responses). Errors are those of OpenAI's other wires. */
export const openaiResponses: Wire = {
  id: WIRE,
  request: { read: readRequest, write: writeRequest },
  reply: { read: readReply, write: writeReply },
  stream: { reader: streamReader, writer: streamWriter },
  fault: { read: readFault, write: (fault) => ({ status: fault.status, body: faultJson(fault) }) },
  says,
  cannot,
}
