import { expect, test } from 'vitest'
import { Fault } from './fault.ts'
import { isOurAccount, ourAccountFault, toldText } from './upstream-fault.ts'

test('what is about our own account is told without a word of the vendor', () => {
  for (const code of ['upstream_auth_failed', 'upstream_funds'] as const) {
    const fault = ourAccountFault(code, { reason: 'status_401' })
    expect(isOurAccount(fault)).toBe(true)
    expect(fault.message).toMatch(/^The provider /)
  }
  expect(isOurAccount(new Fault('upstream_error', 'broken'))).toBe(false)
})

test("a vendor's words are told up to a length", () => {
  expect(toldText(undefined)).toBe('The provider reported an error')
  expect(toldText('x'.repeat(9_000)).length).toBeLessThan(600)
})
