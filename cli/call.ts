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
  const rest = new Map(Object.entries(input))
  const path = action.path.replace(/:(\w+)/g, (_, name: string) => {
    const value = encodeURIComponent(String(rest.get(name)))
    rest.delete(name)
    return value
  })
  const url = new URL(gateway.url)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/api${path}`
  url.search = action.method === 'GET' ? queryOf(rest) : ''
  try {
    const body = action.method === 'GET' ? undefined : JSON.stringify(Object.fromEntries(rest))
    const { status, text } = await exchange(url, { method: action.method, token: gateway.token, body })
    return answerOf(status, text, gateway.url)
  } catch (error) {
    return { kind: 'refused', message: failure(error, gateway.url) }
  }
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
async function exchange(
  url: URL,
  { method, token, body }: Outgoing,
): Promise<{ readonly status: number; readonly text: string }> {
  const start = url.protocol === 'https:' ? requestHttps : requestHttp
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const signal = AbortSignal.timeout(ANSWER_MS_MAX)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    start(url, { method, headers, signal, agent: false }, resolve).on('error', reject).end(body)
  })
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const raw of answer) {
    // What a response without an encoding gives.
    const piece = raw as Buffer
    pieces.push(piece)
    bytes += piece.length
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer is too large')
  }
  return { status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }
}

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
