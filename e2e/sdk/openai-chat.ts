import OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import OpenAI6 from 'openai-6'
import { zodResponseFormat as zodResponseFormat6 } from 'openai-6/helpers/zod'
import {
  CITY,
  ENDED_WELL,
  endedWell,
  limitTokens,
  parametersOf,
  retryAfter,
  runTool,
  systemMessage,
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

/** OpenAI's own client on chat completions: newest major, and the one before. Only what both have is used. */
export const openAiChat: readonly SdkClient[] = [
  client('openai 7 chat', OpenAI, zodResponseFormat),
  client('openai 6 chat', OpenAI6 as unknown as typeof OpenAI, zodResponseFormat6),
]

export type OpenAiClass = typeof OpenAI

/** The client's address: it adds nothing of its own to the base URL. */
export const openAiAt = (Client: OpenAiClass, { root, key }: Address): OpenAI =>
  new Client({ apiKey: key, baseURL: `${root}/v1`, maxRetries: 0, timeout: 20_000 })

export function openAiFailure(Client: OpenAiClass, error: unknown): Failure {
  const isClientsOwn = error instanceof Client.APIError
  return {
    isRateLimit: error instanceof Client.RateLimitError,
    isBadRequest: error instanceof Client.BadRequestError,
    isClientsOwn,
    status: isClientsOwn ? error.status : undefined,
    retrySeconds: isClientsOwn ? retryAfter(error.headers) : undefined,
    message: error instanceof Error ? error.message : String(error),
  }
}

function client(name: string, Client: OpenAiClass, format: typeof zodResponseFormat): SdkClient {
  return {
    name,
    wire: 'openai-chat',
    keepsUnknownFields: true,
    open: (at) => new ChatSession(Client, at, format),
  }
}

type Message = OpenAI.ChatCompletionMessageParam
type Completion = OpenAI.ChatCompletion

class ChatSession implements Session {
  readonly #Client: OpenAiClass
  readonly #openai: OpenAI
  readonly #model: string
  readonly #format: typeof zodResponseFormat
  readonly #thinking: { readonly reasoning_effort?: 'medium' }

  constructor(Client: OpenAiClass, at: Address, format: typeof zodResponseFormat) {
    this.#Client = Client
    this.#openai = openAiAt(Client, at)
    this.#model = at.model
    this.#format = format
    this.#thinking = at.thinking === 'none' ? {} : { reasoning_effort: 'medium' }
  }

  async text(prompt: Prompt): Promise<Said> {
    return said(await this.#openai.chat.completions.create(this.#asked(prompt)))
  }

  async stream(prompt: Prompt): Promise<Streamed> {
    const stream = this.#openai.chat.completions.stream({
      ...this.#asked(prompt),
      stream_options: { include_usage: true },
    })
    let pieces = 0
    stream.on('content', () => void pieces++)
    return { ...said(await stream.finalChatCompletion()), pieces }
  }

  async loop(prompt: string, how: { readonly stream: boolean }): Promise<Loop> {
    const messages: Message[] = [{ role: 'user', content: prompt }]
    const steps: Step[] = []
    for (;;) {
      const message = await this.#turn(messages, how)
      messages.push(withoutParsed(message))
      const calls = (message.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call] : []))
      if (calls.length === 0) return { text: message.content ?? '', steps }
      steps.push({
        calls: calls.map((call) => ({ name: call.function.name, input: parsed(call.function.arguments) })),
        thoughts: thoughtsOf(message),
      })
      for (const { id, function: called } of calls)
        messages.push({ role: 'tool', tool_call_id: id, content: runTool(called.name, parsed(called.arguments)) })
    }
  }

  async json(prompt: string): Promise<unknown> {
    const answer = await this.#openai.chat.completions.parse({
      ...this.#asked({ text: prompt }),
      response_format: this.#format(CITY, 'city'),
    })
    return answer.choices[0]?.message.parsed
  }

  async picture(prompt: string, pngBase64: string): Promise<Said> {
    const image_url = { url: `data:image/png;base64,${pngBase64}` }
    const content = [
      { type: 'image_url' as const, image_url },
      { type: 'text' as const, text: prompt },
    ]
    return said(
      await this.#openai.chat.completions.create({
        ...this.#asked({ text: '' }),
        messages: [{ role: 'user', content }],
      }),
    )
  }

  async failure(prompt: string): Promise<Failure> {
    return openAiFailure(this.#Client, await thrownBy(() => this.text({ text: prompt })))
  }

  async brokenStream(prompt: string): Promise<{ text: string; failure: Failure }> {
    let text = ''
    const error = await thrownBy(async () => {
      const chunks = await this.#openai.chat.completions.create({ ...this.#asked({ text: prompt }), stream: true })
      let stop: string | null = null
      for await (const { choices } of chunks) {
        text += choices[0]?.delta.content ?? ''
        stop = choices[0]?.finish_reason ?? stop
      }
      throw new Error(endedWell(stop) ? ENDED_WELL : 'the stream broke off')
    })
    return { text, failure: openAiFailure(this.#Client, error) }
  }

  async abort(prompt: string): Promise<void> {
    const chunks = await this.#openai.chat.completions.create({ ...this.#asked({ text: prompt }), stream: true })
    for await (const chunk of chunks) if ((chunk.choices[0]?.delta.content ?? '') !== '') break
    chunks.controller.abort()
  }

  #asked(prompt: Prompt) {
    return {
      model: this.#model,
      messages: [...systemMessage(prompt, 'system'), { role: 'user' as const, content: prompt.text }],
      max_completion_tokens: prompt.limit ?? limitTokens,
    }
  }

  async #turn(messages: readonly Message[], how: { readonly stream: boolean }): Promise<OpenAI.ChatCompletionMessage> {
    const asked = {
      model: this.#model,
      messages: [...messages],
      tools: TOOLS.map(({ name, description, field }) => ({
        type: 'function' as const,
        function: { name, description, parameters: parametersOf(field) },
      })),
      ...this.#thinking,
    }
    const answer = how.stream
      ? await this.#openai.chat.completions.stream(asked).finalChatCompletion()
      : await this.#openai.chat.completions.create(asked)
    const message = answer.choices[0]?.message
    if (message === undefined) throw new Error('an answer without a choice')
    return message
  }
}

function said({ choices: [choice], usage }: Completion): Said {
  return {
    text: choice?.message.content ?? '',
    stop: String(choice?.finish_reason),
    usage: { input: usage?.prompt_tokens ?? -1, output: usage?.completion_tokens ?? -1 },
  }
}

const parsed = (text: string): unknown => JSON.parse(text)

/** What the client's stream adds for programs is refused by the vendor; every other field stays, known or not. */
function withoutParsed(message: OpenAI.ChatCompletionMessage & { parsed?: unknown }): Message {
  const { parsed: _, ...rest } = message
  const tool_calls = message.tool_calls?.map((call) => {
    if (call.type !== 'function') return call
    const { parsed_arguments: _, ...called } = { parsed_arguments: undefined, ...call.function }
    return { ...call, function: called }
  })
  return tool_calls === undefined ? rest : { ...rest, tool_calls }
}

/** A field that OpenAI's wire does not have, and that most who show thinking there use. */
function thoughtsOf(message: object): string {
  return 'reasoning_content' in message && typeof message.reasoning_content === 'string'
    ? message.reasoning_content
    : ''
}
