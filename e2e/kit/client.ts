import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { ResponseReader, valueOf, type Ending, type ResponseHead } from './response-reader.ts'
import { createSseReader, type SseEvent } from './sse-reader.ts'
import { within } from './wait.ts'

/** Silence on a connection after which a test has failed. */
const SILENCE_MS_MAX = 55_000
const HEAD_MS_MAX = 30_000

export interface RawRequest {
  /** Absent: POST when there is a body, else GET. */
  readonly method?: string
  /** Sent in this order, as written. `host`, `content-length` and `connection: close` are added where their names are missing. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** Text and bytes as they are; anything else as JSON, with its content type. */
  readonly body?: unknown
  /** Longest wait for the head of the answer. */
  readonly timeoutMs?: number
}

/** Sends one request on a connection of its own and gives the answer as soon as its head is there. */
export async function send(url: string, request: RawRequest = {}): Promise<RawResponse> {
  const connection = await openConnection(url)
  try {
    const method = request.method ?? (request.body === undefined ? 'GET' : 'POST')
    connection.write(requestBytes(new URL(url), method, request))
    return await connection.response({
      method,
      ...(request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }),
    })
  } catch (error) {
    connection.socket.destroy()
    throw error
  }
}

/** A request as an OpenAI client sends it, with a key. */
export const ask = (baseUrl: string, path: string, { key, headers = [], ...request }: Ask): Promise<RawResponse> =>
  send(baseUrl + path, { ...request, headers: [['authorization', `Bearer ${key}`], ...headers] })

export interface Ask extends RawRequest {
  readonly key: string
}

/** A connection on which a test writes exactly the bytes that it wants. */
export async function openConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url)
  // Half open, so that what is written after the other side has finished is ours to decide.
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port),
    allowHalfOpen: true,
    noDelay: true,
  })
  socket.setTimeout(SILENCE_MS_MAX, () => socket.destroy(new Error(`nothing came for ${SILENCE_MS_MAX} ms`)))
  await within(`a connection to ${url}`, once(socket, 'connect'))
  return new RawConnection(socket)
}

export class RawConnection {
  readonly socket: Socket
  readonly #reader: ResponseReader

  constructor(socket: Socket) {
    this.socket = socket
    // An error shows as the ending of the response that it hit.
    socket.on('error', () => {})
    this.#reader = new ResponseReader(socket)
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes)
  }

  /** The next response. The one before must have been read to its end. */
  async response({
    method = 'GET',
    timeoutMs = HEAD_MS_MAX,
  }: {
    method?: string
    timeoutMs?: number
  } = {}): Promise<RawResponse> {
    const head = await within('the head of a response', this.#reader.head(), { timeoutMs })
    return new RawResponse({ head, reader: this.#reader, socket: this.socket, method })
  }

  close(): void {
    this.socket.destroy()
  }
}

/** A response whose body is read when the test wants it, by one of `pieces`, `bytes`, `text`, `json` or `events`. */
export class RawResponse {
  readonly status: number
  readonly headers: ResponseHead['headers']
  readonly #parts: ResponseParts

  constructor(parts: ResponseParts) {
    this.status = parts.head.status
    this.headers = parts.head.headers
    this.#parts = parts
  }

  header(name: string): string | undefined {
    return valueOf(this.#parts.head, name)
  }

  /** How the body ended, once it was read: `complete` is the only good one. */
  get ending(): Ending {
    return this.#parts.reader.ending
  }

  async *pieces(): AsyncGenerator<Buffer> {
    const { reader, head, method, socket } = this.#parts
    yield* reader.body(head, method)
    const closes = this.header('connection')?.toLowerCase() === 'close'
    if (closes || reader.ending !== 'complete') socket.destroy()
  }

  /** What came, also when it ended too early. */
  async bytes(): Promise<Buffer> {
    const all: Buffer[] = []
    for await (const piece of this.pieces()) all.push(piece)
    return Buffer.concat(all)
  }

  async text(): Promise<string> {
    return (await this.bytes()).toString('utf8')
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }

  /** The events as they come. Ends without an error however the stream ends: look at `ending`. */
  async *events(): AsyncGenerator<SseEvent> {
    const reader = createSseReader()
    for await (const piece of this.pieces()) yield* reader.push(piece)
  }

  /** Leaves, as a client does that is closed. */
  abort(): void {
    this.#parts.socket.destroy()
  }

  /** Leaves with a reset, as a client does whose machine has gone. */
  reset(): void {
    this.#parts.socket.resetAndDestroy()
  }
}

interface ResponseParts {
  readonly head: ResponseHead
  readonly reader: ResponseReader
  readonly socket: Socket
  readonly method: string
}

function requestBytes(url: URL, method: string, { headers = [], body }: RawRequest): Buffer {
  const isPlain = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
  const bytes = Buffer.from(isPlain ? (body ?? '') : JSON.stringify(body))
  const given = new Set(headers.map(([name]) => name.toLowerCase()))
  const usual: (readonly [string, string])[] = [['host', url.host]]
  if (body !== undefined && !given.has('transfer-encoding')) usual.push(['content-length', String(bytes.length)])
  if (!isPlain) usual.push(['content-type', 'application/json'])
  usual.push(['connection', 'close'])
  const lines = [...usual.filter(([name]) => !given.has(name)), ...headers].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return Buffer.concat([
    Buffer.from(`${method} ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'),
    bytes,
  ])
}
