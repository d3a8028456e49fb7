import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Fault, faultOf } from '../core/fault.ts'
import type { Operation } from '../core/operation.ts'
import { corsHeaders, isPreflight } from './cors.ts'
import { listModels, showModel } from './models.ts'
import { serve } from './pipeline.ts'
import { refuse } from './refuse.ts'
import type { World } from './world.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface RouteOptions {
  /** `/livez`, `/readyz`, `/metrics`: by exact path, GET and HEAD only. */
  readonly ops: ReadonlyMap<string, Handler>
  /** Everything that is no data-plane path. */
  readonly controlPlane: Handler
  /** The fault that new requests get while the process does not serve (it starts, or it stops), or `undefined`. */
  readonly closed: () => Fault | undefined
}

/**
 * Hop 1: one listener for everything. Node's own limits are set explicitly, because its defaults change and some are too
 * generous for an open port (reliability 2.2).
 */
export function openServer(handle: Handler): Server {
  const server = createServer(
    {
      maxHeaderSize: 16_384,
      headersTimeout: 15_000,
      requestTimeout: 120_000,
      connectionsCheckingInterval: 5_000,
      keepAliveTimeout: 75_000,
      insecureHTTPParser: false,
      requireHostHeader: true,
      // Node would keep the first of two Authorization headers and drop the second: joined, they are no key at all.
      joinDuplicateHeaders: true,
    },
    (request, response) => {
      // The answer before said that it is the last one on this connection; what stands behind it is nobody's request.
      if (!request.socket.writableEnded) handle(request, response)
    },
  )
  server.maxHeadersCount = 100
  server.on('clientError', (error, socket) => answerBroken(error, socket))
  return server
}

/** Splits requests by an exact table: the data plane, the ops endpoints, and the control plane for everything else. */
export function routed(world: World, options: RouteOptions): Handler {
  const routes = dataRoutes(world, options)
  return (request, response) => dispatch(request, response, { routes, world, options })
}

/** The prefixes under which the OpenAI paths are served, so that an SDK needs one base URL whatever it appends. */
const PREFIXES = ['/v1', '/openai/v1'] as const

interface DataRoutes {
  readonly post: ReadonlyMap<string, Handler>
  readonly get: ReadonlyMap<string, Handler>
  /** What stands behind it is a model's id, slashes included. */
  readonly modelPrefixes: readonly string[]
  readonly model: (request: IncomingMessage, response: ServerResponse, id: string) => void
}

function dataRoutes(world: World, { closed }: RouteOptions): DataRoutes {
  const inference =
    (operation: Operation): Handler =>
    (request, response) => {
      const fault = closed()
      if (fault !== undefined) return refuseEarly(response, fault, world)
      void serve({ request, response, operation, snapshot: world.snapshot() }, world)
    }
  const post = PREFIXES.flatMap((prefix): [string, Handler][] => [
    [`${prefix}/chat/completions`, inference('chat')],
    [`${prefix}/completions`, inference('completions')],
    [`${prefix}/embeddings`, inference('embeddings')],
  ])
  const models: Handler = (request, response) => listModels(request, response, world)
  return {
    post: new Map(post),
    get: new Map(PREFIXES.map((prefix) => [`${prefix}/models`, models])),
    modelPrefixes: PREFIXES.map((prefix) => `${prefix}/models/`),
    model: (request, response, id) => showModel(request, response, { id, world }),
  }
}

interface Context {
  readonly routes: DataRoutes
  readonly world: World
  readonly options: RouteOptions
}

function dispatch(request: IncomingMessage, response: ServerResponse, context: Context): void {
  const { routes, world, options } = context
  const path = pathOf(request.url ?? '/')
  const handler = routes.post.get(path)
  if (handler !== undefined && request.method === 'POST') {
    withCors(request, response, world)
    handler(request, response)
    return
  }
  const ops = options.ops.get(path)
  if (ops !== undefined && isRead(request)) {
    ops(request, response)
    return
  }
  if (path.startsWith('/v1') || path.startsWith('/openai/')) dispatchRest(request, response, { path, context })
  else options.controlPlane(request, response)
}

/** The rare ways of the data plane: model lists, preflights, and what does not exist. */
function dispatchRest(
  request: IncomingMessage,
  response: ServerResponse,
  { path, context: { routes, world } }: { readonly path: string; readonly context: Context },
): void {
  withCors(request, response, world)
  if (isPreflight(request)) {
    response.writeHead(204).end()
    return
  }
  const list = routes.get.get(path)
  if (list !== undefined && isRead(request)) return list(request, response)
  const prefix = routes.modelPrefixes.find((known) => path.startsWith(known) && path.length > known.length)
  if (prefix !== undefined && isRead(request)) return routes.model(request, response, path.slice(prefix.length))
  const allowed = routes.post.has(path) ? 'POST' : list !== undefined || prefix !== undefined ? 'GET, HEAD' : undefined
  if (allowed === undefined) {
    refuseEarly(response, new Fault('not_found', `Unknown path ${request.method} ${path.slice(0, 200)}`), world)
    return
  }
  response.setHeader('allow', allowed)
  refuseEarly(response, new Fault('method_not_allowed', `${request.method} is not allowed here; use ${allowed}`), world)
}

const isRead = (request: IncomingMessage): boolean => request.method === 'GET' || request.method === 'HEAD'

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

function withCors(request: IncomingMessage, response: ServerResponse, world: World): void {
  for (const [name, value] of corsHeaders(request, world.snapshot().config.listen.corsOrigins))
    response.setHeader(name, value)
}

function refuseEarly(response: ServerResponse, fault: Fault, world: World): void {
  world.metrics.refused(fault.code)
  refuse(response, faultOf(fault), { requestId: world.newId() })
}

/** Bytes that are no HTTP request: the shortest answer that says so, then the connection ends. */
function answerBroken(error: NodeJS.ErrnoException, socket: import('node:stream').Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = BROKEN[error.code ?? ''] ?? '400 Bad Request'
  // Destroyed behind the answer: nobody looks at this socket again, and the other side may never close its own.
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy())
}

const BROKEN: { readonly [code: string]: string } = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}
