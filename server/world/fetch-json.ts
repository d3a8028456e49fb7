import * as http from 'node:http'
import * as https from 'node:https'
import { type Json, parseJson } from '../../core/json.ts'

/** Gets a small JSON document. Rejects with an error whose `code` says why, fit for a log: `too_large`, `timed_out`, `status_302`, `ECONNREFUSED`. */
export type FetchJson = (url: string, options?: FetchOptions) => Promise<Json>

export interface FetchOptions {
  /** Gives up. */
  readonly signal?: AbortSignal
  /** For everything together, from the name to the last byte. */
  readonly timeoutMs?: number
  readonly bytesMax?: number
}

/** Why there is no document, as a word for the log. Nothing of what came stands in it. */
class FetchFailed extends Error {
  readonly code: string

  constructor(code: string) {
    super(`the document could not be fetched (${code})`)
    this.name = 'FetchFailed'
    this.code = code
  }
}

/**
 * One connection for one document, by Node's own client: it is asked every ten minutes, so a pool to keep warm would be more to go wrong. It
 * follows no redirect (the address was checked, the next one was not), asks for no compression (a small answer stays small), and holds
 * no more than `bytesMax`.
 */
export const fetchJson: FetchJson = async (url, { signal, timeoutMs = 5_000, bytesMax = 262_144 } = {}) => {
  if (!isFetchable(url)) throw new FetchFailed('address_refused')
  const giveUp = new AbortController()
  const timer = setTimeout(() => giveUp.abort(new FetchFailed('timed_out')), timeoutMs)
  const ended = () => giveUp.abort(new FetchFailed('closed'))
  signal?.addEventListener('abort', ended, { once: true })
  try {
    if (signal?.aborted) ended()
    const response = await get(url, giveUp.signal)
    if (response.statusCode !== 200) throw new FetchFailed(`status_${response.statusCode}`)
    return jsonOf(await bodyOf(response, bytesMax))
  } catch (error) {
    // What Node throws for an aborted request does not say who aborted it.
    throw giveUp.signal.aborted ? giveUp.signal.reason : error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', ended)
    // Also closes a connection on which something is still coming.
    giveUp.abort()
  }
}

/** Whether an address may be asked at all: what comes over http can be changed by whoever stands between, except on this machine. */
export function isFetchable(address: string): boolean {
  const url = URL.parse(address)
  if (url === null || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

const get = (url: string, signal: AbortSignal): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const client = url.startsWith('https:') ? https : http
    client
      .get(
        url,
        { agent: false, signal, headers: { accept: 'application/json', 'accept-encoding': 'identity' } },
        resolve,
      )
      // It stays on: the connection may fail once more after the answer was read, and nobody else would hear it.
      .on('error', reject)
  })

async function bodyOf(response: http.IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    // A response without an encoding gives buffers; its type cannot say so.
    chunks.push(chunk as Buffer)
    bytes += chunks.at(-1)?.length ?? 0
    if (bytes > bytesMax) throw new FetchFailed('too_large')
  }
  return Buffer.concat(chunks)
}

function jsonOf(bytes: Buffer): Json {
  const json = parseJson(bytes.toString('utf8'))
  if (json === undefined) throw new FetchFailed('not_json')
  return json
}
