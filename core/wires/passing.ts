import type { WireId } from '../chat.ts'
import type { PassingStreamOptions } from '../passing-stream.ts'
import type { PassingWholeOptions } from '../passing-whole.ts'
import type { ReplyReader } from '../reply-reader.ts'
import { AnthropicStream } from './anthropic/passing-stream.ts'
import { anthropicWhole } from './anthropic/passing-whole.ts'
import { GeminiStream } from './gemini/passing-stream.ts'
import { geminiWhole } from './gemini/passing-whole.ts'
import { OpenAiStream } from './openai-chat/passing-stream.ts'
import { openAiWhole } from './openai-chat/passing-whole.ts'
import { ResponsesStream } from './openai-responses/passing-stream.ts'
import { responsesWhole } from './openai-responses/passing-whole.ts'

/** Reads replies whose bytes go out as they came, for the meter. */
interface Passing {
  readonly stream: (options: PassingStreamOptions) => ReplyReader
  readonly whole: (options: PassingWholeOptions) => ReplyReader
}

/** The readers of each wire. */
export const passingOf: { readonly [wire in WireId]: Passing } = {
  'openai-chat': {
    stream: (options) => new OpenAiStream(options),
    whole: openAiWhole,
  },
  'openai-responses': {
    // No vendor of this wire has to say `[DONE]`: the terminal event is enough (wire-formats 1.1).
    stream: (options) => new ResponsesStream({ ...options, endsWithDone: false }),
    whole: responsesWhole,
  },
  anthropic: {
    stream: (options) => new AnthropicStream(options),
    whole: anthropicWhole,
  },
  gemini: {
    stream: (options) => new GeminiStream(options),
    whole: geminiWhole,
  },
}
