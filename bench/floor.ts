/**
 * The bare floor: node:http in, undici dispatch out, nothing else. What the gateway costs is said as a multiple of this,
 * in the same run on the same machine, because absolute times on shared machines mean little.
 * Arguments: the upstream's port. Prints its own port.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Dispatcher, Pool } from 'undici'

class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  constructor(response: ServerResponse) {
    this.#response = response
  }
  onRequestStart(): void {}
  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#response.writeHead(status, { 'content-type': headers['content-type'] ?? 'application/json' })
  }
  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return
    controller.pause()
    this.#response.once('drain', () => controller.resume())
  }
  onResponseEnd(): void {
    this.#response.end()
  }
  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    console.error(error)
    this.#response.destroy()
  }
}

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, {
  connections: 4_096,
  allowH2: false,
  headersTimeout: 0,
  bodyTimeout: 0,
})
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
    pool.dispatch(
      { method: 'POST', path: request.url ?? '/', headers: { 'content-type': 'application/json' }, body },
      new Relay(response),
    )
  })
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
