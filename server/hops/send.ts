import type { ServerResponse } from 'node:http'
import { Fault } from '../../core/fault.ts'
import type { AttemptStatus } from '../../core/attempt.ts'
import { dollars } from '../../core/money.ts'
import { notThisWire, UNTOLD } from '../../core/upstream-fault.ts'
import type { Account } from '../account.ts'
import { afterClaim } from '../after-claim.ts'
import type { AttemptEnd } from '../attempt-run.ts'
import type { Answered, Opened } from '../exchange.ts'
import type { Sink } from '../flow.ts'
import type { Refusal } from '../refusal.ts'
import { refuse } from '../refuse.ts'
import { responseHeaders } from '../response-headers.ts'
import { StreamCopy } from '../stream-copy.ts'
import type { World } from '../world.ts'
import type { KeptAnswer } from '../world/idempotency.ts'

/** Hop 7: the answer goes to the client. From here on everything is a plain call from the vendor's socket. */
export function send(answered: Answered, world: World, account: Account): void {
  const { answer, run } = answered
  switch (answer.kind) {
    case 'refusal':
      sendRefusal(answered, account, answer)
      return
    case 'stream':
      run.flow.into(new StreamSink(answered, answer, { world, account }))
      return
    case 'whole':
      run.flow.into(new WholeSink(answered, answer, { world, account }))
  }
}

/** The vendor's own 4xx, 429 or 5xx: status and body as they came. */
function sendRefusal(answered: Answered, account: Account, refusal: Refusal): void {
  const { response, run } = answered
  run.settle({ status: 'failed', reason: `status_${refusal.status}`, billed: 'nothing' }, () => {
    const headers = responseHeaders(answered, account, refusal.contentType)
    for (const [name, value] of refusal.hints) headers.push(name, value)
    headers.push('content-length', String(refusal.body.length))
    afterClaim({ account, run }, undefined, () => {
      response.writeHead(refusal.status, headers)
      response.end(refusal.body)
      account.close(refusal.status)
    })
  })
}

/** Passes a stream on event by event, and makes sure that a broken one never looks like a finished one. */
class StreamSink implements Sink {
  readonly #answered: Answered
  readonly #opened: Opened
  readonly #account: Account
  readonly #world: World
  readonly #copy: StreamCopy | undefined
  readonly #contentType: string
  #over = false

  constructor(answered: Answered, opened: Opened, { world, account }: { world: World; account: Account }) {
    this.#answered = answered
    this.#opened = opened
    this.#account = account
    this.#world = world
    this.#copy = copyFor(account, world)
    this.#contentType = opened.contentType || 'text/event-stream'
    const headers = responseHeaders(answered, account, this.#contentType)
    headers.push('x-accel-buffering', 'no')
    answered.response.writeHead(200, headers)
  }

  data(raw: Uint8Array): boolean {
    if (this.#over) return true
    if (this.#opened.reader.done) {
      this.#finish(raw)
      return true
    }
    const { response, run } = this.#answered
    if (this.#opened.reader.ending() === 'told') {
      response.write(raw)
      this.#breakOff(undefined, { status: 'partial', reason: 'error_in_stream' })
      run.flow.abort(new Fault('upstream_error', UNTOLD))
      return true
    }
    this.#copy?.push(raw)
    if (response.write(raw)) return true
    if (this.#account.stalledSince === undefined)
      pauseUntilDrained(response, { world: this.#world, account: this.#account, run })
    return false
  }

  end(): void {
    if (this.#over) return
    switch (this.#opened.reader.ending()) {
      case 'complete':
        this.#finish(undefined)
        return
      case 'told':
        this.#breakOff(undefined, { status: 'partial', reason: 'error_in_stream' })
        return
      case 'broken': {
        const fault =
          this.#opened.reader.brokenBy ??
          new Fault('upstream_error', 'The provider ended the stream before it was finished')
        this.#breakOff(fault, { status: 'partial', reason: fault.reason ?? 'missing_terminal' })
      }
    }
  }

  fail(fault: Fault): void {
    if (this.#over) return
    const gone = this.#account.left || fault.code === 'client_gone'
    this.#breakOff(gone ? undefined : fault, {
      status: gone ? 'canceled' : 'partial',
      reason: fault.reason ?? fault.code,
    })
  }

  /** The record is safe before the last byte, `[DONE]` included, leaves. */
  #finish(last: Uint8Array | undefined): void {
    this.#over = true
    const { response, run } = this.#answered
    const answer = this.#kept(last)
    const send = () => {
      response.end(last)
      this.#account.close(200)
      // Nobody sweeps what is settled, and a vendor that does not end would keep its connection for ever. Rare: the end shares a packet with `[DONE]`.
      if (!run.flow.ended)
        setTimeout(() => run.flow.abort(new Fault('upstream_error', 'The provider did not end')), LINGER_MS).unref()
    }
    run.settle({ status: 'complete', reason: null, billed: 'as_read' }, () => {
      afterClaim({ account: this.#account, run }, answer, send)
    })
  }

  #kept(last: Uint8Array | undefined): KeptAnswer | undefined {
    if (last !== undefined) this.#copy?.push(last)
    const body = this.#copy?.whole()
    return body === undefined ? undefined : { status: 200, contentType: this.#contentType, body }
  }

  /** An error frame in the client's wire, then an end without the terminating chunk: every client must notice. */
  #breakOff(fault: Fault | undefined, end: { status: AttemptStatus; reason: string }): void {
    this.#over = true
    const { response, run } = this.#answered
    run.settle({ ...end, billed: 'as_read' }, () => {
      if (fault !== undefined) response.write(this.#opened.faultFrame(fault))
      // Its error must still arrive, so no reset; but nobody waits for a client that does not close its side.
      response.socket?.destroySoon()
      this.#account.close(end.status === 'canceled' ? 499 : 502)
    })
  }
}

/** Only where it is going to be kept. */
function copyFor(account: Account, world: World): StreamCopy | undefined {
  if (account.claim?.keeps !== true) return undefined
  const copy = new StreamCopy(world.streamCopies)
  account.hold(() => copy.drop())
  return copy
}

/** From `[DONE]` to the end of the vendor's answer, before its connection is closed instead of being used again. */
const LINGER_MS = 1_000

/** Collects a whole reply and sends it in one piece; one that grows too large for that is passed on as it comes. */
class WholeSink implements Sink {
  readonly #answered: Answered
  readonly #opened: Opened
  readonly #account: Account
  readonly #world: World
  #held: Uint8Array[] = []
  #heldBytes = 0
  #streaming = false
  #over = false

  constructor(answered: Answered, opened: Opened, { world, account }: { world: World; account: Account }) {
    this.#answered = answered
    this.#opened = opened
    this.#account = account
    this.#world = world
  }

  data(raw: Uint8Array): boolean {
    this.#held.push(raw)
    this.#heldBytes += raw.length
    return this.#heldBytes <= HELD_BYTES_MAX || this.#passOn()
  }

  end(): void {
    if (this.#over) return
    this.#over = true
    const { run, response } = this.#answered
    const told = this.#opened.reader.openingFault
    if (told !== undefined) {
      this.#failed(told, 'nothing')
      return
    }
    if (this.#opened.reader.ending() !== 'complete') {
      this.#failed(notThisWire('broken_reply'))
      return
    }
    run.settle({ status: 'complete', reason: null, billed: 'as_read' }, (record) => {
      const account = this.#account
      const contentType = this.#opened.contentType || 'application/json'
      if (this.#streaming) {
        afterClaim({ account, run }, undefined, () => {
          response.end(Buffer.concat(this.#held))
          account.close(200)
        })
        return
      }
      const body = inOnePiece(this.#held, this.#heldBytes)
      afterClaim({ account, run }, { status: run.flow.status, contentType, body }, () => {
        const headers = responseHeaders(this.#answered, account, contentType)
        if (record.costNano !== null) headers.push('x-sekisho-cost', dollars(record.costNano))
        headers.push('content-length', String(this.#heldBytes))
        response.writeHead(run.flow.status, headers)
        endWhole(response, body)
        account.close(200)
      })
    })
  }

  fail(fault: Fault): void {
    if (this.#over) return
    this.#over = true
    this.#failed(fault)
  }

  #failed(fault: Fault, billed: AttemptEnd['billed'] = 'as_read'): void {
    const { run, response } = this.#answered
    const gone = this.#account.left || fault.code === 'client_gone'
    const status: AttemptStatus = gone ? 'canceled' : this.#streaming ? 'partial' : 'failed'
    run.settle({ status, reason: fault.reason ?? fault.code, billed }, () => {
      afterClaim({ account: this.#account, run }, undefined, () => {
        if (this.#streaming) response.socket?.destroy()
        else refuse(response, fault, this.#account)
        this.#account.close(gone ? 499 : fault.status)
      })
    })
  }

  /** Sends what is held but the last chunk, which waits for the record. */
  #passOn(): boolean {
    const { response, run } = this.#answered
    if (!this.#streaming) {
      this.#streaming = true
      response.writeHead(
        run.flow.status,
        responseHeaders(this.#answered, this.#account, this.#opened.contentType || 'application/json'),
      )
    }
    const last = this.#held.pop()
    let flowing = true
    for (const chunk of this.#held) flowing = response.write(chunk)
    this.#held = last === undefined ? [] : [last]
    if (!flowing && this.#account.stalledSince === undefined) {
      pauseUntilDrained(response, { world: this.#world, account: this.#account, run })
    }
    return flowing
  }
}

/**
 * Head and body of a small reply leave in one write: Node joins them only when the body is a string, and Latin-1 is the
 * encoding in which every byte stays what it is. Two buffers would cost a vectored write, the dearest call of the request.
 */
function endWhole(response: ServerResponse, body: Buffer): void {
  if (body.length > JOINED_BYTES_MAX) response.end(body)
  else response.end(body.toString('latin1'), 'latin1')
}

const JOINED_BYTES_MAX = 16_384

/** Nearly every reply came as one. */
function inOnePiece(pieces: readonly Uint8Array[], bytes: number): Buffer {
  const [only] = pieces
  return pieces.length === 1 && Buffer.isBuffer(only) ? only : Buffer.concat(pieces, bytes)
}

/** Up to here a reply is sent in one write, with its cost in a header. */
const HELD_BYTES_MAX = 1_048_576

/** The vendor waits while the client does not read; the sweep looks at the stamp. One listener at a time. */
function pauseUntilDrained(
  response: ServerResponse,
  { world, account, run }: { world: World; account: Account; run: Answered['run'] },
): void {
  account.stalledSince = world.clock.monotonic()
  response.once('drain', () => {
    account.stalledSince = undefined
    run.flow.resume()
  })
}
