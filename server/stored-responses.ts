import type { IncomingMessage, ServerResponse } from 'node:http'
import { Fault, faultOf } from '../core/fault.ts'
import { type Provider, requestPath } from '../core/route.ts'
import { Flow, type Sink } from './flow.ts'
import { principalOf } from './hops/identify.ts'
import { type Refusal, readRefusal } from './refusal.ts'
import { refuse } from './refuse.ts'
import { FIXED_HEADERS } from './response-headers.ts'
import type { World } from './world.ts'

/** What is asked of a response that OpenAI keeps. */
export interface StoredAsked {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly id: string
  /** What stands behind the id: `/cancel`, `/input_items`, or nothing. */
  readonly rest: string
  /** With its question mark, or empty. */
  readonly query: string
}

/** Reads `GET` and `DELETE /v1/responses/{id}`, `POST .../cancel`, `GET .../input_items`. `undefined`: it is none of them. */
export function storedAsked(method: string | undefined, url: string): StoredAsked | undefined {
  const match = STORED.exec(url)
  if (match === null) return undefined
  const [, id = '', rest = '', query = ''] = match
  const allowed = METHODS.find((known) => known.method === method && known.rest === rest)
  return allowed === undefined ? undefined : { method: allowed.method, id, rest, query }
}

/**
 * Passes it on to the provider that keeps the response, for the key that made it and no other. Nothing is used by it, so nothing is
 * recorded; the vendor's answer goes out as it comes.
 */
export async function serveStored(
  request: IncomingMessage,
  response: ServerResponse,
  { asked, world }: { readonly asked: StoredAsked; readonly world: World },
): Promise<void> {
  const requestId = world.newId()
  try {
    const key = principalOf(request, world)
    const provider = await keeperOf(asked.id, key.id, world)
    const flow = new Flow(world.clock)
    const limit = setTimeout(() => flow.abort(late()), provider.timeouts.totalMs)
    response.on('close', () => {
      clearTimeout(limit)
      flow.abort(new Fault('client_gone', 'The client left'))
    })
    dispatch(provider, flow, { asked, requestId, world })
    await flow.head()
    if (flow.status >= 200 && flow.status <= 299) flow.into(new RawSink(response, flow, requestId))
    else sendRefusal(response, await readRefusal(flow, provider.kind, WIRE), requestId)
  } catch (error) {
    const fault = faultOf(error)
    world.metrics.refused(fault.code)
    refuse(response, fault, { requestId, wire: WIRE })
  }
}

const WIRE = 'openai-responses'
const STORED = /^(?:\/openai)?\/v1\/responses\/([A-Za-z0-9_-]{1,200})(\/cancel|\/input_items)?(\?.*)?$/
const METHODS = [
  { method: 'GET', rest: '' },
  { method: 'DELETE', rest: '' },
  { method: 'POST', rest: '/cancel' },
  { method: 'GET', rest: '/input_items' },
] as const

const late = () => new Fault('upstream_timeout', 'The provider took too long altogether', { reason: 'total' })

/** An id of another key's response and one that never was get the same answer. */
async function keeperOf(id: string, keyId: string, world: World): Promise<Provider> {
  const owner = await world.storedReplies.find(id)
  const provider = owner?.keyId === keyId ? world.snapshot().providers.get(owner.provider) : undefined
  if (provider === undefined) throw new Fault('not_found', `Response with id '${id}' not found.`)
  return provider
}

function dispatch(
  provider: Provider,
  flow: Flow,
  { asked, requestId, world }: { readonly asked: StoredAsked; readonly requestId: string; readonly world: World },
): void {
  const [node] = provider.nodes
  if (node === undefined) throw new Fault('upstream_unavailable', 'No provider could be reached')
  const place = { operation: 'chat', wire: WIRE, model: '', stream: false, batch: false } as const
  const [path = '', version] = requestPath(provider, node, place).split('?')
  const query = version === undefined ? asked.query : `${asked.query === '' ? '?' : `${asked.query}&`}${version}`
  const headers = ['user-agent', 'sekisho', 'x-sekisho-request-id', requestId]
  if (provider.authHeader !== null) headers.push(...provider.authHeader)
  world.connect.dispatch(
    node,
    {
      method: asked.method,
      path: `${path}/${asked.id}${asked.rest}${query}`,
      headers,
      body: { chunks: [], bytes: 0 },
      connectMs: provider.timeouts.connectMs,
    },
    flow,
  )
}

/** The vendor's own no, with its words, where it is the client's business. */
function sendRefusal(response: ServerResponse, { status, contentType, body, hints }: Refusal, requestId: string): void {
  const length = ['content-length', String(body.length)]
  response.writeHead(status, [...headersOf(contentType, requestId), ...hints.flat(), ...length])
  response.end(body)
}

const headersOf = (contentType: string, requestId: string): string[] => [
  'content-type',
  contentType,
  ...FIXED_HEADERS,
  'x-request-id',
  requestId,
  'x-sekisho-request-id',
  requestId,
]

/** Bytes as they come. A broken answer ends broken. */
class RawSink implements Sink {
  readonly #response: ServerResponse
  readonly #flow: Flow

  constructor(response: ServerResponse, flow: Flow, requestId: string) {
    this.#response = response
    this.#flow = flow
    const contentType = flow.headers['content-type'] ?? 'application/json'
    response.writeHead(flow.status, headersOf(contentType, requestId))
  }

  data(raw: Uint8Array): boolean {
    if (this.#response.write(raw)) return true
    this.#response.once('drain', () => this.#flow.resume())
    return false
  }

  end(): void {
    this.#response.end()
  }

  fail(): void {
    this.#response.socket?.destroy()
  }
}
