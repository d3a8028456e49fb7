import { describe, expect, test } from 'vitest'
import { toldFault } from './fault.ts'

const TOLD = { reason: 'error_in_stream', spendLimitCodes: ['out_of_credit'] }

describe("a vendor's error inside of a good status", () => {
  test("goes to the client with the vendor's words, cut at a length", () => {
    expect(toldFault({ message: 'no capacity' }, TOLD)).toMatchObject({
      code: 'upstream_error',
      reason: 'error_in_stream',
    })
    expect(toldFault({ message: 'no capacity' }, TOLD).message).toContain('no capacity')
    expect(toldFault('no capacity', TOLD).message).toContain('no capacity')
    expect(toldFault({ message: 'x'.repeat(10_000) }, TOLD).message.length).toBeLessThan(600)
    expect(toldFault(undefined, TOLD).message).toBe('The provider reported an error')
  })

  test.each([
    [{ code: 401 }, 'upstream_auth_failed'],
    [{ code: '401' }, 'upstream_auth_failed'],
    [{ code: 403 }, 'upstream_auth_failed'],
    [{ code: 'invalid_api_key' }, 'upstream_auth_failed'],
    [{ type: 'authentication_error' }, 'upstream_auth_failed'],
    [{ code: 402 }, 'upstream_funds'],
    [{ code: 'out_of_credit' }, 'upstream_funds'],
    [{ type: 'out_of_credit', code: 401 }, 'upstream_funds'],
    [{ code: 429 }, 'upstream_error'],
    [{ code: null, type: {} }, 'upstream_error'],
  ])("%j is %s: what is about the gateway's own account never reaches a client", (error, code) => {
    const fault = toldFault({ ...error, message: 'account acme-7' }, TOLD)
    expect(fault.code).toBe(code)
    expect(fault.message.includes('acme')).toBe(code === 'upstream_error')
  })
})
