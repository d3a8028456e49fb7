import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Json } from '../../core/json.ts'
import type { Refusal } from './refusal.ts'
import type { Reply, StreamReply } from './reply.ts'

/** Waits; rejects when the signal says that nobody listens any more. */
export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>

export interface Outlet {
  readonly response: ServerResponse
  readonly pause: Pause
  /** Aborted when the other side has gone. */
  readonly signal: AbortSignal
}

/** Writes a reply at the speed of its model and of its reader. */
export async function send(reply: Reply, outlet: Outlet): Promise<void> {
  switch (reply.kind) {
    case 'whole':
      if (reply.waitMs > 0) await outlet.pause(reply.waitMs, outlet.signal)
      return sendJson(outlet.response, reply.body)
    case 'stream':
      return sendStream(reply, outlet)
    case 'hang':
      await once(outlet.response, 'close')
  }
}

export const sendJson = (response: ServerResponse, body: Json): void =>
  write(response, { status: 200, headers: {}, body })

/** Says why there is no answer; what is left of the request's body is read and dropped, so that the connection stays good. */
export function sendRefusal(response: ServerResponse, { status, headers, body }: Refusal): void {
  response.req.resume()
  write(response, { status, headers, body })
}

async function sendStream({ chunks, chunkMs, end }: StreamReply, { response, pause, signal }: Outlet): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  response.flushHeaders()
  for (const chunk of chunks) {
    if (chunkMs > 0) await pause(chunkMs, signal)
    if (!response.write(`data: ${JSON.stringify(chunk)}\n\n`)) await once(response, 'drain', { signal })
  }
  if (end === 'done') response.end('data: [DONE]\n\n')
  // Half closed without the terminating chunk, so that what was written still arrives.
  else response.socket?.end()
}

interface Whole {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Json
}

function write(response: ServerResponse, { status, headers, body }: Whole): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers })
  response.end(bytes)
}
