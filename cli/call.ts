import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Action } from '../core/action.ts'
import { asObject, asText, type JsonObject, parseJson } from '../core/json.ts'
import { flagOf } from './command.ts'

export type Answer =
  | { readonly kind: 'done'; readonly output: JsonObject }
  | { readonly kind: 'refused'; readonly message: string }

interface Gateway {
  readonly url: URL
  readonly token: string
}

/** Calls an action of a running gateway. Whatever goes wrong is an answer too, as a sentence for people. */
export async function callAction(
  action: Action,
  input: { readonly [field: string]: unknown },
  gateway: Gateway,
): Promise<Answer> {
  const { url, body } = addressed(action, input, gateway.url)
  try {
    const answer = await opened(url, { method: action.method, token: gateway.token, body }, ANSWER_MS_MAX)
    return answerOf(answer.statusCode ?? 0, await textOf(answer), gateway.url)
  } catch (error) {
    return { kind: 'refused', message: failure(error, gateway.url) }
  }
}

/** The same for one that streams: each line goes to `out` as it comes. An answer that breaks off is refused, whatever came before. */
export async function streamAction(
  action: Action,
  input: { readonly [field: string]: unknown },
  { url: at, token, out }: Gateway & { readonly out: (line: string) => void },
): Promise<Answer> {
  const { url, body } = addressed(action, input, at)
  try {
    const answer = await opened(url, { method: action.method, token, body }, STREAM_MS_MAX)
    if (answer.statusCode !== 200) return answerOf(answer.statusCode ?? 0, await textOf(answer), at)
    const text = new TextDecoder()
    let rest = ''
    for await (const raw of answer) {
      // What a response without an encoding gives.
      const lines = (rest + text.decode(raw as Buffer, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) out(line)
    }
    return { kind: 'done', output: {} }
  } catch (error) {
    return { kind: 'refused', message: failure(error, at) }
  }
}

/** Where an action is called, and with which body. */
function addressed(
  action: Action,
  input: { readonly [field: string]: unknown },
  gateway: URL,
): { readonly url: URL; readonly body: string | undefined } {
  const rest = new Map(Object.entries(input))
  const path = action.path.replace(/:(\w+)/g, (_, name: string) => {
    const value = encodeURIComponent(String(rest.get(name)))
    rest.delete(name)
    return value
  })
  const url = new URL(gateway)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/api${path}`
  url.search = action.method === 'GET' ? queryOf(rest) : ''
  return { url, body: action.method === 'GET' ? undefined : JSON.stringify(Object.fromEntries(rest)) }
}

function queryOf(fields: ReadonlyMap<string, unknown>): string {
  const query = new URLSearchParams()
  for (const [name, value] of fields) for (const one of [value].flat()) query.append(name, String(one))
  return query.toString()
}

interface Outgoing {
  readonly method: string
  readonly token: string
  readonly body: string | undefined
}

/** Redirects are not followed: the token is for this address alone. */
function opened(url: URL, { method, token, body }: Outgoing, msMax: number): Promise<IncomingMessage> {
  const start = url.protocol === 'https:' ? requestHttps : requestHttp
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const signal = AbortSignal.timeout(msMax)
  return new Promise<IncomingMessage>((resolve, reject) => {
    start(url, { method, headers, signal, agent: false }, resolve).on('error', reject).end(body)
  })
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const raw of answer) {
    // What a response without an encoding gives.
    const piece = raw as Buffer
    pieces.push(piece)
    bytes += piece.length
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer is too large')
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** A day: whoever exports years must not be cut off. */
const STREAM_MS_MAX = 86_400_000
const ANSWER_MS_MAX = 10_000
const ANSWER_BYTES_MAX = 16 * 1024 * 1024

function answerOf(status: number, text: string, url: URL): Answer {
  const body = asObject(parseJson(text))
  if (status === 200 && body !== undefined) return { kind: 'done', output: body }
  const error = asObject(body?.['error'])
  const message = asText(error?.['message'])
  if (message === undefined)
    return {
      kind: 'refused',
      message: `${url.origin} answered with status ${status}, and not as a Sekisho gateway does`,
    }
  const field = asText(error?.['field'])
  const said =
    field !== undefined && message.startsWith(`${field}: `)
      ? `--${flagOf(field)}: ${message.slice(field.length + 2)}`
      : message
  return { kind: 'refused', message: status === 401 ? `${said}: the gateway does not know this token` : said }
}

function failure(error: unknown, { origin }: URL): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ECONNREFUSED')
    return `nothing answers at ${origin}: is the gateway running? Start it with "npm start", or set SEKISHO_URL`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host of ${origin} is not known`
  if (code === 'ABORT_ERR') return `${origin} gave no answer within ${ANSWER_MS_MAX / 1_000} seconds`
  return `the call to ${origin} failed: ${error instanceof Error ? error.message : String(error)}`
}
