import { describe, expect, test } from 'vitest'
import { Fault } from '../../fault.ts'
import type { Json } from '../../json.ts'
import { readFault, toldFault, writeFault } from './fault.ts'

const error = (fields: object): Json => JSON.parse(JSON.stringify({ error: fields }))
const info = (reason: string) => [
  { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com' },
]
const quota = (quotaId: string) => [
  { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId }] },
]

describe('a vendor’s error', () => {
  test.each<[number, Json, string]>([
    [400, error({ message: 'Invalid value at tools' }), 'bad_request'],
    [400, error({ message: 'API key not valid. Please pass a valid API key.' }), 'upstream_auth_failed'],
    [400, error({ message: 'x', details: info('API_KEY_INVALID') }), 'upstream_auth_failed'],
    [400, error({ message: 'Please enable billing on project acme-7' }), 'upstream_funds'],
    [
      400,
      error({ message: 'The input token count (9) exceeds the maximum number of tokens allowed (8).' }),
      'context_too_long',
    ],
    [401, 'no', 'upstream_auth_failed'],
    [402, {}, 'upstream_funds'],
    [403, error({ message: 'Permission denied', details: info('BILLING_DISABLED') }), 'upstream_funds'],
    [403, {}, 'upstream_auth_failed'],
    [404, error({ message: 'models/x is not found' }), 'model_not_found'],
    [404, error({ message: 'The file is not there' }), 'not_found'],
    [409, {}, 'conflict'],
    [413, {}, 'body_too_large'],
    [422, {}, 'unprocessable'],
    [
      429,
      error({ message: 'You exceeded your current quota, please check your plan and billing details.' }),
      'rate_limited',
    ],
    [429, error({ message: 'x', details: quota('GenerateRequestsPerMinutePerProject') }), 'rate_limited'],
    [
      429,
      error({ message: 'x', details: quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier') }),
      'upstream_funds',
    ],
    [429, error({ message: 'Your prepayment credits are depleted.' }), 'upstream_funds'],
    [418, {}, 'bad_request'],
    [500, error({ message: 'An internal error' }), 'upstream_error'],
    [503, error({ message: 'The model is overloaded' }), 'overloaded'],
    [504, {}, 'upstream_timeout'],
    [500, '<html>', 'upstream_error'],
    [500, [{ error: { message: 'in a list' } }], 'upstream_error'],
    [400, { error: { message: { no: 'text' }, details: 'none', status: 7 } }, 'bad_request'],
  ])('%d %j is %s', (status, body, code) => {
    expect(readFault(status, body).code).toBe(code)
  })

  test('of a 4xx keeps its message, cut at a length, and its field', () => {
    const details = [{ '@type': 'x', fieldViolations: [{ field: 'tools[0]', description: 'd' }] }]
    expect(readFault(400, error({ message: 'Invalid value', details }))).toMatchObject({
      message: 'Invalid value',
      field: 'tools[0]',
    })
    expect(readFault(400, error({ message: 'x'.repeat(9_000) })).message).toHaveLength(2_000)
  })

  test.each([
    [401, 'project acme-7 has no key'],
    [402, 'acme-7 owes'],
    [429, 'Quota exceeded for project_number:acme-7'],
  ])('%d says nothing about our account', (status, message) => {
    expect(readFault(status, error({ message })).message).not.toContain('acme')
  })

  test.each([
    ['34.4s', 35],
    ['7s', 7],
    ['0s', 0],
    ['soon', undefined],
    [7, undefined],
  ])('the hint %j is %j seconds', (retryDelay, seconds) => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }]
    expect(readFault(429, error({ message: 'x', details })).retryAfterSeconds).toBe(seconds)
  })
})

describe('an error in a good status', () => {
  test.each<[Json, string]>([
    [{ code: 503, message: 'busy' }, 'overloaded'],
    [{ status: 'RESOURCE_EXHAUSTED', message: 'busy' }, 'rate_limited'],
    [{ code: 200, message: 'odd' }, 'upstream_error'],
    [{ code: 401, message: 'key of acme-7' }, 'upstream_auth_failed'],
    [{ code: 429, status: 'SPEND_CAP', message: 'acme-7' }, 'upstream_funds'],
    ['a text', 'upstream_error'],
    [7, 'upstream_error'],
  ])('%j is %s', (json, code) => {
    const fault = toldFault(json, { spendLimitCodes: ['SPEND_CAP'] })
    expect(fault.code).toBe(code)
    expect(fault.message).not.toContain('acme')
  })
})

describe('an error for a client', () => {
  test('has Google’s form: code, status, and what is wrong in details', () => {
    const fault = new Fault('bad_request', "'contents': is required", { field: 'contents' })
    expect(writeFault(fault, 'req_1')).toEqual({
      status: 400,
      body: {
        error: {
          code: 400,
          message: "'contents': is required",
          status: 'INVALID_ARGUMENT',
          details: [
            {
              '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
              reason: 'BAD_REQUEST',
              domain: 'sekisho',
              metadata: { requestId: 'req_1' },
            },
            {
              '@type': 'type.googleapis.com/google.rpc.BadRequest',
              fieldViolations: [{ field: 'contents', description: "'contents': is required" }],
            },
          ],
        },
      },
    })
  })

  test('has the hint when to try again, and both come back', () => {
    const { status, body } = writeFault(new Fault('rate_limited', 'Wait', { retryAfterSeconds: 12 }), 'r')
    expect(JSON.stringify(body)).toContain('"retryDelay":"12s"')
    expect(readFault(status, body)).toMatchObject({ code: 'rate_limited', message: 'Wait', retryAfterSeconds: 12 })
  })

  test.each([
    'bad_request',
    'context_too_long',
    'content_filtered',
    'rate_limited',
    'overloaded',
    'upstream_unavailable',
    'upstream_error',
    'upstream_timeout',
    'model_not_found',
    'not_found',
  ] as const)('%s keeps its kind', (code) => {
    const { status, body } = writeFault(new Fault(code, 'x'), 'r')
    expect(readFault(status, body).code).toBe(code)
  })
})
