import {
  ApiError,
  GoogleGenAI,
  ThinkingLevel,
  type GenerateContentConfig,
  type GenerateContentResponse,
  type Part,
} from '@google/genai'
import { ApiError as ApiError1, GoogleGenAI as GoogleGenAI1 } from 'genai-1'
import * as z from 'zod'
import {
  budgetTokens,
  CITY,
  ENDED_WELL,
  endedWell,
  hinted,
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

/** Google's own client: newest major, and the last one before the majors that declare an install script. */
export const google: readonly SdkClient[] = [
  client('google 3', { Client: GoogleGenAI, Failed: ApiError }),
  client('google 1', {
    Client: GoogleGenAI1 as unknown as typeof GoogleGenAI,
    Failed: ApiError1,
  }),
]

interface Sdk {
  readonly Client: typeof GoogleGenAI
  readonly Failed: typeof ApiError
}

function client(name: string, sdk: Sdk): SdkClient {
  return { name, wire: 'gemini', keepsUnknownFields: true, open: (at) => new GeminiSession(sdk, at) }
}

class GeminiSession implements Session {
  readonly #Failed: typeof ApiError
  readonly #genai: GoogleGenAI
  readonly #model: string
  readonly #thinking: GenerateContentConfig

  constructor({ Client, Failed }: Sdk, { root, key, model, thinking }: Address) {
    this.#Failed = Failed
    this.#genai = new Client({ apiKey: key, httpOptions: { baseUrl: root } })
    this.#model = model
    this.#thinking = thinkingOf(thinking)
  }

  async text(prompt: Prompt): Promise<Said> {
    return said(await this.#genai.models.generateContent(this.#asked(prompt)))
  }

  async stream(prompt: Prompt): Promise<Streamed> {
    const chunks: GenerateContentResponse[] = []
    for await (const chunk of await this.#genai.models.generateContentStream(this.#asked(prompt))) chunks.push(chunk)
    const last = chunks.at(-1)
    if (last === undefined) throw new Error('a stream without a chunk')
    const texts = chunks.map(visibleText).filter((text) => text !== '')
    return { ...said(last), text: texts.join(''), pieces: texts.length }
  }

  /** By the client's own chat, which keeps the history. */
  async loop(prompt: string, how: { readonly stream: boolean }): Promise<Loop> {
    const functionDeclarations = TOOLS.map(({ name, description, field }) => ({
      name,
      description,
      parametersJsonSchema: parametersOf(field),
    }))
    const config = { tools: [{ functionDeclarations }], ...this.#thinking }
    const chat = this.#genai.chats.create({ model: this.#model, config })
    const steps: Step[] = []
    let message: string | Part[] = prompt
    for (;;) {
      const chunks: GenerateContentResponse[] = []
      if (how.stream) for await (const chunk of await chat.sendMessageStream({ message })) chunks.push(chunk)
      else chunks.push(await chat.sendMessage({ message }))
      const parts = chunks.flatMap(partsOf)
      const calls = parts.flatMap(({ functionCall }) => (functionCall === undefined ? [] : [functionCall]))
      if (calls.length === 0) return { text: chunks.map(visibleText).join(''), steps }
      steps.push({
        calls: calls.map(({ name = '', args }) => ({ name, input: args })),
        thoughts: parts.flatMap(({ thought, text }) => (thought === true ? [text ?? ''] : [])).join(''),
      })
      message = calls.map(({ id, name = '', args }) => ({
        functionResponse: { ...(id === undefined ? {} : { id }), name, response: { output: runTool(name, args) } },
      }))
    }
  }

  async json(prompt: string): Promise<unknown> {
    const { $schema: _, ...responseJsonSchema } = z.toJSONSchema(CITY)
    const answer = await this.#genai.models.generateContent({
      ...this.#asked({ text: prompt }),
      config: { responseMimeType: 'application/json', responseJsonSchema },
    })
    return JSON.parse(visibleText(answer))
  }

  async picture(prompt: string, pngBase64: string): Promise<Said> {
    const contents = [{ inlineData: { mimeType: 'image/png', data: pngBase64 } }, { text: prompt }]
    return said(await this.#genai.models.generateContent({ ...this.#asked({ text: '' }), contents }))
  }

  async failure(prompt: string): Promise<Failure> {
    return this.#failureOf(await thrownBy(() => this.text({ text: prompt })))
  }

  async brokenStream(prompt: string): Promise<{ text: string; failure: Failure }> {
    let text = ''
    const error = await thrownBy(async () => {
      let finished = false
      for await (const chunk of await this.#genai.models.generateContentStream(this.#asked({ text: prompt }))) {
        text += visibleText(chunk)
        finished ||= endedWell(chunk.candidates?.[0]?.finishReason)
      }
      throw new Error(finished ? ENDED_WELL : 'the stream broke off')
    })
    return { text, failure: this.#failureOf(error) }
  }

  async abort(prompt: string): Promise<void> {
    const leaving = new AbortController()
    const asked = this.#asked({ text: prompt })
    const chunks = await this.#genai.models.generateContentStream({
      ...asked,
      config: { ...asked.config, abortSignal: leaving.signal },
    })
    for await (const chunk of chunks) if (visibleText(chunk) !== '') break
    leaving.abort()
  }

  #asked({ text, system, limit = limitTokens }: Prompt) {
    return {
      model: this.#model,
      contents: text,
      config: { maxOutputTokens: limit, ...(system === undefined ? {} : { systemInstruction: system }) },
    }
  }

  /** This client has one class for all errors; the status tells them apart, and the hint is in the body. */
  #failureOf(error: unknown): Failure {
    const isClientsOwn = error instanceof this.#Failed
    const message = error instanceof Error ? error.message : String(error)
    return {
      isRateLimit: isClientsOwn && error.status === 429 && message.includes('RESOURCE_EXHAUSTED'),
      isBadRequest: isClientsOwn && error.status === 400 && message.includes('INVALID_ARGUMENT'),
      isClientsOwn,
      status: isClientsOwn ? error.status : undefined,
      retrySeconds: hinted(message),
      message,
    }
  }
}

function thinkingOf(thinking: Address['thinking']): GenerateContentConfig {
  switch (thinking) {
    case 'level':
      return { thinkingConfig: { includeThoughts: true, thinkingLevel: ThinkingLevel.HIGH } }
    case 'budget':
      return { thinkingConfig: { includeThoughts: true, thinkingBudget: budgetTokens } }
    case 'none':
      return {}
  }
}

const partsOf = ({ candidates }: GenerateContentResponse): readonly Part[] => candidates?.[0]?.content?.parts ?? []

const visibleText = (response: GenerateContentResponse): string =>
  partsOf(response)
    .map(({ text, thought }) => (thought === true ? '' : (text ?? '')))
    .join('')

function said(response: GenerateContentResponse): Said {
  const { promptTokenCount = -1, candidatesTokenCount = 0, thoughtsTokenCount = 0 } = response.usageMetadata ?? {}
  return {
    text: visibleText(response),
    stop: String(response.candidates?.[0]?.finishReason),
    usage: { input: promptTokenCount, output: candidatesTokenCount + thoughtsTokenCount },
  }
}
