import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openConnection, send, type RawResponse } from './client.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A server that reads one request on each connection and then does what it is told; gives its address and what it received. */
async function serverThat(act: (socket: Socket) => void): Promise<{ url: string; received: string[] }> {
  const received: string[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      received.push(bytes.toString('latin1'))
      if (received.join('').includes('\r\n\r\n')) act(socket)
    })
    closers.push(() => socket.destroy())
  }).listen(0, '127.0.0.1')
  closers.push(() => server.close())
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query=1`, received }
}

const answering = async (
  bytes: string,
  then: (socket: Socket) => void = (socket) => socket.end(),
): Promise<RawResponse> => {
  const { url } = await serverThat((socket) => socket.write(bytes, () => then(socket)))
  return send(url)
}

test('headers go out in their order as written, duplicates included', async () => {
  const { url, received } = await serverThat((socket) => socket.end('HTTP/1.1 204 No Content\r\n\r\n'))
  await send(url, {
    headers: [
      ['X-One', 'a'],
      ['x-one', 'b'],
      ['Host', 'other'],
    ],
    body: { a: 1 },
  })
  const text = received.join('')
  expect(text).toContain(
    'POST /path?query=1 HTTP/1.1\r\ncontent-length: 7\r\ncontent-type: application/json\r\nconnection: close\r\nX-One: a\r\nx-one: b\r\nHost: other\r\n\r\n',
  )
  expect(text.endsWith('{"a":1}')).toBe(true)
})

test.each([
  ['a body of known length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello', 'complete'],
  [
    'a chunked body with an extension and a trailer',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nx-trailer: 1\r\n\r\n',
    'hello',
    'complete',
  ],
  ['a body that ends with the connection', 'HTTP/1.1 200 OK\r\n\r\nhello', 'hello', 'complete'],
  [
    'an interim answer first',
    'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
    'ok',
    'complete',
  ],
  ['a body that is too short', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', 'hello', 'closed'],
  [
    'a chunked body without its last chunk',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
    'hello',
    'closed',
  ],
  [
    'a chunk without a size',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n',
    'hello',
    'malformed',
  ],
])('%s', async (_, bytes, body, ending) => {
  const response = await answering(bytes)
  expect(await response.text()).toBe(body)
  expect(response.ending).toBe(ending)
})

test('a reset in the middle is told from a close, and what came before is there', async () => {
  const response = await answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello', (socket) =>
    socket.resetAndDestroy(),
  )
  expect(await response.text()).toBe('hello')
  expect(response.ending).toBe('reset')
})

test('events come one by one while the stream is open', async () => {
  const opened = Promise.withResolvers<Socket>()
  const response = await answering('HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n', opened.resolve)
  const events = response.events()
  expect((await events.next()).value).toMatchObject({ data: '1' })
  const socket = await opened.promise
  socket.write('data: 2\n')
  socket.write('\n')
  expect((await events.next()).value).toMatchObject({ data: '2' })
  socket.end()
  expect(await events.next()).toMatchObject({ done: true })
})

test('a server that says nothing, or nothing of HTTP, is an error', async () => {
  const silent = await serverThat(() => {})
  await expect(send(silent.url, { timeoutMs: 20 })).rejects.toThrow('in vain')
  await expect(answering('SSH-2.0\r\n\r\n')).rejects.toThrow('not a status line')
  await expect(answering('')).rejects.toThrow('closed before')
})

test('several requests can go over one connection, and a client that does not read holds the server back', async () => {
  const { url } = await serverThat((socket) =>
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n'),
  )
  const connection = await openConnection(url)
  connection.write('GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n')
  const one = await connection.response()
  expect(await one.text()).toBe('ok')
  expect((await connection.response()).status).toBe(404)
  connection.close()

  const bytes = 64 * 1024 * 1024
  const full = Promise.withResolvers<Socket>()
  const held = await answering(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`, (socket) => {
    socket.write(Buffer.alloc(bytes))
    full.resolve(socket)
  })
  expect((await full.promise).writableNeedDrain).toBe(true)
  expect((await held.bytes()).length).toBe(bytes)
})
