import type { ServerResponse } from 'node:http'

/**
 * Sends the body of an answer to a request that is still coming in, whose head says `connection: close`, and ends the connection
 * behind it. Nobody reads such a request as HTTP any more, so nothing in it can be taken for the next one; but its bytes are taken
 * and thrown away for a while: a connection that is closed on unread bytes is reset, and a client that is busy sending would see a
 * broken connection instead of the answer.
 */
export function answerAndLinger(response: ServerResponse, body: string): void {
  const { socket } = response
  // An answer that waits behind another one on the same connection, or that has no body, is ended as usual.
  if (socket === null || response.req.method === 'HEAD') {
    response.end(body)
    return
  }
  response.write(body)
  // The parser's listener: without it the bytes come here.
  socket.removeAllListeners('data')
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > LINGER_BYTES_MAX) socket.destroy()
  })
  socket.on('end', () => socket.destroy())
  const timer = setTimeout(() => socket.destroy(), LINGER_MS_MAX)
  socket.on('close', () => clearTimeout(timer))
  socket.resume()
  socket.end()
}

/** Long enough for what a client has under way, short enough for nobody to gain by it. */
const LINGER_MS_MAX = 5_000
const LINGER_BYTES_MAX = 67_108_864
