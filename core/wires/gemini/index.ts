import type { Wire } from '../../wire.ts'
import { readFault, writeFault } from './fault.ts'
import { cannot, says } from './features.ts'
import { WIRE } from './kept.ts'
import { readReply, streamReader } from './reply-read.ts'
import { writeReply } from './reply-write.ts'
import { readRequest } from './request-read.ts'
import { writeRequest } from './request-write.ts'
import { streamWriter } from './stream-write.ts'

/** Gemini's `generateContent` and `streamGenerateContent`, as Google's Gemini API and Vertex speak it. */
export const gemini: Wire = {
  id: WIRE,
  request: { read: readRequest, write: writeRequest },
  reply: { read: readReply, write: writeReply },
  stream: { reader: streamReader, writer: streamWriter },
  fault: { read: readFault, write: writeFault },
  says,
  cannot,
}
