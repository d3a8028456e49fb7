import type { Socket } from 'node:net'

/** How a response came to its end: `complete` as its framing says, `closed` before that, `reset` with an error on the socket, or with broken framing. */
export type Ending = 'open' | 'complete' | 'closed' | 'reset' | 'malformed'

export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /** In their order, as they were written. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

const HEAD_BYTES_MAX = 1024 * 1024

/** Reads HTTP/1.1 responses off a socket at the pace of its caller, so that a client that does not read holds the server back. */
export class ResponseReader {
  readonly #pieces: AsyncIterator<Buffer>
  #buffer: Buffer = Buffer.alloc(0)
  #ending: Ending = 'open'

  constructor(socket: Socket) {
    const pieces: AsyncIterable<Buffer> = socket.iterator({ destroyOnReturn: false })
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** Of the response that is being read. */
  get ending(): Ending {
    return this.#ending
  }

  /** The next head that is not an interim one (100, 103). Fails when the connection ends before it. */
  async head(): Promise<ResponseHead> {
    this.#ending = 'open'
    for (;;) {
      const [first = '', ...lines] = (await this.#until('\r\n\r\n')).toString('latin1').split('\r\n')
      const [, status, reason = ''] = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(first) ?? []
      if (status === undefined) throw malformed(`not a status line: ${first.slice(0, 100)}`)
      if (Number(status) >= 200 || status === '101')
        return { status: Number(status), reason, headers: lines.map(headerOf) }
    }
  }

  /** The pieces of the body as they come, without their framing. Ends without an error however it ends: `ending` says how. */
  async *body(head: ResponseHead, method: string): AsyncGenerator<Buffer> {
    try {
      yield* this.#framed(head, method)
      this.#ending = 'complete'
    } catch (error) {
      this.#ending = error instanceof BrokenResponse ? error.ending : 'reset'
    }
  }

  async *#framed(head: ResponseHead, method: string): AsyncGenerator<Buffer> {
    if (method === 'HEAD' || head.status === 204 || head.status === 304) return
    if (/\bchunked\b/i.test(valueOf(head, 'transfer-encoding') ?? '')) return yield* this.#chunked()
    const length = valueOf(head, 'content-length')
    if (length !== undefined) return yield* this.#counted(Number(length))
    for (let piece = await this.#some(); piece !== undefined; piece = await this.#some()) yield piece
  }

  async *#chunked(): AsyncGenerator<Buffer> {
    for (;;) {
      const size = Number.parseInt((await this.#until('\r\n')).toString('latin1'), 16)
      if (Number.isNaN(size)) throw malformed('a chunk without a size')
      if (size === 0) break
      yield* this.#counted(size)
      await this.#until('\r\n')
    }
    while ((await this.#until('\r\n')).length > 0);
  }

  async *#counted(bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; ) {
      const piece = await this.#some()
      if (piece === undefined) throw earlyEnd()
      this.#buffer = piece.subarray(left)
      left -= Math.min(left, piece.length)
      yield piece.subarray(0, piece.length - this.#buffer.length)
    }
  }

  /** Everything before the mark; the mark is taken away. */
  async #until(mark: string): Promise<Buffer> {
    for (;;) {
      const at = this.#buffer.indexOf(mark)
      if (at >= 0) {
        const found = this.#buffer.subarray(0, at)
        this.#buffer = this.#buffer.subarray(at + mark.length)
        return found
      }
      if (this.#buffer.length > HEAD_BYTES_MAX) throw malformed('a line without end')
      const { value, done } = await this.#pieces.next()
      if (done) throw earlyEnd()
      this.#buffer = Buffer.concat([this.#buffer, value])
    }
  }

  /** What is there, or what comes next; `undefined` when the other side has closed. */
  async #some(): Promise<Buffer | undefined> {
    if (this.#buffer.length > 0) {
      const piece = this.#buffer
      this.#buffer = Buffer.alloc(0)
      return piece
    }
    const { value, done } = await this.#pieces.next()
    return done ? undefined : value
  }
}

export const valueOf = (head: ResponseHead, name: string): string | undefined =>
  head.headers.find(([one]) => one.toLowerCase() === name.toLowerCase())?.[1]

class BrokenResponse extends Error {
  readonly ending: Ending

  constructor(message: string, ending: Ending) {
    super(message)
    this.ending = ending
  }
}

const earlyEnd = (): Error => new BrokenResponse('the other side closed before the response was complete', 'closed')
const malformed = (message: string): Error => new BrokenResponse(message, 'malformed')

function headerOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}
