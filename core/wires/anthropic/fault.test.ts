import { describe, expect, test } from 'vitest'
import { Fault, type FaultCode } from '../../fault.ts'
import type { Json } from '../../json.ts'
import { readFault, readToldFault, writeFault } from './fault.ts'

const error = (type: string, message: string, errorCode?: string): Json => ({
  type: 'error',
  error: { type, message, ...(errorCode === undefined ? {} : { details: { error_code: errorCode } }) },
  request_id: 'req_1',
})

describe('a vendor’s error', () => {
  test.each<[number, Json, FaultCode]>([
    [400, error('invalid_request_error', 'messages: must not be empty'), 'bad_request'],
    [400, error('invalid_request_error', 'prompt is too long: 205000 tokens > 200000 maximum'), 'context_too_long'],
    [
      400,
      error('invalid_request_error', 'input length and `max_tokens` exceed context limit: 1 + 2 > 3'),
      'context_too_long',
    ],
    [400, error('invalid_request_error', 'Output blocked by content filtering policy'), 'content_filtered'],
    [400, error('invalid_request_error', 'Your credit balance is too low to access the API.'), 'upstream_funds'],
    [401, error('authentication_error', 'invalid x-api-key'), 'upstream_auth_failed'],
    [402, error('billing_error', 'pay'), 'upstream_funds'],
    [403, error('permission_error', 'no'), 'upstream_auth_failed'],
    [404, error('not_found_error', 'model: claude-0'), 'model_not_found'],
    [404, error('not_found_error', 'no such file'), 'not_found'],
    [413, error('request_too_large', 'too large'), 'body_too_large'],
    [429, error('rate_limit_error', 'slow', 'ramp_limit_exceeded'), 'rate_limited'],
    [429, error('rate_limit_error', 'spent', 'contract_spend_limit_reached'), 'upstream_funds'],
    [500, error('api_error', 'oops'), 'upstream_error'],
    [503, error('api_error', 'oops'), 'upstream_unavailable'],
    [504, error('timeout_error', 'late'), 'upstream_timeout'],
    [529, error('overloaded_error', 'Overloaded'), 'overloaded'],
    [502, '<html>Bad gateway</html>', 'upstream_error'],
    [418, { odd: true }, 'bad_request'],
  ])('%d %j is %s', (status, body, code) => {
    expect(readFault(status, body).code).toBe(code)
  })

  test('keeps its words where they are about the request, to a length that nobody misses', () => {
    expect(readFault(400, error('invalid_request_error', 'tools.0: no')).message).toBe('tools.0: no')
    expect(readFault(400, error('invalid_request_error', 'x'.repeat(9_000))).message).toHaveLength(2_000)
  })

  test.each([
    [401, error('authentication_error', 'key of org-secret')],
    [402, error('billing_error', 'org-secret owes')],
    [429, error('rate_limit_error', 'the limit of org-secret')],
    [529, error('overloaded_error', 'org-secret')],
    [502, '<html>org-secret</html>'],
  ])('%d never says who we are', (status, body) => {
    expect(readFault(status, body).message).not.toContain('secret')
  })
})

describe('an error inside a reply', () => {
  const told = { reason: 'error_in_stream', spendLimitCodes: ['enforced_limit'] }

  test.each<[Json, FaultCode]>([
    [{ type: 'overloaded_error', message: 'Overloaded' }, 'overloaded'],
    [{ type: 'rate_limit_error', message: 'slow' }, 'rate_limited'],
    [{ type: 'api_error', message: 'oops' }, 'upstream_error'],
    [{ type: 'invalid_request_error', message: 'late insight' }, 'upstream_error'],
    [{ type: 'authentication_error', message: 'key' }, 'upstream_auth_failed'],
    [{ type: 'enforced_limit', message: 'spent' }, 'upstream_funds'],
    [{ type: '__proto__', message: 7 }, 'upstream_error'],
    [null, 'upstream_error'],
  ])('%j is %s', (body, code) => {
    expect(readToldFault(body, told)).toMatchObject({ code, reason: 'error_in_stream' })
  })
})

describe('an error for a client', () => {
  test('has its envelope, its status and our code', () => {
    const fault = new Fault('bad_request', "'model': is required", { field: 'model' })
    expect(writeFault(fault, 'req_9')).toEqual({
      status: 400,
      body: {
        type: 'error',
        error: {
          type: 'invalid_request_error',
          message: "'model': is required",
          details: { error_code: 'bad_request' },
        },
        request_id: 'req_9',
      },
    })
  })

  test.each<[FaultCode, number, string]>([
    ['unauthorized', 401, 'authentication_error'],
    ['forbidden', 403, 'permission_error'],
    ['model_not_found', 404, 'not_found_error'],
    ['body_too_large', 413, 'request_too_large'],
    ['rate_limited', 429, 'rate_limit_error'],
    ['internal', 500, 'api_error'],
    ['upstream_error', 502, 'api_error'],
    ['upstream_funds', 503, 'api_error'],
    ['upstream_timeout', 504, 'timeout_error'],
    ['overloaded', 529, 'overloaded_error'],
  ])('%s is %d %s', (code, status, type) => {
    expect(writeFault(new Fault(code, 'm'), 'r')).toMatchObject({ status, body: { error: { type } } })
  })

  test('says of a prompt that is too long what clients of this wire look for (trap 51)', () => {
    const { body } = writeFault(new Fault('context_too_long', 'This model takes 8192 tokens'), 'r')
    expect(body).toMatchObject({ error: { message: 'prompt is too long: This model takes 8192 tokens' } })
  })
})
