import type { WireId } from '../core/chat.ts'
import type { Operation } from '../core/operation.ts'
import type { AskedOf } from '../core/wire.ts'
import type { FormId } from '../core/wires/forms.ts'

/** What a path of the data plane asks for, and in which form. */
export interface Endpoint {
  readonly operation: Operation
  readonly wire: WireId
  /** What the path itself says, on wires where it names the model. */
  readonly asked: AskedOf | undefined
  /** How the client is read and answered, where that takes more than passing bytes. */
  readonly form: FormId
  /** Whether several texts are embedded at once: a path of its own on Gemini's wire. */
  readonly batch: boolean
}

/** The endpoint of a POST, or `undefined` when there is none at this path. `url` is what the client sent, with its query. */
export function endpointOf(url: string): Endpoint | undefined {
  const query = url.indexOf('?')
  const path = query < 0 ? url : url.slice(0, query)
  return EXACT.get(path) ?? geminiEndpoint(path, query < 0 ? '' : url.slice(query + 1))
}

/** Whether a path belongs to the data plane, so that its errors are told in a vendor's form. */
export const isDataPath = (path: string): boolean => DATA_PREFIXES.some((prefix) => path.startsWith(prefix))

/** Whose form an error or a list has where the path alone tells. */
export function wireOfPath(path: string): WireId {
  if (path.startsWith('/anthropic') || path === '/v1/messages' || path.startsWith('/v1/messages/')) return 'anthropic'
  if (path.startsWith('/gemini') || path.startsWith('/v1beta') || GEMINI.test(path)) return 'gemini'
  return 'openai-chat'
}

/** The prefixes under which each vendor's paths are served, so that an SDK needs one base URL whatever it appends. */
export const OPENAI_PREFIXES = ['/v1', '/openai/v1'] as const
export const ANTHROPIC_PREFIXES = ['/anthropic/v1'] as const
export const GEMINI_PREFIXES = ['/v1beta', '/gemini/v1beta', '/gemini/v1'] as const

const DATA_PREFIXES = ['/v1', '/openai/', '/anthropic', '/gemini']
const PLAIN = { asked: undefined, batch: false } as const

const EXACT: ReadonlyMap<string, Endpoint> = new Map([
  ...OPENAI_PREFIXES.flatMap((prefix): [string, Endpoint][] => [
    [`${prefix}/chat/completions`, { ...PLAIN, operation: 'chat', wire: 'openai-chat', form: 'openai-chat' }],
    [`${prefix}/completions`, { ...PLAIN, operation: 'completions', wire: 'openai-chat', form: 'openai-completions' }],
    [`${prefix}/embeddings`, { ...PLAIN, operation: 'embeddings', wire: 'openai-chat', form: 'openai-chat' }],
    [`${prefix}/responses`, { ...PLAIN, operation: 'chat', wire: 'openai-responses', form: 'openai-responses' }],
    [
      `${prefix}/responses/input_tokens`,
      { ...PLAIN, operation: 'count_tokens', wire: 'openai-responses', form: 'openai-responses' },
    ],
  ]),
  ...['/v1', ...ANTHROPIC_PREFIXES].flatMap((prefix): [string, Endpoint][] => [
    [`${prefix}/messages`, { ...PLAIN, operation: 'chat', wire: 'anthropic', form: 'anthropic' }],
    [`${prefix}/messages/count_tokens`, { ...PLAIN, operation: 'count_tokens', wire: 'anthropic', form: 'anthropic' }],
  ]),
])

/** `/v1beta/models/{model}:{method}`, under any of the prefixes and `/v1`. The model may hold slashes and percent signs. */
const GEMINI = /^(?:\/gemini)?\/v1(?:beta)?\/models\/(.+):([a-zA-Z]+)$/

function geminiEndpoint(path: string, query: string): Endpoint | undefined {
  const match = GEMINI.exec(path)
  const method = METHODS.get(match?.[2] ?? '')
  if (match === null || method === undefined) return undefined
  const model = decoded(match[1] ?? '')
  const asked = { model, stream: method.stream }
  const form = method.stream && !isEvents(query) ? 'gemini-list' : 'gemini'
  return { operation: method.operation, wire: 'gemini', form, asked, batch: method.batch }
}

interface Method {
  readonly operation: Operation
  readonly stream: boolean
  readonly batch: boolean
}

const METHODS: ReadonlyMap<string, Method> = new Map([
  ['generateContent', { operation: 'chat', stream: false, batch: false }],
  ['streamGenerateContent', { operation: 'chat', stream: true, batch: false }],
  ['countTokens', { operation: 'count_tokens', stream: false, batch: false }],
  ['embedContent', { operation: 'embeddings', stream: false, batch: false }],
  ['batchEmbedContents', { operation: 'embeddings', stream: false, batch: true }],
])

const isEvents = (query: string): boolean => query.split('&').includes('alt=sse')

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
