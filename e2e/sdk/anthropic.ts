import Anthropic0 from '@anthropic-ai/sdk'
import { zodOutputFormat as zodOutputFormat0 } from '@anthropic-ai/sdk/helpers/zod'
import Anthropic from 'anthropic-1'
import { zodOutputFormat } from 'anthropic-1/helpers/zod'
import {
  budgetTokens,
  CITY,
  ENDED_WELL,
  endedWell,
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

/** Anthropic's own client: newest major, which speaks API version 2026-10-21 by itself, and the one before. */
export const anthropic: readonly SdkClient[] = [
  client('anthropic 1', Anthropic, zodOutputFormat),
  client('anthropic 0', Anthropic0 as unknown as typeof Anthropic, zodOutputFormat0),
]

type AnthropicClass = typeof Anthropic

function client(name: string, Client: AnthropicClass, format: typeof zodOutputFormat): SdkClient {
  return { name, wire: 'anthropic', keepsUnknownFields: true, open: (at) => new MessagesSession(Client, at, format) }
}

class MessagesSession implements Session {
  readonly #Client: AnthropicClass
  readonly #anthropic: Anthropic
  readonly #model: string
  readonly #format: typeof zodOutputFormat
  readonly #thinking: { readonly thinking?: Anthropic.ThinkingConfigParam }

  constructor(Client: AnthropicClass, { root, key, model, thinking }: Address, format: typeof zodOutputFormat) {
    this.#Client = Client
    this.#anthropic = new Client({ apiKey: key, baseURL: root, maxRetries: 0, timeout: 20_000 })
    this.#model = model
    this.#format = format
    this.#thinking = thinkingOf(thinking)
  }

  async text(prompt: Prompt): Promise<Said> {
    return said(await this.#anthropic.messages.create(this.#asked(prompt)))
  }

  async stream(prompt: Prompt): Promise<Streamed> {
    const stream = this.#anthropic.messages.stream(this.#asked(prompt))
    let pieces = 0
    stream.on('text', () => void pieces++)
    return { ...said(await stream.finalMessage()), pieces }
  }

  async loop(prompt: string, how: { readonly stream: boolean }): Promise<Loop> {
    const messages: Anthropic.MessageParam[] = [{ role: 'user', content: prompt }]
    const steps: Step[] = []
    for (;;) {
      const asked = { model: this.#model, max_tokens: limitTokens, messages, tools: this.#tools(), ...this.#thinking }
      const message = how.stream
        ? await this.#anthropic.messages.stream(asked).finalMessage()
        : await this.#anthropic.messages.create(asked)
      messages.push({ role: 'assistant', content: message.content })
      const calls = message.content.flatMap((block) => (block.type === 'tool_use' ? [block] : []))
      if (calls.length === 0) return { text: textOf(message), steps }
      steps.push({ calls: calls.map(({ name, input }) => ({ name, input })), thoughts: thoughtsOf(message) })
      messages.push({
        role: 'user',
        content: calls.map(({ id, name, input }) => ({
          type: 'tool_result',
          tool_use_id: id,
          content: runTool(name, input),
        })),
      })
    }
  }

  async json(prompt: string): Promise<unknown> {
    const message = await this.#anthropic.messages.parse({
      ...this.#asked({ text: prompt }),
      output_config: { format: this.#format(CITY) },
    })
    return message.parsed_output
  }

  async picture(prompt: string, pngBase64: string): Promise<Said> {
    const source = { type: 'base64' as const, media_type: 'image/png' as const, data: pngBase64 }
    const content = [
      { type: 'image' as const, source },
      { type: 'text' as const, text: prompt },
    ]
    const asked = { ...this.#asked({ text: '' }), messages: [{ role: 'user' as const, content }] }
    return said(await this.#anthropic.messages.create(asked))
  }

  async failure(prompt: string): Promise<Failure> {
    return this.#failureOf(await thrownBy(() => this.text({ text: prompt })))
  }

  async brokenStream(prompt: string): Promise<{ text: string; failure: Failure }> {
    let text = ''
    const error = await thrownBy(async () => {
      const events = await this.#anthropic.messages.create({ ...this.#asked({ text: prompt }), stream: true })
      let stop: string | null = null
      for await (const event of events) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text
        if (event.type === 'message_delta') stop = event.delta.stop_reason
      }
      throw new Error(endedWell(stop) ? ENDED_WELL : 'the stream broke off')
    })
    return { text, failure: this.#failureOf(error) }
  }

  async abort(prompt: string): Promise<void> {
    const events = await this.#anthropic.messages.create({ ...this.#asked({ text: prompt }), stream: true })
    for await (const event of events)
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') break
    events.controller.abort()
  }

  #asked({ text, system, limit = limitTokens }: Prompt) {
    return {
      model: this.#model,
      max_tokens: limit,
      messages: [{ role: 'user' as const, content: text }],
      ...(system === undefined ? {} : { system }),
    }
  }

  #tools(): Anthropic.Tool[] {
    return TOOLS.map(({ name, description, field }) => ({ name, description, input_schema: parametersOf(field) }))
  }

  #failureOf(error: unknown): Failure {
    const isClientsOwn = error instanceof this.#Client.APIError
    return {
      isRateLimit: error instanceof this.#Client.RateLimitError,
      isBadRequest: error instanceof this.#Client.BadRequestError,
      isClientsOwn,
      status: isClientsOwn ? error.status : undefined,
      retrySeconds: isClientsOwn ? retryAfter(error.headers) : undefined,
      message: error instanceof Error ? error.message : String(error),
    }
  }
}

function thinkingOf(thinking: Address['thinking']): { readonly thinking?: Anthropic.ThinkingConfigParam } {
  switch (thinking) {
    case 'level':
      return { thinking: { type: 'adaptive', display: 'summarized' } }
    case 'budget':
      return { thinking: { type: 'enabled', budget_tokens: budgetTokens } }
    case 'none':
      return {}
  }
}

function said(message: Anthropic.Message): Said {
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens, output_tokens } = message.usage
  const input = input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0)
  return { text: textOf(message), stop: String(message.stop_reason), usage: { input, output: output_tokens } }
}

const textOf = ({ content }: Anthropic.Message): string =>
  content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')

const thoughtsOf = ({ content }: Anthropic.Message): string =>
  content.flatMap((block) => (block.type === 'thinking' ? [block.thinking] : [])).join('')
