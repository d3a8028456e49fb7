import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { withPostgres } from './kit/postgres.ts'
import { withRelay } from './kit/relay.ts'
import { waitUntil } from './kit/wait.ts'

const relay = withRelay(withPostgres())

test('whoever sends what is no HTTP is answered and let go of, even when it never closes its own side', async () => {
  const { hostname, port } = new URL(relay.gateway.url)
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  let answer = ''
  let gone = false
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1')
  })
  socket.on('error', () => {
    gone = true
  })
  await once(socket, 'connect')
  socket.write('this is no request\r\n\r\n')
  await once(socket, 'end')
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  // A gateway that has let go resets who goes on talking; one that only closed its own side would listen for ever.
  await waitUntil('the connection to be gone', () => {
    socket.write('still here')
    return gone
  })
  socket.destroy()
})
