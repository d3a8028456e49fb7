import { expect, test } from 'vitest'
import { faultOf } from '../fault.ts'
import { type LimitRule, openMeter } from '../limits/meter.ts'
import { limits } from './limits.ts'

const DAY_MS = 86_400_000

/** What a request of 168 tokens is told by a limit that it never fits. */
async function refusal(measure: LimitRule['measure'], max: number) {
  const windowMs = measure === 'concurrent' ? 0 : DAY_MS
  const meters = [openMeter({ id: 'limit', measure, max, windowMs })]
  const ticket = await limits({ meters: () => meters, tokens: () => 168, now: () => 0 }).look('request', () => {})
  if (ticket.verdict === 'pass') throw new Error('let through')
  const { code, message, retryAfterSeconds } = faultOf(ticket.fault)
  return { code, message, retryAfterSeconds }
}

test.each([
  ['requests', 'The limit is 0 requests in a day'],
  ['concurrent', 'The limit is 0 requests at once'],
] as const)('a limit of 0 (%s) is told plainly, without a word about tokens', async (measure, message) => {
  expect(await refusal(measure, 0)).toEqual({ code: 'limit_too_small', message, retryAfterSeconds: undefined })
})

test.each([0, 100])('a request that is larger than a limit of %d tokens is told how large both are', async (max) => {
  const message = `This request needs about 168 tokens, and the limit is ${max} tokens in a day`
  expect(await refusal('tokens', max)).toEqual({ code: 'limit_too_small', message, retryAfterSeconds: undefined })
})
