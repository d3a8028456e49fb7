import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { WireId } from '../core/chat.ts'
import { Fault } from '../core/fault.ts'
import { corsHeaders, isPreflight } from './cors.ts'
import { type Endpoint, endpointOf, isDataPath, wireOfPath } from './endpoints.ts'
import { answerModels, modelsAsked } from './models.ts'
import { answerOwnKey, OWN_KEY_PATHS } from './own-key.ts'
import { QUOTE_PATHS, serveQuote } from './quote.ts'
import { serve } from './pipeline.ts'
import { refuse } from './refuse.ts'
import { FIXED_HEADERS } from './response-headers.ts'
import { serveStored, storedAsked } from './stored-responses.ts'
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
  return (request, response) => dispatch(request, response, { world, options })
}

interface Context {
  readonly world: World
  readonly options: RouteOptions
}

function dispatch(request: IncomingMessage, response: ServerResponse, context: Context): void {
  const url = request.url ?? '/'
  if (request.method === 'POST') {
    const endpoint = endpointOf(url)
    if (endpoint !== undefined) return relay(request, response, { ...context, endpoint })
    const quoted = endpointOf(QUOTE_PATHS.get(pathOf(url)) ?? '')
    if (quoted !== undefined) return relay(request, response, { ...context, endpoint: quoted, quotes: true })
  }
  const path = pathOf(url)
  const ops = context.options.ops.get(path)
  if (ops !== undefined && isRead(request)) return ops(request, response)
  if (isDataPath(path)) return dispatchRest(request, response, { ...context, path })
  // Some clients look first whether anybody is there (wire-formats 2.4): no page has to be made for that.
  if (request.method === 'HEAD' && path === '/') return void response.writeHead(200, [...FIXED_HEADERS]).end()
  context.options.controlPlane(request, response)
}

function relay(
  request: IncomingMessage,
  response: ServerResponse,
  { world, options, endpoint, quotes = false }: Context & { readonly endpoint: Endpoint; readonly quotes?: boolean },
): void {
  withCors(request, response, world)
  const fault = options.closed()
  if (fault !== undefined) return refuseEarly(response, fault, { world, wire: endpoint.wire })
  const inbound = { request, response, operation: endpoint.operation, endpoint, snapshot: world.snapshot() }
  void (quotes ? serveQuote(inbound, world) : serve(inbound, world))
}

/** The rare ways of the data plane: model lists, preflights, and what does not exist. */
function dispatchRest(
  request: IncomingMessage,
  response: ServerResponse,
  { path, world, options }: Context & { readonly path: string },
): void {
  withCors(request, response, world)
  if (isPreflight(request)) {
    response.writeHead(204).end()
    return
  }
  const stored = storedAsked(request.method, request.url ?? '/')
  if (stored !== undefined) {
    const fault = options.closed()
    if (fault !== undefined) return refuseEarly(response, fault, { world, wire: 'openai-responses' })
    return void serveStored(request, response, { asked: stored, world })
  }
  if (OWN_KEY_PATHS.has(path) && isRead(request)) return void answerOwnKey(request, response, world)
  const asked = modelsAsked(path)
  if (asked !== undefined && isRead(request)) return answerModels(request, response, { ...asked, world })
  if (request.method === 'HEAD' && BASES.has(path.replace(/\/$/, '')))
    return void response.writeHead(200, [...FIXED_HEADERS]).end()
  const wire = wireOfPath(path)
  const isReadable = asked !== undefined || OWN_KEY_PATHS.has(path)
  const isPosted = endpointOf(path) !== undefined || QUOTE_PATHS.has(path)
  const allowed = isPosted ? 'POST' : isReadable ? 'GET, HEAD' : undefined
  if (allowed === undefined) {
    const fault = new Fault('not_found', `Unknown path ${request.method} ${path.slice(0, 200)}`)
    return refuseEarly(response, fault, { world, wire })
  }
  response.setHeader('allow', allowed)
  const fault = new Fault('method_not_allowed', `${request.method} is not allowed here; use ${allowed}`)
  refuseEarly(response, fault, { world, wire })
}

/** The base URLs that clients are given, and what their SDKs append to them first. */
const BASES: ReadonlySet<string> = new Set([
  '/v1',
  '/openai/v1',
  '/anthropic',
  '/anthropic/v1',
  '/gemini',
  '/gemini/v1',
  '/gemini/v1beta',
  '/v1beta',
])

const isRead = (request: IncomingMessage): boolean => request.method === 'GET' || request.method === 'HEAD'

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

function withCors(request: IncomingMessage, response: ServerResponse, world: World): void {
  for (const [name, value] of corsHeaders(request, world.snapshot().config.listen.corsOrigins))
    response.setHeader(name, value)
}

function refuseEarly(
  response: ServerResponse,
  fault: Fault,
  { world, wire }: { readonly world: World; readonly wire: WireId },
): void {
  world.metrics.refused(fault.code)
  refuse(response, fault, { requestId: world.newId(), wire })
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
