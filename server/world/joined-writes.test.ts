import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { joinWrites } from './joined-writes.ts'

const HEAD = 'POST / HTTP/1.1\r\nx-name: caf\u00e9\r\n\r\n'
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

test.each([
  { what: 'a head and a small body are sent at once, byte for byte', body: everyByte, joined: true },
  { what: 'a large body is handed on as it is', body: Buffer.alloc(100_000, everyByte), joined: false },
])('$what', async ({ body, joined }) => {
  const { socket, received } = await pair()
  joinWrites(socket)
  const strings: string[] = []
  const write = socket._write.bind(socket)
  socket._write = (chunk: unknown, encoding, callback) => {
    if (typeof chunk === 'string') strings.push(chunk)
    write(chunk, encoding, callback)
  }
  writeTogether(socket, [HEAD, body])
  socket.end()
  expect(await received).toEqual(Buffer.concat([Buffer.from(HEAD, 'latin1'), body]))
  expect(strings.length).toBe(joined ? 1 : 0)
})

test('more than a head and a body keep their order', async () => {
  const { socket, received } = await pair()
  joinWrites(socket)
  writeTogether(socket, [HEAD, Buffer.from('one'), Buffer.from('two')])
  socket.end()
  expect((await received).toString('latin1')).toBe(`${HEAD}onetwo`)
})

function writeTogether(socket: Socket, chunks: readonly (string | Buffer)[]): void {
  socket.cork()
  for (const chunk of chunks) {
    if (typeof chunk === 'string') socket.write(chunk, 'latin1')
    else socket.write(chunk)
  }
  socket.uncork()
}

/** A connected socket, and what the other end reads until the end. */
async function pair(): Promise<{ readonly socket: Socket; readonly received: Promise<Buffer> }> {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const received = once(server, 'connection').then(async ([other]: Socket[]) => {
    const chunks: Buffer[] = []
    for await (const chunk of other ?? []) chunks.push(chunk)
    return Buffer.concat(chunks)
  })
  const { port } = server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return { socket, received }
}
