import type { ChatRequest } from './chat-request.ts'
import type { CallDraft, Draft } from './generate.ts'
import type { Message } from './message.ts'
import type { DemoModel } from './models.ts'
import { schemaInstance } from './schema-instance.ts'
import type { Tool } from './tool.ts'

/** Longest piece of the prompt that is quoted back, in characters. */
const QUOTE_CHARACTERS_MAX = 200
/** Of all choices together. */
const SAID_TOKENS_MAX = 20_000
const CALLS_MAX = 8
/** How far into a text a wish is looked for: what is worked out on the gateway's own event loop must stay small. */
const WISH_CHARACTERS_MAX = 4_000

/**
 * What the demo model would say as choice number `index`: it calls the tools that it is told to call (`call get_weather`), quotes what a
 * tool answered, fills a schema, says a given number of tokens (`say 500 tokens`), or describes what it was sent.
 */
export function draftChat(request: ChatRequest, model: DemoModel, index: number): Draft {
  const reasoning = model.manner === 'reasons' ? reasoningOf(request) : ''
  const calls = callsOf(request)
  if (calls.length > 0) return { reasoning, text: '', calls }
  return { reasoning, text: textOf(request, index), calls: [] }
}

/** The last thing that the person said, as far as it is looked at for wishes. */
export const lastUserText = (messages: readonly Message[]): string =>
  (messages.findLast((message) => message.role === 'user')?.text ?? '').slice(0, WISH_CHARACTERS_MAX)

/** A given number of tokens when the text asks for it, else `undefined`; all choices together stay within a bound. */
export function askedTokens(text: string, choices: number): string | undefined {
  const [, count] = /\bsay (\d{1,5}) tokens\b/i.exec(text.slice(0, WISH_CHARACTERS_MAX)) ?? []
  return count === undefined ? undefined : 'word '.repeat(Math.min(Number(count), SAID_TOKENS_MAX / choices)).trimEnd()
}

/** The beginning of a text, never ending in half a character. */
export const quote = (text: string): string => `"${text.slice(0, QUOTE_CHARACTERS_MAX).toWellFormed()}"`

function textOf(request: ChatRequest, index: number): string {
  const { format, messages } = request
  if (format.kind === 'schema') return JSON.stringify(schemaInstance(format.schema, format.name))
  const said = describe(messages, request.promptTokens) + (index === 0 ? '' : ` (choice ${index + 1})`)
  if (format.kind === 'json') return JSON.stringify({ answer: said })
  return askedTokens(lastUserText(messages), request.choices) ?? said
}

function describe(messages: readonly Message[], promptTokens: number): string {
  const last = messages.at(-1)
  if (last?.role === 'tool') return `The tool ${last.answers} answered: ${quote(last.text)}.`
  const images = messages.reduce((sum, message) => sum + message.images, 0)
  const seen = images === 0 ? '' : `, ${images} of them images`
  return `Sekisho's demo model here. You said: ${quote(lastUserText(messages))}. That was ${promptTokens} tokens in ${messages.length} messages${seen}.`
}

/** More effort, longer thoughts. */
function reasoningOf(request: ChatRequest): string {
  const steps = { none: 0, minimal: 1, low: 2, medium: 4, high: 8, xhigh: 16, max: 32 }[request.effort]
  return Array.from({ length: steps }, (_, step) => `Step ${step + 1}: look at the request again.`).join(' ')
}

function callsOf(request: ChatRequest): readonly CallDraft[] {
  const called = chosenTools(request)
  return called.slice(0, request.parallelToolCalls ? CALLS_MAX : 1).map((tool, index) => ({
    id: `call_demo_${request.messages.length}_${index}`,
    name: tool.name,
    kind: tool.schema === null ? 'custom' : 'function',
    input:
      tool.schema === null
        ? `demo ${tool.name}`
        : JSON.stringify(schemaInstance({ type: 'object', ...tool.schema }, tool.name)),
  }))
}

function chosenTools({ tools, toolChoice, messages }: ChatRequest): readonly Tool[] {
  const text = lastUserText(messages)
  const wanted = tools.filter((tool) => text.includes(`call ${tool.name}`))
  switch (toolChoice.kind) {
    case 'none':
      return []
    case 'auto':
      // After a tool has answered, the conversation goes on in words.
      return messages.at(-1)?.role === 'user' ? wanted : []
    case 'required':
      return wanted.length > 0 ? wanted : tools.slice(0, 1)
    case 'named':
      return tools.filter((tool) => tool.name === toolChoice.name)
  }
}
