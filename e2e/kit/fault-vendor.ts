import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { play } from './vendor-player.ts'
import { stream, whole, type Behaviour } from './vendor-script.ts'
import type { Seen, Truth } from './vendor-truth.ts'
import { within, type WaitOptions } from './wait.ts'

/** The field of a request's body that may hold a behaviour: a test that cannot know the order of its requests writes it there. */
export const BEHAVIOUR_FIELD = 'fault_vendor'

/** Decides what is done with a request. */
export type Script = Behaviour | ((request: Seen, body: unknown) => Behaviour)

/**
 * A vendor that speaks OpenAI's wire and does exactly what a test says, however rude. For each request, the first of these that there is:
 * the behaviour in its body, the first one of the queue, the script of `answer`, or a good answer.
 */
export interface FaultVendor {
  readonly port: number
  /** With `/v1`, as a base URL. */
  readonly url: string
  /** Every request that came, oldest first. It grows while answers run. */
  readonly seen: readonly Seen[]
  /** How many connections are open. */
  connections(): number
  answer(script: Script): void
  enqueue(...behaviours: readonly Behaviour[]): void
  /** Lets a driven answer take its next steps; an answer that has not come so far will find them. */
  next(number: number, steps?: number): void
  /** The first request of which this is true, as soon as it is. */
  waitFor(predicate: (seen: Seen) => boolean, options?: WaitOptions): Promise<Seen>
  /** Resets whatever is open and stops listening. */
  close(): Promise<void>
}

/** Starts a vendor on a port of its own, or on a given one (where one was before). */
export async function startFaultVendor({ port = 0 }: { port?: number } = {}): Promise<FaultVendor> {
  const state = new VendorState()
  const server = createServer(SERVER_OPTIONS, (request, response) => void state.serve(request, response))
  server.timeout = 0
  server.on('connection', (socket) => state.connected(socket))
  await listen(server, port)
  const address = portOf(server)
  return {
    port: address,
    url: `http://127.0.0.1:${address}/v1`,
    seen: state.seen,
    connections: () => state.open,
    answer: (script) => state.follow(script),
    enqueue: (...behaviours) => state.queue.push(...behaviours),
    next: (number, steps = 1) => state.permit(number, steps),
    waitFor: (predicate, options) => state.waitFor(predicate, options),
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      state.cut()
      await closed
    },
  }
}

/** A port of this machine at which nobody listens: connections are refused. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer()
  await listen(server, 0)
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

/** Takes connections and never reads a byte: what is sent to it stays in the buffers. */
export async function startDeafVendor(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const sockets: Socket[] = []
  const server = createTcpServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {})
    sockets.push(socket)
  })
  await listen(server, 0)
  return {
    url: `http://127.0.0.1:${portOf(server)}/v1`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** A vendor waits as long as it is told to: every limit of its own is off. */
const SERVER_OPTIONS = {
  requestTimeout: 0,
  headersTimeout: 0,
  keepAliveTimeout: 600_000,
  maxHeaderSize: 262_144,
  noDelay: true,
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

interface Connection {
  readonly number: number
  /** What is to happen when it closes: the request that it carries at the time says so. */
  closed: () => void
}

class VendorState {
  readonly seen: Truth[] = []
  readonly queue: Behaviour[] = []
  readonly #sockets = new Map<Socket, Connection>()
  readonly #changes = new EventEmitter().setMaxListeners(0)
  readonly #permits = new Map<number, Permits>()
  #connections = 0
  #script: Script = (_, body) => (isStreaming(body) ? stream() : whole())

  get open(): number {
    return this.#sockets.size
  }

  follow(script: Script): void {
    this.#script = script
  }

  connected(socket: Socket): void {
    const connection: Connection = { number: this.#connections++, closed: () => {} }
    this.#sockets.set(socket, connection)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      connection.closed()
      this.#changes.emit('changed')
    })
    socket.on('error', () => {})
  }

  cut(): void {
    for (const socket of this.#sockets.keys()) socket.resetAndDestroy()
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = this.#sockets.get(request.socket)
    if (connection === undefined) return
    const truth = this.#note(request, connection.number)
    const gone = new AbortController()
    connection.closed = () => {
      truth.connectionClosedAt = Date.now()
      gone.abort()
    }
    try {
      truth.body = await readAll(request)
    } catch {
      Object.assign(truth, { state: 'left', endedAt: Date.now() })
      this.#changes.emit('changed')
      return
    }
    const body = parsed(truth.body)
    truth.behaviour = this.#choose(truth, body)
    this.#changes.emit('changed')
    await play(truth.behaviour, {
      request,
      response,
      truth,
      asked: {
        path: truth.path,
        model: textField(body, 'model'),
        inputs: inputsIn(body),
        usageAsked: field(field(body, 'stream_options'), 'include_usage') === true,
        number: truth.number,
      },
      permit: () => this.#permitsOf(truth.number).take(),
      changed: () => void this.#changes.emit('changed'),
      gone: gone.signal,
    })
  }

  permit(number: number, steps: number): void {
    this.#permitsOf(number).give(steps)
  }

  async waitFor(predicate: (seen: Seen) => boolean, options?: WaitOptions): Promise<Seen> {
    const found = Promise.withResolvers<Seen>()
    const look = (): void => {
      const one = this.seen.find(predicate)
      if (one !== undefined) found.resolve(one)
    }
    this.#changes.on('changed', look)
    look()
    try {
      return await within('a request at the vendor', found.promise, options)
    } finally {
      this.#changes.off('changed', look)
    }
  }

  #note(request: IncomingMessage, connection: number): Truth {
    const number = this.seen.length
    const truth: Truth = {
      number,
      id: request.headers['x-sekisho-request-id']?.toString() ?? `vendor-${number}`,
      connection,
      method: request.method ?? '',
      path: request.url ?? '',
      headers: pairs(request.rawHeaders),
      body: Buffer.alloc(0),
      arrivedAt: Date.now(),
      behaviour: whole(),
      bytesSent: 0,
      eventsSent: 0,
      tokensSent: 0,
      usageSent: null,
      state: 'open',
      endedAt: null,
      connectionClosedAt: null,
    }
    this.seen.push(truth)
    this.#changes.emit('changed')
    return truth
  }

  #choose(truth: Truth, body: unknown): Behaviour {
    // A test's own request: it holds a behaviour, or nothing of this name.
    const own = field(body, BEHAVIOUR_FIELD) as Behaviour | undefined
    const script = own ?? this.queue.shift() ?? this.#script
    return typeof script === 'function' ? script(truth, body) : script
  }

  #permitsOf(number: number): Permits {
    const permits = this.#permits.get(number) ?? new Permits()
    this.#permits.set(number, permits)
    return permits
  }
}

/** Steps that a driven answer may take. */
class Permits {
  #free = 0
  readonly #waiting: (() => void)[] = []

  give(steps: number): void {
    this.#free += steps
    while (this.#free > 0 && this.#waiting.length > 0) {
      this.#free--
      this.#waiting.shift()?.()
    }
  }

  take(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.give(0)
    })
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const pairs = (raw: readonly string[]): (readonly [string, string])[] =>
  raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []))

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && name in value ? (value as Record<string, unknown>)[name] : undefined

function textField(body: unknown, name: string): string {
  const text = field(body, name)
  return typeof text === 'string' ? text : ''
}

const isStreaming = (body: unknown): boolean => field(body, 'stream') === true

function inputsIn(body: unknown): number {
  const input = field(body, 'input')
  return Array.isArray(input) && typeof input[0] !== 'number' ? input.length : 1
}
