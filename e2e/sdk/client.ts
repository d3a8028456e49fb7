import * as z from 'zod'

/** An official client, used as its own documentation says, with what the scenarios want of it in the same words for all. */
export interface SdkClient {
  /** Package and major, and the API where a package has several. */
  readonly name: string
  /** The wire that it speaks. */
  readonly wire: ClientWire
  /** Whether it gives a vendor's opaque reasoning back where that stands in fields that its own wire does not know. */
  readonly keepsUnknownFields: boolean
  readonly open: (at: Address) => Session
}

export type ClientWire = 'openai-chat' | 'openai-responses' | 'anthropic' | 'gemini'

export interface Address {
  /** Without a path: each client adds what its own documentation adds. */
  readonly root: string
  readonly key: string
  readonly model: string
  /** How this model is told to think, on the wires where that differs between models. */
  readonly thinking: 'level' | 'budget' | 'none'
}

/** One client at one address, with one model. Retries are off: what is answered is what is tested. */
export interface Session {
  readonly text: (prompt: Prompt) => Promise<Said>
  readonly stream: (prompt: Prompt) => Promise<Streamed>
  /** Goes on until the model calls no more tools, thinking on. */
  readonly loop: (prompt: string, how: { readonly stream: boolean }) => Promise<Loop>
  readonly json: (prompt: string) => Promise<unknown>
  readonly picture: (prompt: string, pngBase64: string) => Promise<Said>
  /** What the client throws, in its own class. */
  readonly failure: (prompt: string) => Promise<Failure>
  /** A stream that breaks: what came before, and what is thrown then. */
  readonly brokenStream: (prompt: string) => Promise<{ readonly text: string; readonly failure: Failure }>
  /** Leaves a stream after the first piece of text. */
  readonly abort: (prompt: string) => Promise<void>
}

export interface Prompt {
  readonly text: string
  readonly system?: string
  /** Most tokens of the answer. */
  readonly limit?: number
}

export interface Said {
  readonly text: string
  /** As the client spells it. */
  readonly stop: string
  readonly usage: Counted
}

/** Tokens as the client understands them: input with what was read from a cache, output with thinking. */
export interface Counted {
  readonly input: number
  readonly output: number
}

export interface Streamed extends Omit<Said, 'usage'> {
  /** `null` where this client does not count streams rightly even at the vendor itself. */
  readonly usage: Counted | null
  /** How many pieces of text came one after the other. */
  readonly pieces: number
}

export interface Loop {
  readonly text: string
  readonly steps: readonly Step[]
}

export interface Step {
  readonly calls: readonly { readonly name: string; readonly input: unknown }[]
  /** What the client shows of the thinking, or nothing. */
  readonly thoughts: string
}

export interface Failure {
  /** The class of the error, as programs test for it. */
  readonly isRateLimit: boolean
  readonly isBadRequest: boolean
  readonly isClientsOwn: boolean
  readonly status: number | undefined
  readonly retrySeconds: number | undefined
  readonly message: string
}

/** The tools of the loop, and what running one gives. */
export const TOOLS = [
  { name: 'get_weather', description: 'The weather in a city', field: 'city', schema: z.object({ city: z.string() }) },
  { name: 'get_time', description: 'The time in a zone', field: 'zone', schema: z.object({ zone: z.string() }) },
] as const

export const parametersOf = (field: string) => ({
  type: 'object' as const,
  properties: { [field]: { type: 'string' as const } },
  required: [field],
  additionalProperties: false,
})

export function runTool(name: string, input: unknown): string {
  const subject = String(Object.values(input ?? {})[0])
  return name === 'get_weather' ? `sunny in ${subject}` : `noon in ${subject}`
}

/** What structured output is asked for. */
export const CITY = z.object({ city: z.string(), people: z.int(), tags: z.array(z.string()) })

export const systemMessage = <Role extends string>(
  { system }: Prompt,
  role: Role,
): { role: Role; content: string }[] => (system === undefined ? [] : [{ role, content: system }])

/** Runs what must fail. */
export async function thrownBy(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run()
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

export const limitTokens = 4_000
export const budgetTokens = 1_024

const seconds = (text: string | null | undefined): number | undefined =>
  text === null || text === undefined || text === '' ? undefined : Number(text)

/** What a broken stream must never look like. */
export const ENDED_WELL = 'the stream ended well'

/** Whether a stop reason, in any spelling, says that an answer is whole. */
export const endedWell = (stop: unknown): boolean => /^(stop|end_turn|completed|STOP)$/.test(String(stop))

/** Google's vendor says it in the body. */
export function hinted(body: string): number | undefined {
  const [, delay] = /"retryDelay":\s*"(\d+(?:\.\d+)?)s"/.exec(body) ?? []
  return delay === undefined ? undefined : Number(delay)
}

/** From a header, of a `Headers` object or a record. */
export function retryAfter(headers: unknown): number | undefined {
  if (headers instanceof Headers) return seconds(headers.get('retry-after'))
  const fields = typeof headers === 'object' && headers !== null ? Object.entries(headers) : []
  const found: unknown = fields.find(([name]) => name.toLowerCase() === 'retry-after')?.[1]
  return typeof found === 'string' ? seconds(found) : undefined
}
