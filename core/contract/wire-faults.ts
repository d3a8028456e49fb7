import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fault, type FaultCode } from '../fault.ts'
import type { Json } from '../json.ts'
import type { Part } from '../part.ts'
import type { Wire } from '../wire.ts'
import { eventsIn, readEvents } from './streams.ts'
import { READ_REPLY, WRITE_REPLY } from './wire.ts'

/** Laws of errors: an error keeps its kind through every body and stream. */
export function faultLaws(wire: Wire): void {
  const written = (code: FaultCode) => wire.fault.write(new Fault(code, MESSAGE, { field: 'a.b' }), 'req_contract')

  describe.each(Object.entries(READ_AS))('%s', (name, readAs) => {
    const code = CODES.find((one) => one === name)
    if (code === undefined) throw new Error(`${name} is no code`)

    test('keeps its kind in a body', () => {
      const { status, body } = written(code)
      expect(readAs).toContain(wire.fault.read(status, JSON.parse(JSON.stringify(body))).code)
    })

    test('has a status that says error', () => {
      expect(written(code).status).toBeGreaterThanOrEqual(400)
      expect(written(code).status).toBeLessThan(600)
    })
  })

  test.each(TOLD)('the message of %s reaches the client', (code) => {
    const { status, body } = written(code)
    expect(JSON.stringify(body)).toContain(MESSAGE)
    expect(wire.fault.read(status, body).message).toContain(MESSAGE)
  })

  test.each(TOLD)('%s keeps its kind inside a stream that has begun, and nothing follows it', (code) => {
    const writer = wire.stream.writer(WRITE_REPLY)
    const text = BEGUN.map((part) => writer.push(part)).join('') + writer.fault(new Fault(code, MESSAGE))
    const parts = readEvents(wire, eventsIn(text))
    const last = parts.at(-1)
    expect(last?.kind === 'fault' ? last.fault.code : last?.kind).toBe(code)
    expect(parts.filter(({ kind }) => kind === 'finish' || kind === 'end')).toEqual([])
  })

  test('an error without anything before it is a stream as well', () => {
    const writer = wire.stream.writer(WRITE_REPLY)
    const parts = readEvents(wire, eventsIn(writer.fault(new Fault('overloaded', MESSAGE))))
    expect(parts.at(-1)).toMatchObject({ kind: 'fault', fault: { code: 'overloaded' } })
  })

  test.each([401, 403])('%d is about our own credential, whatever the vendor says of it', (status) => {
    for (const body of [
      {},
      'no',
      { error: { message: SECRET } },
      { type: 'error', error: { type: 'x', message: SECRET } },
    ]) {
      const fault = wire.fault.read(status, body)
      expect(fault.code).toBe('upstream_auth_failed')
      expect(fault.message).not.toContain(SECRET)
    }
  })

  test('any status with any body is read as a fault, and never throws', () => {
    fc.assert(
      fc.property(fc.integer({ min: 400, max: 599 }), fc.oneof(fc.jsonValue(), errorLike), (status, body) => {
        const fault = wire.fault.read(status, JSON.parse(JSON.stringify(body)))
        expect(fault).toBeInstanceOf(Fault)
        expect(fault.message.length).toBeLessThan(3_000)
      }),
      { numRuns: 300 },
    )
  })

  test('what a vendor answers to a stream as an error is read in passing as well', () => {
    const { body } = written('rate_limited')
    const reader = wire.stream.reader(READ_REPLY)
    const parts = [
      ...reader.push({ name: wire.id === 'anthropic' ? 'error' : undefined, data: JSON.stringify(body) }),
      ...reader.end(),
    ]
    expect(parts.at(-1)).toMatchObject({ kind: 'fault' })
  })
}

const MESSAGE = 'A message that the client should read'
const SECRET = 'org-secret-account'

/** The codes that a vendor's error is told apart by, and what a reader may make of ours when it meets them as a vendor's. */
const READ_AS: { readonly [code: string]: readonly FaultCode[] } = {
  bad_request: ['bad_request'],
  unauthorized: ['upstream_auth_failed'],
  forbidden: ['upstream_auth_failed', 'forbidden'],
  model_not_found: ['model_not_found', 'not_found'],
  not_found: ['not_found', 'model_not_found'],
  context_too_long: ['context_too_long'],
  content_filtered: ['content_filtered'],
  body_too_large: ['body_too_large'],
  unprocessable: ['unprocessable', 'bad_request'],
  conflict: ['conflict', 'bad_request'],
  idempotency_in_progress: ['conflict', 'bad_request'],
  idempotency_not_replayable: ['conflict', 'bad_request'],
  idempotency_mismatch: ['unprocessable', 'bad_request'],
  rate_limited: ['rate_limited'],
  internal: ['internal', 'upstream_error'],
  upstream_error: ['upstream_error'],
  upstream_unavailable: ['upstream_unavailable', 'overloaded'],
  overloaded: ['overloaded'],
  draining: ['overloaded', 'upstream_unavailable'],
  upstream_timeout: ['upstream_timeout'],
}
const TOLD = [
  'bad_request',
  'rate_limited',
  'context_too_long',
  'content_filtered',
  'overloaded',
  'upstream_error',
] as const
const CODES: readonly FaultCode[] = [
  'bad_request',
  'unauthorized',
  'forbidden',
  'model_not_found',
  'not_found',
  'context_too_long',
  'content_filtered',
  'body_too_large',
  'unprocessable',
  'conflict',
  'idempotency_in_progress',
  'idempotency_not_replayable',
  'idempotency_mismatch',
  'rate_limited',
  'internal',
  'upstream_error',
  'upstream_unavailable',
  'overloaded',
  'draining',
  'upstream_timeout',
]

const BEGUN: readonly Part[] = [
  { kind: 'start', id: 'reply-1', model: 'm' },
  { kind: 'open', choice: 0, block: 0, content: { kind: 'text' } },
  { kind: 'delta', choice: 0, block: 0, text: 'It was' },
]

const errorLike: fc.Arbitrary<Json> = fc
  .tuple(fc.jsonValue(), fc.jsonValue(), fc.constantFrom('error', 'message', 'type', '__proto__'))
  .map(([inner, code, key]) =>
    JSON.parse(
      JSON.stringify({
        type: 'error',
        error: { message: inner, code, type: code, status: code, details: inner },
        [key]: inner,
      }),
    ),
  )
