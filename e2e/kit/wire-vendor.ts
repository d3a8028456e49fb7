import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { anthropicWire } from './wire-vendor-anthropic-said.ts'
import type { Asked } from './wire-vendor-asked.ts'
import { chatWire } from './wire-vendor-chat-said.ts'
import { Refusal } from './wire-vendor-check.ts'
import { embed } from './wire-vendor-gemini-embed.ts'
import { geminiWire } from './wire-vendor-gemini-said.ts'
import { decide } from './wire-vendor-mind.ts'
import { responsesWire } from './wire-vendor-responses-said.ts'
import {
  firstFrames,
  header,
  VendorMemory,
  type Answer,
  type VendorRequest,
  type VendorWire,
  type WireSeen,
} from './wire-vendor-state.ts'
import { within, type WaitOptions } from './wait.ts'

export type { WireSeen } from './wire-vendor-state.ts'

/**
 * Three vendors in one: OpenAI (chat completions and responses), Anthropic and Gemini as they are in late 2026, on a real socket. Each
 * request is read as strictly as its vendor reads it and refused in that vendor's words, or answered by one small deterministic
 * model (`wire-vendor-mind.ts`) in that vendor's grammar, whole or streamed. It is written from the vendors' descriptions alone and
 * shares nothing with the gateway's own wires: a mistake in one of the two is seen in the other.
 */
export interface WireVendor {
  readonly port: number
  /** `http://127.0.0.1:<port>`, without a path: what an SDK wants differs. */
  readonly url: string
  /** Every request, oldest first. */
  readonly seen: readonly WireSeen[]
  /** The first request from `from` on of which this is true, as soon as it is. */
  waitFor(predicate: (seen: WireSeen) => boolean, options?: WaitOptions & { readonly from?: number }): Promise<WireSeen>
  /** Resets whatever is open and stops listening. */
  close(): Promise<void>
}

/** Any credential is taken, except those that begin with this. */
export const BAD_CREDENTIAL = 'bad-'

/** Starts a vendor on a port of its own. */
export async function startWireVendor(): Promise<WireVendor> {
  const vendor = new Vendor()
  const server = createServer((request, response) => void vendor.serve(request, response))
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    seen: vendor.seen,
    waitFor: (predicate, options) => vendor.waitFor(predicate, options),
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.resetAndDestroy()
      await closed
    },
  }
}

type Growing = { -readonly [field in keyof WireSeen]: WireSeen[field] }

class Vendor {
  readonly seen: Growing[] = []
  readonly #memory = new VendorMemory()
  readonly #changes = new EventEmitter().setMaxListeners(0)

  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = this.#note(incoming, await bodyOf(incoming))
    const request: VendorRequest = { ...seen, query: new URLSearchParams(seen.query), memory: this.#memory }
    response.on('close', () => {
      if (seen.state === 'running') this.#change(seen, { state: 'left' })
    })
    try {
      await this.#answer(request, response, seen)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#refuse({ request, response, seen, refusal: error })
    }
  }

  async waitFor(
    predicate: (seen: WireSeen) => boolean,
    { from = 0, ...options }: WaitOptions & { from?: number } = {},
  ): Promise<WireSeen> {
    const found = Promise.withResolvers<WireSeen>()
    const look = (): void => {
      const one = this.seen.slice(from).find(predicate)
      if (one !== undefined) found.resolve(one)
    }
    this.#changes.on('changed', look)
    look()
    try {
      return await within('a request at the wire vendor', found.promise, options)
    } finally {
      this.#changes.off('changed', look)
    }
  }

  #note({ method = '', url = '', headers }: IncomingMessage, body: unknown): Growing {
    const [path = '', query = ''] = url.split('?', 2)
    const credential = credentialOf(headers, query)
    const number = this.seen.length
    const seen: Growing = { number, method, path, query, headers, body, credential, status: 0, state: 'running' }
    this.seen.push(seen)
    return seen
  }

  #change(seen: Growing, changes: Partial<Growing>): void {
    Object.assign(seen, changes)
    this.#changes.emit('changed')
  }

  async #answer(request: VendorRequest, response: ServerResponse, seen: Growing): Promise<void> {
    const place = placeOf(seen.method, request.path)
    if (request.credential === '' || request.credential.startsWith(BAD_CREDENTIAL)) throw wrongCredential(request)
    switch (place.kind) {
      case 'chat':
        return this.#chat({ wire: place.wire, request, response, seen })
      case 'count': {
        const asked = place.wire.read(request)
        const plan = decide(asked)
        const tokens = plan.kind === 'reply' ? plan.usage.input : 0
        this.#change(seen, { asked })
        return this.#finish({ response, seen, status: 200, body: place.body(tokens) })
      }
      case 'embed':
        return this.#finish({ response, seen, status: 200, body: embed(request) })
      case 'stored': {
        const stored = this.#memory.stored(place.id)
        if (stored === undefined) throw new Refusal(`Response with id '${place.id}' not found.`, { status: 404 })
        return this.#finish({ response, seen, status: 200, body: stored.body })
      }
    }
  }

  async #chat({ wire, request, response, seen }: Serving): Promise<void> {
    const asked = wire.read(request)
    const plan = decide(asked)
    this.#change(seen, { asked, plan, ...(plan.kind === 'reply' ? { usage: plan.usage } : {}) })
    if (plan.kind === 'refuse') throw new Refusal(ASKED_FOR, { status: plan.status, retrySeconds: plan.retrySeconds })
    if (plan.kind === 'nonsense') return this.#sendNonsense({ request, response, seen }, asked)
    const answer: Answer = { request, asked, reply: plan }
    if (asked.stream) return this.#stream({ wire, request, response, seen }, answer)
    if (plan.breaks === 'error') throw new Refusal(ASKED_FOR, { status: 500 })
    if (plan.breaks !== null) return this.#break(response, seen)
    this.#finish({ response, seen, status: 200, body: wire.whole(answer) })
  }

  async #stream({ wire, request, response, seen }: Serving, answer: Answer): Promise<void> {
    const { breaks, paceMs } = answer.reply
    const isEvents = !request.path.endsWith(':streamGenerateContent') || request.query.get('alt') === 'sse'
    response.writeHead(200, {
      'content-type': isEvents ? 'text/event-stream; charset=utf-8' : 'application/json',
      ...WELCOME,
    })
    seen.status = 200
    const frames = breaks === null ? wire.stream(answer) : firstFrames(wire.stream(answer), FRAMES_BEFORE_BREAK)
    for (const frame of frames) {
      if (response.destroyed) return
      response.write(frame)
      // Each frame is a write of its own, and a client that leaves is noticed.
      await sleep(paceMs === 0 ? undefined : paceMs)
    }
    if (breaks === 'error') for (const frame of wire.failure(FRAMES_BEFORE_BREAK)) response.write(frame)
    if (breaks === 'cut') return this.#break(response, seen)
    this.#change(seen, { state: 'done' })
    response.end()
  }

  #sendNonsense({ request, response, seen }: Omit<Serving, 'wire'>, asked: Asked): void {
    const type = asked.stream ? 'text/event-stream' : 'application/json'
    response.writeHead(200, { 'content-type': type, ...WELCOME })
    response.end(asked.stream ? 'data: {"this is": not json\n\n' : `<html>${request.path}</html>`)
    this.#change(seen, { status: 200, state: 'done' })
  }

  #break(response: ServerResponse, seen: Growing): void {
    this.#change(seen, { state: 'broken' })
    response.destroy()
  }

  #refuse({ request, response, seen, refusal }: Omit<Serving, 'wire'> & { refusal: Refusal }): void {
    const { status, headers, body } = wireOf(request.path).refusal(refusal, request)
    this.#change(seen, { complaint: refusal.message })
    this.#finish({ response, seen, status, headers, body })
  }

  #finish({ response, seen, status, headers, body }: Finish): void {
    this.#change(seen, { status, state: 'done' })
    response.writeHead(status, { 'content-type': 'application/json', ...WELCOME, ...headers })
    response.end(JSON.stringify(body))
  }
}

interface Serving {
  readonly wire: VendorWire
  readonly request: VendorRequest
  readonly response: ServerResponse
  readonly seen: Growing
}

interface Finish {
  readonly response: ServerResponse
  readonly seen: Growing
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}

const ASKED_FOR = 'You asked for this error.'
const WELCOME = { 'x-vendor': 'wire' }

/** Enough for the beginning of every wire and two pieces of text. */
const FRAMES_BEFORE_BREAK = 6

type Place =
  | { readonly kind: 'chat'; readonly wire: VendorWire }
  | { readonly kind: 'count'; readonly wire: VendorWire; readonly body: (tokens: number) => object }
  | { readonly kind: 'embed' }
  | { readonly kind: 'stored'; readonly id: string }

function placeOf(method: string, path: string): Place {
  const [, id] = /^\/v1\/responses\/([^/]+)$/.exec(path) ?? []
  if (method === 'GET' && id !== undefined) return { kind: 'stored', id }
  if (method !== 'POST') throw new Refusal(`${method} is not allowed here`, { status: 405 })
  switch (path) {
    case '/v1/chat/completions':
      return { kind: 'chat', wire: chatWire }
    case '/v1/responses':
      return { kind: 'chat', wire: responsesWire }
    case '/v1/messages':
      return { kind: 'chat', wire: anthropicWire }
    case '/v1/messages/count_tokens':
      return { kind: 'count', wire: anthropicWire, body: (input_tokens) => ({ input_tokens }) }
  }
  const [, gemini = ''] = /^\/v1(?:beta)?\/models\/[^/]+:(\w+)$/.exec(path) ?? []
  switch (gemini) {
    case 'generateContent':
    case 'streamGenerateContent':
      return { kind: 'chat', wire: geminiWire }
    case 'countTokens':
      return { kind: 'count', wire: geminiWire, body: countedByGemini }
    case 'embedContent':
    case 'batchEmbedContents':
      return { kind: 'embed' }
  }
  throw new Refusal(`Unknown request URL: ${method} ${path}`, { status: 404 })
}

const countedByGemini = (totalTokens: number): object => ({
  totalTokens,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: totalTokens }],
})

/** Gemini's client of the newest major asks under `/v1`, those before it under `/v1beta`. */
const isGemini = (path: string): boolean => path.startsWith('/v1beta/') || path.startsWith('/v1/models/')

/** Whose errors a path has. */
function wireOf(path: string): VendorWire {
  if (isGemini(path)) return geminiWire
  return path.startsWith('/v1/messages') ? anthropicWire : chatWire
}

function wrongCredential({ path, credential }: VendorRequest): Refusal {
  const none = credential === ''
  if (isGemini(path))
    return none
      ? new Refusal(
          "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
          { status: 403 },
        )
      : new Refusal('API key not valid. Please pass a valid API key.', { status: 400 })
  if (path.startsWith('/v1/messages'))
    return new Refusal(none ? 'x-api-key header is required' : 'invalid x-api-key', { status: 401 })
  return new Refusal(none ? "You didn't provide an API key." : `Incorrect API key provided: ${credential}.`, {
    status: 401,
  })
}

/** The key in whichever place it may stand; at Anthropic the older header wins. */
function credentialOf(headers: IncomingMessage['headers'], query: string): string {
  const key = header({ headers }, 'x-api-key') ?? header({ headers }, 'x-goog-api-key')
  const bearer = /^Bearer (.+)$/.exec(header({ headers }, 'authorization') ?? '')?.[1]
  return key ?? bearer ?? new URLSearchParams(query).get('key') ?? ''
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
