import type { FindBytes } from '../bytes.ts'
import type { WireId } from '../chat.ts'
import type { UsageFlavour } from '../provider.ts'
import type { ReplyReader } from '../reply-reader.ts'
import { AnthropicStream } from './anthropic/passing-stream.ts'
import { AnthropicWhole } from './anthropic/passing-whole.ts'
import { GeminiStream } from './gemini/passing-stream.ts'
import { GeminiWhole } from './gemini/passing-whole.ts'
import { OpenAiStream } from './openai-chat/passing-stream.ts'
import { OpenAiWhole } from './openai-chat/passing-whole.ts'
import { ResponsesStream } from './openai-responses/passing-stream.ts'
import { ResponsesWhole } from './openai-responses/passing-whole.ts'

/** What a reader of passing bytes must know of the vendor. */
export interface PassingStreamOptions {
  readonly flavour: UsageFlavour
  readonly endsWithDone: boolean
  /** The usage chunk at the end is there because we asked: the client never sees it. */
  readonly hideUsage: boolean
  /** Our estimate of the prompt, for a stream that ends before its usage came. */
  readonly inputEstimate: number
  readonly eventBytesMax: number
  readonly spendLimitCodes: readonly string[]
  readonly find: FindBytes
}
export type PassingWholeOptions = Pick<PassingStreamOptions, 'flavour' | 'spendLimitCodes'>

/** Reads replies whose bytes go out as they came, for the meter. */
interface Passing {
  readonly stream: (options: PassingStreamOptions) => ReplyReader
  readonly whole: (options: PassingWholeOptions) => ReplyReader
}

export const passingOf: { readonly [wire in WireId]: Passing } = {
  'openai-chat': {
    stream: (options) => new OpenAiStream(options),
    whole: (options) => new OpenAiWhole(options),
  },
  'openai-responses': {
    // No vendor of this wire has to say `[DONE]`: the terminal event is enough (wire-formats 1.1).
    stream: (options) => new ResponsesStream({ ...options, endsWithDone: false }),
    whole: (options) => new ResponsesWhole(options),
  },
  anthropic: {
    stream: (options) => new AnthropicStream(options),
    whole: (options) => new AnthropicWhole(options),
  },
  gemini: {
    stream: (options) => new GeminiStream(options),
    whole: (options) => new GeminiWhole(options),
  },
}
