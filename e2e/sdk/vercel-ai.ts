import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createOpenAI } from '@ai-sdk/openai'
import { APICallError, generateText, isStepCount, Output, streamText, tool, type LanguageModel } from 'ai'
import {
  CITY,
  ENDED_WELL,
  endedWell,
  hinted,
  limitTokens,
  retryAfter,
  runTool,
  thrownBy,
  TOOLS,
  type Address,
  type Failure,
  type Loop,
  type Prompt,
  type Said,
  type SdkClient,
  type Session,
  type Streamed,
} from './client.ts'

/** Vercel's AI SDK with the three vendors' providers. It checks every event of a stream against a schema. */
export const vercelAi: readonly SdkClient[] = [
  client('ai openai chat', {
    wire: 'openai-chat',
    // Its chat model has no place for reasoning of others.
    keepsUnknownFields: false,
    model: ({ root, key, model }) => createOpenAI({ baseURL: `${root}/v1`, apiKey: key }).chat(model),
    options: ({ thinking }) => ({ openai: thinking === 'none' ? {} : { forceReasoning: true } }),
  }),
  client('ai openai responses', {
    wire: 'openai-responses',
    keepsUnknownFields: true,
    model: ({ root, key, model }) => createOpenAI({ baseURL: `${root}/v1`, apiKey: key }).responses(model),
    options: ({ thinking }) => ({
      openai: { store: false, ...(thinking === 'none' ? {} : { reasoningSummary: 'auto', forceReasoning: true }) },
    }),
  }),
  client('ai anthropic', {
    wire: 'anthropic',
    keepsUnknownFields: true,
    model: ({ root, key, model }) => createAnthropic({ baseURL: `${root}/v1`, apiKey: key })(model),
    options: ({ thinking }) => ({
      anthropic: thinking === 'level' ? { thinking: { type: 'adaptive', display: 'summarized' } } : {},
    }),
  }),
  client('ai google', {
    wire: 'gemini',
    keepsUnknownFields: true,
    model: ({ root, key, model }) => createGoogle({ baseURL: `${root}/v1beta`, apiKey: key })(model),
    options: ({ thinking }) => ({ google: thinking === 'none' ? {} : { thinkingConfig: { includeThoughts: true } } }),
  }),
]

interface Kind extends Pick<SdkClient, 'wire' | 'keepsUnknownFields'> {
  readonly model: (at: Address) => LanguageModel
  readonly options: (at: Address) => NonNullable<Parameters<typeof generateText>[0]['providerOptions']>
}

function client(name: string, { wire, keepsUnknownFields, model, options }: Kind): SdkClient {
  return {
    name,
    wire,
    keepsUnknownFields,
    open: (at) =>
      new AiSession({ model: model(at), providerOptions: options(at), maxRetries: 0 }, at.thinking !== 'none'),
  }
}

type Base = Pick<Parameters<typeof generateText>[0], 'model' | 'providerOptions' | 'maxRetries'>

// It warns of models that it does not know, which are half of the matrix.
globalThis.AI_SDK_LOG_WARNINGS = false

const tools = Object.fromEntries(
  TOOLS.map(({ name, description, schema }) => [
    name,
    tool({ description, inputSchema: schema, execute: (input: unknown) => runTool(name, input) }),
  ]),
)

class AiSession implements Session {
  readonly #base: Base
  readonly #thinks: boolean

  constructor(base: Base, thinks: boolean) {
    this.#base = base
    this.#thinks = thinks
  }

  async text(prompt: Prompt): Promise<Said> {
    return said(await generateText({ ...this.#base, ...asked(prompt), maxOutputTokens: prompt.limit ?? limitTokens }))
  }

  async stream(prompt: Prompt): Promise<Streamed> {
    const result = streamText({ ...this.#base, ...asked(prompt), maxOutputTokens: limitTokens, onError: () => {} })
    let pieces = 0
    for await (const text of result.textStream) pieces += text === '' ? 0 : 1
    const [text, finishReason, usage] = await Promise.all([result.text, result.finishReason, result.usage])
    return { ...said({ text, finishReason, usage }), pieces }
  }

  /** By itself: it runs the tools and goes on. */
  async loop(prompt: string, how: { readonly stream: boolean }): Promise<Loop> {
    const wanted = {
      ...this.#base,
      prompt,
      tools,
      stopWhen: isStepCount(6),
      ...(this.#thinks ? { reasoning: 'medium' as const } : {}),
    }
    const steps = how.stream
      ? await streamText({ ...wanted, onError: () => {} }).steps
      : (await generateText(wanted)).steps
    return {
      text: steps.at(-1)?.text ?? '',
      steps: steps.slice(0, -1).map(({ toolCalls, reasoningText }) => ({
        calls: toolCalls.map(({ toolName, input }) => ({ name: toolName, input })),
        thoughts: reasoningText ?? '',
      })),
    }
  }

  async json(prompt: string): Promise<unknown> {
    const { output } = await generateText({
      ...this.#base,
      prompt,
      output: Output.object({ schema: CITY, name: 'city' }),
    })
    return output
  }

  async picture(prompt: string, pngBase64: string): Promise<Said> {
    const content = [
      { type: 'file' as const, data: Buffer.from(pngBase64, 'base64'), mediaType: 'image/png' },
      { type: 'text' as const, text: prompt },
    ]
    return said(await generateText({ ...this.#base, messages: [{ role: 'user', content }] }))
  }

  async failure(prompt: string): Promise<Failure> {
    return failureOf(await thrownBy(() => this.text({ text: prompt })))
  }

  async brokenStream(prompt: string): Promise<{ text: string; failure: Failure }> {
    let text = ''
    const error = await thrownBy(async () => {
      const result = streamText({ ...this.#base, prompt, onError: () => {} })
      for await (const part of result.fullStream) {
        if (part.type === 'text-delta') text += part.text
        if (part.type === 'error') throw part.error
        if (part.type === 'finish') throw new Error(endedWell(part.finishReason) ? ENDED_WELL : 'the stream broke off')
      }
    })
    return { text, failure: failureOf(error) }
  }

  async abort(prompt: string): Promise<void> {
    const leaving = new AbortController()
    const result = streamText({ ...this.#base, prompt, abortSignal: leaving.signal, onError: () => {} })
    for await (const text of result.textStream) if (text !== '') break
    leaving.abort()
  }
}

const asked = ({ text, system }: Prompt) => ({
  prompt: text,
  ...(system === undefined ? {} : { instructions: system }),
})

interface Result {
  readonly text: string
  readonly finishReason: string
  readonly usage: { readonly inputTokens: number | undefined; readonly outputTokens: number | undefined }
}

const said = ({ text, finishReason, usage }: Result): Said => ({
  text,
  stop: finishReason,
  usage: { input: usage.inputTokens ?? -1, output: usage.outputTokens ?? -1 },
})

function failureOf(error: unknown): Failure {
  const isClientsOwn = APICallError.isInstance(error)
  return {
    isRateLimit: isClientsOwn && error.statusCode === 429 && error.isRetryable,
    isBadRequest: isClientsOwn && error.statusCode === 400 && !error.isRetryable,
    isClientsOwn,
    status: isClientsOwn ? error.statusCode : undefined,
    retrySeconds: isClientsOwn ? (retryAfter(error.responseHeaders) ?? hinted(error.responseBody ?? '')) : undefined,
    message: messageOf(error),
  }
}

/** In a stream it gives the vendor's error as it stood there. */
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : JSON.stringify(error))
