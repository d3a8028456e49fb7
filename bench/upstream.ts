/**
 * A vendor that costs next to nothing: bytes that were made once, written to raw sockets. It reads just enough of HTTP to
 * know where a request ends. A body with `"stream":true` gets a stream, by a word in its text: `bench=burst` all at once, `bench=paced` one event
 * every 20 ms, `bench=open` ten a second until the client leaves. Prints its own port.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net'

const USAGE = '"usage":{"prompt_tokens":200,"completion_tokens":60,"total_tokens":260}'
const REPLY_TEXT = 'The quick brown fox jumps over the lazy dog and wonders what all the hurry was about. '
  .repeat(3)
  .slice(0, 210)
const REPLY = `{"id":"chatcmpl-bench","object":"chat.completion","created":1780000000,"model":"bench-model","choices":[{"index":0,"message":{"role":"assistant","content":"${REPLY_TEXT}"},"finish_reason":"stop"}],${USAGE}}`
const WHOLE = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${REPLY.length}\r\n\r\n${REPLY}`,
)
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
const EVENT = event(
  '{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1780000000,"model":"bench-model","choices":[{"index":0,"delta":{"content":" hello"},"finish_reason":null}]}',
)
const LAST =
  event(
    '{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1780000000,"model":"bench-model","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
  ) +
  event(
    `{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1780000000,"model":"bench-model","choices":[],${USAGE}}`,
  ) +
  event('[DONE]')
const END = '0\r\n\r\n'
export const BURST_EVENTS = 512
export const PACED_EVENTS = 64
const BURST = Buffer.from(HEAD + EVENT.repeat(BURST_EVENTS) + LAST + END)

function event(data: string): string {
  const text = `data: ${data}\n\n`
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

function answer(socket: Socket, body: string): void {
  if (!body.includes('"stream":true')) socket.write(WHOLE)
  else if (body.includes('bench=burst')) socket.write(BURST)
  else
    pace(
      socket,
      body.includes('bench=paced')
        ? { everyMs: 20, events: PACED_EVENTS }
        : { everyMs: 100, events: Number.POSITIVE_INFINITY },
    )
}

function pace(socket: Socket, { everyMs, events }: { everyMs: number; events: number }): void {
  let sent = 0
  socket.write(HEAD + EVENT)
  const timer = setInterval(() => {
    sent++
    if (sent < events) socket.write(EVENT)
    else {
      clearInterval(timer)
      socket.write(LAST + END)
    }
  }, everyMs)
  socket.once('close', () => clearInterval(timer))
}

const server = createServer({ noDelay: true }, (socket) => {
  let held = ''
  socket.on('data', (chunk) => {
    held += chunk.toString('latin1')
    for (;;) {
      const head = held.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/content-length: *(\d+)/i.exec(held.slice(0, head))?.[1] ?? 0)
      if (held.length < head + 4 + length) return
      const body = held.slice(head + 4, head + 4 + length)
      held = held.slice(head + 4 + length)
      answer(socket, body)
    }
  })
  socket.on('error', () => socket.destroy())
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
