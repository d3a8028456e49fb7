import { KEEP_ALIVE } from '../../sse.ts'
import type { StreamWriter, WriteReply } from '../../wire.ts'
import type { Events } from './output-write.ts'
import { ResponseWriter } from './response-writer.ts'

/**
 * Writes a client's stream in the API's own order. It always ends with a terminal event that holds the whole response, also when
 * it broke: clients wait for one (openai/codex issue 41340). There is no `[DONE]`.
 */
export function streamWriter(context: WriteReply): StreamWriter {
  const writer = new ResponseWriter(context)
  let sequence_number = 0
  const framed = (events: Events): string => {
    let text = ''
    for (const { type, ...fields } of events) {
      text += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number, ...fields })}\n\n`
      sequence_number++
    }
    return text
  }
  return {
    push: (part) => framed(writer.push(part)),
    fault: (fault) => framed(writer.fail(fault)),
    losses: () => writer.losses.list(),
    keepAlive: KEEP_ALIVE,
  }
}
