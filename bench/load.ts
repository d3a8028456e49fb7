/**
 * The load generator: raw keep-alive connections, each with one request at a time. One JSON command on standard input (a
 * body of a megabyte is too long for an argument), one JSON line of results on standard output. It counts events, not
 * chunks, and checks that every answer is a whole one.
 */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'

export interface LoadCommand {
  readonly port: number
  readonly key: string
  readonly path: string
  readonly body: string
  readonly connections: number
  /** Stop after this long. */
  readonly seconds: number
  /** Requests a second over all connections; absent: as fast as the answers come. */
  readonly rate?: number
  /** Leave streams open for `seconds` and hang up then. */
  readonly hold?: boolean
}

export interface LoadResult {
  readonly requests: number
  readonly events: number
  readonly failed: number
  /** Milliseconds from sending to the first byte and to the last, sorted samples of at most 100,000. */
  readonly firstMs: Quantiles
  readonly totalMs: Quantiles
}

export interface Quantiles {
  readonly p50: number
  readonly p99: number
}

const command = JSON.parse(readFileSync(0, 'utf8')) as LoadCommand
const request = Buffer.from(
  `POST ${command.path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer ${command.key}\r\ncontent-length: ${Buffer.byteLength(command.body)}\r\n\r\n${command.body}`,
)
const counts = { requests: 0, events: 0, failed: 0 }
const firsts: number[] = []
const totals: number[] = []
const stopAt = performance.now() + command.seconds * 1_000
const idle: Line[] = []
const GRACE_MS = 10_000

class Line {
  readonly #socket: Socket
  #sentAt = 0
  #first = 0
  #state: 'idle' | 'head' | 'sized' | 'chunked' = 'idle'
  #left = 0
  #tail = ''

  constructor() {
    this.#socket = connect(command.port, '127.0.0.1', () => this.#next())
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (chunk) => this.#read(chunk))
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      if (this.#state !== 'idle' && !command.hold && performance.now() < stopAt) counts.failed++
    })
  }

  send(): void {
    this.#sentAt = performance.now()
    this.#first = 0
    this.#state = 'head'
    this.#tail = ''
    this.#socket.write(request)
  }

  #next(): void {
    if (performance.now() >= stopAt) this.#socket.destroy()
    else if (command.rate === undefined) this.send()
    else idle.push(this)
  }

  #read(chunk: Buffer): void {
    if (this.#first === 0) this.#first = performance.now()
    let rest = chunk
    if (this.#state === 'head') {
      const end = chunk.indexOf('\r\n\r\n')
      const head = chunk.toString('latin1', 0, end)
      if (!head.startsWith('HTTP/1.1 200')) counts.failed++
      const sized = /content-length: *(\d+)/i.exec(head)
      this.#state = sized === null ? 'chunked' : 'sized'
      this.#left = Number(sized?.[1] ?? 0)
      rest = chunk.subarray(end + 4)
    }
    if (this.#state === 'sized') {
      this.#left -= rest.length
      if (this.#left <= 0) this.#done()
      return
    }
    const text = this.#tail + rest.toString('latin1')
    counts.events += text.split('data: {').length - this.#tail.split('data: {').length
    if (text.endsWith('0\r\n\r\n')) this.#done()
    else this.#tail = text.slice(-6)
  }

  #done(): void {
    const now = performance.now()
    this.#state = 'idle'
    counts.requests++
    if (firsts.length < 100_000) {
      firsts.push(this.#first - this.#sentAt)
      totals.push(now - this.#sentAt)
    }
    this.#next()
  }

  get idle(): boolean {
    return this.#state === 'idle'
  }

  hangUp(): void {
    if (this.#state !== 'idle') counts.requests++
    this.#socket.destroy()
  }
}

const lines = Array.from({ length: command.connections }, () => new Line())
if (command.rate !== undefined) tick(command.rate)
// What was begun is waited for, so that the answers counted here are all the requests that the server had.
const watch = setInterval(() => {
  const now = performance.now()
  if (now < stopAt) return
  if (command.hold || now > stopAt + GRACE_MS || lines.every((line) => line.idle)) finish()
}, 20)

/** Fixed rate: every line that is free gets its turn when it is due; what is overdue is sent at once. */
function tick(rate: number): void {
  const begin = performance.now()
  let sent = 0
  const timer = setInterval(() => {
    const now = performance.now()
    if (now >= stopAt) return clearInterval(timer)
    while (sent < ((now - begin) / 1_000) * rate) {
      const line = idle.shift()
      if (line === undefined) return
      line.send()
      sent++
    }
  }, 1)
}

function quantiles(samples: number[]): Quantiles {
  samples.sort((a, b) => a - b)
  const at = (share: number) => samples[Math.min(samples.length - 1, Math.floor(samples.length * share))] ?? 0
  return { p50: at(0.5), p99: at(0.99) }
}

function finish(): void {
  clearInterval(watch)
  if (command.hold) for (const line of lines) line.hangUp()
  const result: LoadResult = { ...counts, firstMs: quantiles(firsts), totalMs: quantiles(totals) }
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
}
