import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as timer } from 'node:timers/promises'
import { asObject, parseJson, type JsonObject } from '../../core/json.ts'
import { answerTo, modelList } from './answer.ts'
import { readBody } from './body.ts'
import { Refusal } from './refusal.ts'
import { send, sendJson, sendRefusal, type Outlet, type Pause } from './send.ts'
import { prepareSocketPlace } from './socket-place.ts'

/** Without a byte either way for so long, a connection is closed: a reader that stalled, or an answer that was told to hang. */
const IDLE_MS_MAX = 120_000
const CONNECTIONS_MAX = 4_096
const SERVER_OPTIONS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 60_000,
  maxHeaderSize: 16_384,
}

export interface DemoVendorOptions {
  /** Made with its folder when that is missing; an existing folder must be closed to others. */
  readonly socketPath: string
  /** How a slow model waits for its next token. A test hands in another one. */
  readonly pause?: Pause
}

export interface DemoVendor {
  readonly socketPath: string
  /** Ends every connection and takes the socket away. */
  close(): Promise<void>
}

/**
 * Starts the built-in vendor: a deterministic model that answers, streams, calls tools and reports usage, so that everything can be tried
 * without an account. It speaks OpenAI's wire on a Unix socket that only this user can open, and is reached like any other vendor.
 */
export async function startDemoVendor({ socketPath, pause = pauseByTimer }: DemoVendorOptions): Promise<DemoVendor> {
  await prepareSocketPlace(socketPath)
  const server = createServer(SERVER_OPTIONS, (request, response) => void serve(request, response, pause))
  server.timeout = IDLE_MS_MAX
  server.maxConnections = CONNECTIONS_MAX
  // A Unix socket refuses whoever comes while the backlog is full; a TCP one would let them wait.
  server.listen({ path: socketPath, backlog: CONNECTIONS_MAX })
  await once(server, 'listening')
  await chmod(socketPath, 0o600)
  return { socketPath, close: () => close(server) }
}

const pauseByTimer: Pause = (milliseconds, signal) => timer(milliseconds, undefined, { signal })

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

async function serve(request: IncomingMessage, response: ServerResponse, pause: Pause): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    await respond(request, { response, pause, signal: gone.signal })
  } catch (error) {
    if (gone.signal.aborted) return
    if (response.headersSent) response.destroy()
    else sendRefusal(response, error instanceof Refusal ? error : new Refusal(500, 'The demo vendor failed'))
  }
}

async function respond(request: IncomingMessage, outlet: Outlet): Promise<void> {
  const path = request.url?.split('?', 1)[0] ?? '/'
  if (request.method === 'GET') return sendJson(outlet.response, modelList(path))
  if (request.method !== 'POST') throw new Refusal(405, `${request.method} is not allowed here`)
  const bytes = await readBody(request)
  // Named after what was asked, so that the same request gets the same answer to the byte.
  const id = createHash('sha256').update(bytes).digest('hex').slice(0, 24)
  outlet.response.setHeader('x-request-id', `req_${id}`)
  await send(answerTo(path, readObject(bytes), id), outlet)
}

function readObject(bytes: Buffer): JsonObject {
  const body = asObject(parseJson(bytes.toString('utf8')))
  if (body === undefined) throw new Refusal(400, 'The body of the request is not a JSON object')
  return body
}
