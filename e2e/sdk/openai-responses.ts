import OpenAI from 'openai'
import { zodTextFormat } from 'openai/helpers/zod'
import OpenAI6 from 'openai-6'
import { zodTextFormat as zodTextFormat6 } from 'openai-6/helpers/zod'
import {
  CITY,
  ENDED_WELL,
  limitTokens,
  parametersOf,
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
import { openAiAt, openAiFailure, type OpenAiClass } from './openai-chat.ts'

/** OpenAI's own client on responses: newest major, and the one before. Nothing is stored at the vendor. */
export const openAiResponses: readonly SdkClient[] = [
  client('openai 7 responses', OpenAI, zodTextFormat),
  client('openai 6 responses', OpenAI6 as unknown as typeof OpenAI, zodTextFormat6),
]

function client(name: string, Client: OpenAiClass, format: typeof zodTextFormat): SdkClient {
  return {
    name,
    wire: 'openai-responses',
    keepsUnknownFields: true,
    open: (at) => new ResponsesSession(Client, at, format),
  }
}

class ResponsesSession implements Session {
  readonly #Client: OpenAiClass
  readonly #openai: OpenAI
  readonly #model: string
  readonly #format: typeof zodTextFormat
  readonly #thinks: boolean

  constructor(Client: OpenAiClass, at: Address, format: typeof zodTextFormat) {
    this.#Client = Client
    this.#openai = openAiAt(Client, at)
    this.#model = at.model
    this.#format = format
    this.#thinks = at.thinking !== 'none'
  }

  async text(prompt: Prompt): Promise<Said> {
    return said(await this.#openai.responses.create(this.#asked(prompt)))
  }

  async stream(prompt: Prompt): Promise<Streamed> {
    const stream = this.#openai.responses.stream(this.#asked(prompt))
    let pieces = 0
    stream.on('response.output_text.delta', () => void pieces++)
    return { ...said(await stream.finalResponse()), pieces }
  }

  async loop(prompt: string, how: { readonly stream: boolean }): Promise<Loop> {
    const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: prompt }]
    const steps: Step[] = []
    for (;;) {
      const response = await this.#turn(input, how)
      input.push(...response.output.map(asInput))
      const calls = response.output.flatMap((item) => (item.type === 'function_call' ? [item] : []))
      if (calls.length === 0) return { text: response.output_text, steps }
      steps.push({
        calls: calls.map((call) => ({ name: call.name, input: parsed(call.arguments) })),
        thoughts: response.output
          .flatMap((item) => (item.type === 'reasoning' ? item.summary.map(({ text }) => text) : []))
          .join(''),
      })
      for (const { call_id, name, arguments: text } of calls)
        input.push({ type: 'function_call_output', call_id, output: runTool(name, parsed(text)) })
    }
  }

  async json(prompt: string): Promise<unknown> {
    const answer = await this.#openai.responses.parse({
      ...this.#asked({ text: prompt }),
      text: { format: this.#format(CITY, 'city') },
    })
    return answer.output_parsed
  }

  async picture(prompt: string, pngBase64: string): Promise<Said> {
    const image = {
      type: 'input_image' as const,
      detail: 'auto' as const,
      image_url: `data:image/png;base64,${pngBase64}`,
    }
    const content = [image, { type: 'input_text' as const, text: prompt }]
    const asked = { ...this.#asked({ text: '' }), input: [{ role: 'user' as const, content }] }
    return said(await this.#openai.responses.create(asked))
  }

  async failure(prompt: string): Promise<Failure> {
    return openAiFailure(this.#Client, await thrownBy(() => this.text({ text: prompt })))
  }

  async brokenStream(prompt: string): Promise<{ text: string; failure: Failure }> {
    let text = ''
    const error = await thrownBy(async () => {
      const events = await this.#openai.responses.create({ ...this.#asked({ text: prompt }), stream: true })
      let ended = ''
      for await (const event of events) {
        if (event.type === 'response.output_text.delta') text += event.delta
        // The iterator gives the vendor's own error as an event, and leaves it to the program.
        if (event.type === 'error') throw new this.#Client.APIError(undefined, event, event.message, undefined)
        if (event.type === 'response.failed')
          throw new this.#Client.APIError(undefined, event, event.response.error?.message, undefined)
        ended = event.type
      }
      throw new Error(ended === 'response.completed' ? ENDED_WELL : 'the stream broke off')
    })
    return { text, failure: openAiFailure(this.#Client, error) }
  }

  async abort(prompt: string): Promise<void> {
    const events = await this.#openai.responses.create({ ...this.#asked({ text: prompt }), stream: true })
    for await (const event of events) if (event.type === 'response.output_text.delta') break
    events.controller.abort()
  }

  #asked({ text, system, limit = limitTokens }: Prompt) {
    return {
      model: this.#model,
      input: text,
      ...(system === undefined ? {} : { instructions: system }),
      max_output_tokens: limit,
      store: false,
    }
  }

  #turn(input: readonly OpenAI.Responses.ResponseInputItem[], how: { readonly stream: boolean }): Promise<Answer> {
    const asked = {
      model: this.#model,
      input: [...input],
      store: false,
      tools: TOOLS.map(({ name, description, field }) => ({
        type: 'function' as const,
        strict: true,
        name,
        description,
        parameters: parametersOf(field),
      })),
      ...(this.#thinks
        ? {
            include: ['reasoning.encrypted_content' as const],
            reasoning: { effort: 'medium' as const, summary: 'auto' as const },
          }
        : {}),
    }
    return how.stream ? this.#openai.responses.stream(asked).finalResponse() : this.#openai.responses.create(asked)
  }
}

type Answer = Pick<OpenAI.Responses.Response, 'output' | 'output_text' | 'status' | 'usage'>

const said = ({ output_text, status, usage }: Answer): Said => ({
  text: output_text,
  stop: String(status),
  usage: { input: usage?.input_tokens ?? -1, output: usage?.output_tokens ?? -1 },
})

const parsed = (text: string): unknown => JSON.parse(text)

/** The output is the next input, as the SDK's own examples have it, but for what its stream adds for programs and the vendor refuses. */
function asInput(item: OpenAI.Responses.ResponseOutputItem): OpenAI.Responses.ResponseInputItem {
  const { parsed_arguments: _, ...rest } = { parsed_arguments: undefined, ...item }
  if (rest.type !== 'message') return rest as OpenAI.Responses.ResponseInputItem
  return { ...rest, content: rest.content.map(withoutParsed) }
}

type Content = OpenAI.Responses.ResponseOutputMessage['content'][number]

function withoutParsed(content: Content & { parsed?: unknown }): Content {
  const { parsed: _, ...part } = content
  return part
}
