// The pool alone: the package's front door also loads fetch, WebSocket and caches, 14 MB that nothing here uses.
import buildConnector from 'undici/lib/core/connect.js'
import Pool from 'undici/lib/dispatcher/pool.js'
import type { Body } from '../../core/body.ts'
import type { Node } from '../../core/route.ts'
import type { Flow } from '../flow.ts'
import { joinWrites } from './joined-writes.ts'

/** A request as it goes to a vendor. */
export interface VendorRequest {
  /** Absent: POST. */
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  /** Names and values in turn, without `host` and `content-length`. */
  readonly headers: readonly string[]
  readonly body: Body
  /** How long DNS, TCP and TLS may take together. */
  readonly connectMs: number
}

/** The only thing that opens sockets to vendors. */
export interface Connect {
  /** Sends `request` to `node`; everything that happens from then on happens to `flow`. */
  dispatch(node: Node, request: VendorRequest, flow: Flow): void
  /** Closes every connection, at once where one is still busy. */
  close(): Promise<void>
}

/**
 * Opens connections through undici's own pools: HTTP/1.1, one request on a connection at a time, no timers of undici's
 * (ours are stamps that one sweep looks at), no redirects followed. A pool lives as long as the process: nodes are few.
 */
export function openConnect(): Connect {
  const pools = new Map<string, Pool>()
  return {
    dispatch(node, request, flow) {
      const id = `${request.connectMs} ${node.socketPath ?? node.origin}`
      let pool = pools.get(id)
      if (pool === undefined) {
        pool = poolFor(node, request.connectMs)
        pools.set(id, pool)
      }
      pool.dispatch(
        {
          method: request.method ?? 'POST',
          path: request.path,
          headers: headersOf(request),
          body: bodyOf(request.body),
        },
        flow,
      )
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
      pools.clear()
    },
  }
}

function poolFor(node: Node, connectMs: number): Pool {
  const connect = buildConnector({
    timeout: connectMs,
    allowH2: false,
    ...(node.socketPath === undefined ? {} : { socketPath: node.socketPath }),
  })
  return new Pool(node.origin, {
    connections: CONNECTIONS_MAX,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEADER_BYTES_MAX,
    connect: (options, callback) => {
      connect(options, (...opened) => {
        // Of a connection that failed there is no socket, whatever the types say.
        if (opened[0] === null) joinWrites(opened[1])
        callback(...opened)
      })
    },
  })
}

/** Shorter than what vendors' load balancers keep, so that a reused connection is rarely one that is just being closed. */
const KEEP_ALIVE_MS = 20_000
/** Far above what a provider's gate lets through; a pool without a bound would be one more queue to forget. */
const CONNECTIONS_MAX = 10_000
const HEADER_BYTES_MAX = 32_768
/** Above this, joining the chunks costs more than handing them on one by one (hot-path rule 5). */
const JOINED_BYTES_MAX = 65_536

/** A list of chunks must say its length, or it would go out in HTTP chunks, which some nodes refuse. */
const headersOf = ({ headers, body }: VendorRequest): string[] =>
  body.bytes <= JOINED_BYTES_MAX ? [...headers] : [...headers, 'content-length', String(body.bytes)]

function bodyOf(body: Body): Uint8Array {
  const [only] = body.chunks
  if (body.chunks.length === 1 && only !== undefined) return only
  if (body.bytes <= JOINED_BYTES_MAX) return Buffer.concat(body.chunks, body.bytes)
  // undici takes any iterable of chunks and writes them one by one; its types know only the single buffer.
  return body.chunks as unknown as Uint8Array
}
