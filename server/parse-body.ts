import { isUtf8 } from 'node:buffer'
import { type Body, joined } from '../core/body.ts'
import { Fault } from '../core/fault.ts'
import { asObject, type JsonObject, parseJson } from '../core/json.ts'
import { scanFault } from '../core/wires/openai-chat/asked.ts'

/** The body of a request as JSON. The scan has found it to be an object in its outlines; inside, it may still be none. */
export function parseBody({ chunks }: Body): JsonObject {
  const bytes = joined(chunks)
  if (!isUtf8(bytes)) throw new Fault('bad_request', 'The request body is not valid UTF-8')
  const parsed = asObject(parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')))
  if (parsed === undefined) throw scanFault({ kind: 'malformed' })
  return parsed
}
