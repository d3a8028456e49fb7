import type { WireId } from '../chat.ts'
import type { ClientForm, Wire } from '../wire.ts'
import { listStream } from './gemini/list-stream.ts'
import { wires } from './index.ts'
import { completionWriter, readCompletion, writeCompletion } from './openai-chat/completions.ts'

/** How a client is read and answered: each wire, and the other forms of two of them. */
export type FormId = WireId | 'openai-completions' | 'gemini-list'

const plain = (wire: Wire): ClientForm => ({
  wire,
  read: wire.request.read,
  whole: wire.reply.write,
  writer: wire.stream.writer,
  streamType: 'text/event-stream',
})

/** Every form that a client may have. */
export const forms: { readonly [form in FormId]: ClientForm } = {
  'openai-chat': plain(wires['openai-chat']),
  'openai-responses': plain(wires['openai-responses']),
  anthropic: plain(wires.anthropic),
  gemini: plain(wires.gemini),
  /** Legacy completions, for models that only chat. */
  'openai-completions': {
    ...plain(wires['openai-chat']),
    read: readCompletion,
    whole: writeCompletion,
    writer: completionWriter,
  },
  /** Gemini's stream without `alt=sse`: one JSON list that grows. */
  'gemini-list': {
    ...plain(wires.gemini),
    writer: (context) => listStream(wires.gemini.stream.writer(context)),
    streamType: 'application/json',
  },
}
