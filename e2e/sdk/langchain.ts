import { ChatAnthropic } from '@langchain/anthropic'
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import {
  AIMessageChunk,
  HumanMessage,
  SystemMessage,
  ToolMessage,
  type AIMessage,
  type BaseMessage,
} from '@langchain/core/messages'
import { ChatGoogle } from '@langchain/google'
import { ChatOpenAI } from '@langchain/openai'
import {
  budgetTokens,
  CITY,
  ENDED_WELL,
  endedWell,
  hinted,
  limitTokens,
  parametersOf,
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
  type Step,
  type Streamed,
} from './client.ts'

/** LangChain's chat models. */
export const langchain: readonly SdkClient[] = [
  client('langchain openai chat', {
    wire: 'openai-chat',
    keepsUnknownFields: false,
    model: (at, { thinks, limit }) =>
      // Its own setting for reasoning is dropped for models whose names it does not know.
      new ChatOpenAI({
        ...openAi(at),
        maxTokens: limit,
        ...(thinks ? { modelKwargs: { reasoning_effort: 'medium' } } : {}),
      }),
  }),
  client('langchain openai responses', {
    wire: 'openai-responses',
    keepsUnknownFields: true,
    model: (at, { thinks, limit }) =>
      new ChatOpenAI({
        ...openAi(at),
        maxTokens: limit,
        useResponsesApi: true,
        zdrEnabled: true,
        ...(thinks ? { modelKwargs: THINKING } : {}),
      }),
  }),
  client('langchain anthropic', {
    wire: 'anthropic',
    keepsUnknownFields: true,
    // It adds what a stream's first event counts to what its last one counts from the beginning.
    countsStreams: false,
    model: ({ root, key, model, thinking }, { thinks, limit }) =>
      new ChatAnthropic({
        model,
        apiKey: key,
        anthropicApiUrl: root,
        maxRetries: 0,
        maxTokens: limit,
        ...(thinks && thinking === 'level'
          ? { thinking: { type: 'adaptive' as const, display: 'summarized' as const } }
          : {}),
        ...(thinks && thinking === 'budget'
          ? { thinking: { type: 'enabled' as const, budget_tokens: budgetTokens } }
          : {}),
      }),
  }),
  client('langchain google', {
    wire: 'gemini',
    keepsUnknownFields: true,
    model: ({ root, key, model, thinking }, { thinks, limit }) =>
      new ChatGoogle({
        model,
        apiKey: key,
        endpoint: root,
        platformType: 'gai',
        maxRetries: 0,
        maxOutputTokens: limit,
        ...(thinks && thinking === 'level' ? { reasoningEffort: 'high' as const } : {}),
        ...(thinks && thinking === 'budget' ? { maxReasoningTokens: budgetTokens } : {}),
      }),
  }),
]

const THINKING = {
  include: ['reasoning.encrypted_content'],
  reasoning: { effort: 'medium', summary: 'auto' },
}

function openAi({ root, key, model }: Address) {
  return { model, apiKey: key, configuration: { baseURL: `${root}/v1` }, maxRetries: 0, useResponsesApi: false }
}

interface Kind extends Pick<SdkClient, 'wire' | 'keepsUnknownFields'> {
  readonly countsStreams?: boolean
  readonly model: (at: Address, wish: Wish) => BaseChatModel
}

interface Wish {
  readonly thinks: boolean
  readonly limit: number
}

function client(name: string, { wire, keepsUnknownFields, countsStreams = true, model }: Kind): SdkClient {
  return {
    name,
    wire,
    keepsUnknownFields,
    open: (at) =>
      new LangChainSession(
        (wish) => model(at, { ...wish, thinks: wish.thinks && at.thinking !== 'none' }),
        countsStreams,
      ),
  }
}

const tools = TOOLS.map(({ name, description, field }) => ({
  type: 'function' as const,
  function: { name, description, parameters: parametersOf(field) },
}))

class LangChainSession implements Session {
  readonly #make: (wish: Wish) => BaseChatModel
  readonly #model: BaseChatModel
  readonly #countsStreams: boolean

  constructor(make: (wish: Wish) => BaseChatModel, countsStreams: boolean) {
    this.#make = make
    this.#model = make({ thinks: false, limit: limitTokens })
    this.#countsStreams = countsStreams
  }

  async text(prompt: Prompt): Promise<Said> {
    const model = this.#make({ thinks: false, limit: prompt.limit ?? limitTokens })
    return said(await model.invoke(messagesOf(prompt)))
  }

  async stream(prompt: Prompt): Promise<Streamed> {
    const chunks: AIMessageChunk[] = []
    for await (const chunk of await this.#model.stream(messagesOf(prompt))) chunks.push(chunk)
    const whole = said(together(chunks))
    const pieces = chunks.filter(({ text }) => text !== '').length
    return { ...whole, usage: this.#countsStreams ? whole.usage : null, pieces }
  }

  async loop(prompt: string, how: { readonly stream: boolean }): Promise<Loop> {
    const model = this.#make({ thinks: true, limit: limitTokens }).bindTools?.(tools)
    if (model === undefined) throw new Error('a model without tools')
    const messages: BaseMessage[] = [new HumanMessage(prompt)]
    const steps: Step[] = []
    for (;;) {
      const answer = how.stream ? await streamed(await model.stream(messages)) : await model.invoke(messages)
      messages.push(answer)
      const calls = answer.tool_calls ?? []
      if (calls.length === 0) return { text: answer.text, steps }
      steps.push({ calls: calls.map(({ name, args }) => ({ name, input: args })), thoughts: thoughtsOf(answer) })
      for (const { id = '', name, args } of calls)
        messages.push(new ToolMessage({ tool_call_id: id, name, content: runTool(name, args) }))
    }
  }

  async json(prompt: string): Promise<unknown> {
    return this.#model.withStructuredOutput(CITY, { method: 'jsonSchema', name: 'city' }).invoke(prompt)
  }

  async picture(prompt: string, pngBase64: string): Promise<Said> {
    const content = [
      { type: 'image' as const, mimeType: 'image/png', data: pngBase64 },
      { type: 'text' as const, text: prompt },
    ]
    return said(await this.#model.invoke([new HumanMessage({ contentBlocks: content })]))
  }

  async failure(prompt: string): Promise<Failure> {
    return failureOf(await thrownBy(() => this.text({ text: prompt })))
  }

  async brokenStream(prompt: string): Promise<{ text: string; failure: Failure }> {
    let text = ''
    const error = await thrownBy(async () => {
      const chunks: AIMessageChunk[] = []
      for await (const chunk of await this.#model.stream(prompt)) {
        chunks.push(chunk)
        text += chunk.text
      }
      throw new Error(endedWell(said(together(chunks)).stop) ? ENDED_WELL : 'the stream broke off')
    })
    return { text, failure: failureOf(error) }
  }

  async abort(prompt: string): Promise<void> {
    const leaving = new AbortController()
    const chunks = await this.#model.stream(prompt, { signal: leaving.signal })
    for await (const chunk of chunks) if (chunk.text !== '') break
    leaving.abort()
  }
}

const messagesOf = ({ text, system }: Prompt): BaseMessage[] => [
  ...(system === undefined ? [] : [new SystemMessage(system)]),
  new HumanMessage(text),
]

async function streamed(chunks: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  const all: AIMessageChunk[] = []
  for await (const chunk of chunks) all.push(chunk)
  return together(all)
}

function together(chunks: readonly AIMessageChunk[]): AIMessageChunk {
  const [first, ...rest] = chunks
  if (first === undefined) throw new Error('a stream without a chunk')
  return rest.reduce((before, chunk) => before.concat(chunk), first)
}

function said(message: AIMessage | AIMessageChunk): Said {
  const { input_tokens = -1, output_tokens = -1 } = message.usage_metadata ?? {}
  return { text: message.text, stop: stopOf(message), usage: { input: input_tokens, output: output_tokens } }
}

/** Each of its models keeps the vendor's own word in another place. */
function stopOf({ response_metadata, additional_kwargs }: AIMessage | AIMessageChunk): string {
  const fields: Record<string, unknown> = { ...additional_kwargs, ...response_metadata }
  const found = ['finish_reason', 'stop_reason', 'finishReason', 'status']
    .map((name) => fields[name])
    .find((value) => typeof value === 'string')
  return String(found)
}

const thoughtsOf = (message: AIMessage | AIMessageChunk): string =>
  message.contentBlocks.flatMap((block) => (block.type === 'reasoning' ? [block.reasoning] : [])).join('')

/** It throws the error of the client below it, or one of its own that carries the status. */
function failureOf(error: unknown): Failure {
  const fields: Record<string, unknown> = typeof error === 'object' && error !== null ? { ...error } : {}
  const status = fields['status'] ?? fields['statusCode']
  return {
    isClientsOwn: typeof status === 'number',
    isRateLimit: status === 429,
    isBadRequest: status === 400,
    status: typeof status === 'number' ? status : undefined,
    retrySeconds: retryAfter(fields['headers']) ?? hinted(JSON.stringify(fields['data'] ?? '')),
    message: error instanceof Error ? error.message : String(error),
  }
}
