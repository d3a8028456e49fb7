import { describe, expect, test } from 'vitest'
import { Fault } from '../../fault.ts'
import type { Json } from '../../json.ts'
import { openaiChat } from './index.ts'

const { read, write } = openaiChat.fault
const error = (fields: { readonly [key: string]: Json }): Json => ({
  error: { message: 'What is wrong', type: 'x', param: null, code: null, ...fields },
})

describe('a vendor’s error body', () => {
  test.each<[number, Json, string]>([
    [400, error({ param: 'messages' }), 'bad_request'],
    [400, error({ code: 'context_length_exceeded' }), 'context_too_long'],
    [400, error({ message: "This model's maximum context length is 8192 tokens" }), 'context_too_long'],
    [400, error({ code: 'content_filter', innererror: { code: 'ResponsibleAIPolicyViolation' } }), 'content_filtered'],
    [401, error({ code: 'invalid_api_key' }), 'upstream_auth_failed'],
    [402, error({}), 'upstream_funds'],
    [403, error({ code: 'model_not_found' }), 'upstream_auth_failed'],
    [403, error({ code: 'content_policy_violation' }), 'content_filtered'],
    [404, error({ code: 'model_not_found' }), 'model_not_found'],
    [404, {}, 'not_found'],
    [409, {}, 'conflict'],
    [413, {}, 'body_too_large'],
    [422, {}, 'unprocessable'],
    [429, error({ code: 'rate_limit_exceeded' }), 'rate_limited'],
    [429, error({ code: 'insufficient_quota' }), 'upstream_funds'],
    [429, error({ type: 'insufficient_quota' }), 'upstream_funds'],
    [500, error({}), 'upstream_error'],
    [503, error({}), 'overloaded'],
    [504, '', 'upstream_timeout'],
    [529, {}, 'overloaded'],
    [418, null, 'bad_request'],
    [599, [], 'upstream_error'],
  ])('%d %j is %s', (status, body, code) => expect(read(status, body).code).toBe(code))

  test.each<[Json, string]>([
    [error({}), 'What is wrong'],
    [{ object: 'error', message: 'flat' }, 'flat'],
    [{ error: 'a text' }, 'a text'],
    [{ detail: 'from the framework' }, 'from the framework'],
    [{ detail: [{ loc: ['body'], msg: 'field required' }, { msg: 'too many' }] }, 'field required; too many'],
    [{ object: 'error', message: { detail: [{ msg: 'nested' }] } }, 'nested'],
    ['plain text', 'plain text'],
  ])('%j: its own words go on', (body, words) => expect(read(400, body).message).toBe(words))

  test('no page of a proxy goes on, and no text without an end', () => {
    expect(read(502, '<html>secret</html>').message).not.toContain('secret')
    expect(read(400, error({ message: 'x'.repeat(9_000) })).message).toHaveLength(2_000)
  })

  test.each([401, 402, 403])('%d is about our own account: not a word of it goes on', (status) => {
    expect(read(status, error({ message: 'org acme' })).message).not.toContain('acme')
  })

  test('a limit that is named by our organization is told without its words, and with its hint', () => {
    const message = 'Rate limit reached for m in organization org-acme on tokens per min. Please try again in 20s.'
    const fault = read(429, error({ message, code: 'rate_limit_exceeded' }))
    expect(fault.message).not.toContain('acme')
    expect(fault.retryAfterSeconds).toBe(20)
  })

  test('the field that is wrong is kept', () => expect(read(400, error({ param: 'top_p' })).field).toBe('top_p'))

  test.each([
    ['Rate limit reached. Please try again in 20s.', 20],
    ['Please try again in 350ms.', 1],
    ['Please try again in 1m12.5s.', 73],
    ['Please try again in 6h0m0s.', 21_600],
    ['Please try again later.', undefined],
  ])('%s', (message, seconds) => {
    expect(read(429, error({ message })).retryAfterSeconds).toBe(seconds)
  })
})

describe('an error for a client', () => {
  test.each([
    'rate_limited',
    'context_too_long',
    'content_filtered',
    'overloaded',
    'model_not_found',
    'bad_request',
    'upstream_timeout',
  ] as const)('%s keeps its kind on the way through another gateway', (code) => {
    const { status, body } = write(new Fault(code, 'Words', { field: 'a' }), 'req1')
    expect(read(status, body)).toMatchObject({ code, message: 'Words', field: 'a' })
  })

  test('has OpenAI’s words where it has some', () => {
    expect(write(new Fault('rate_limited', 'Slow down'), 'req1')).toEqual({
      status: 429,
      body: { error: { message: 'Slow down', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' } },
    })
  })
})
