import type { ServerResponse } from 'node:http'

/**
 * Sends the body of an answer to a request that is still coming in, whose head says `connection: close`, and ends the connection
 * behind it: the listener takes no request from an ended one, so nothing in what still comes can be taken for the next. It is read
 * and thrown away for a while all the same: a connection that is closed on unread bytes is reset, and a client that is busy sending
 * would see a broken connection instead of the answer.
 */
export function answerAndLinger(response: ServerResponse, body: string): void {
  const { socket, req: request } = response
  // An answer that waits behind another one on the same connection, or that has no body, is ended as usual.
  if (socket === null || request.method === 'HEAD') {
    response.end(body)
    return
  }
  response.write(body)
  socket.end()
  let bytes = 0
  request.removeAllListeners('data')
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > LINGER_BYTES_MAX) socket.destroy()
  })
  request.on('end', () => socket.destroy())
  const timer = setTimeout(() => socket.destroy(), LINGER_MS_MAX)
  socket.on('close', () => clearTimeout(timer))
  request.resume()
}

/** Long enough for what a client has under way, short enough for nobody to gain by it. */
const LINGER_MS_MAX = 5_000
const LINGER_BYTES_MAX = 67_108_864
