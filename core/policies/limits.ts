import { Fault } from '../fault.ts'
import { admitAll, type Refused } from '../limits/limits.ts'
import type { Meter } from '../limits/meter.ts'
import type { Policy, Ticket } from '../policy.ts'

/** What the policy asks about a request. */
export interface LimitPorts<Request> {
  /** What counts for it, on every level; each meter once. The same list stays as it is while a request holds it. */
  readonly meters: (request: Request) => readonly Meter[]
  /** How many tokens it is expected to use, prompt and answer together. */
  readonly tokens: (request: Request) => number
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/**
 * Holds requests to their limits: all of them, or it is refused and nothing is counted. Tokens are reserved by an estimate and settled with the
 * truth. A request that asks for more tokens than the whole limit is never let through, and told so.
 */
export const limits = <Request>({ meters, tokens, now }: LimitPorts<Request>): Policy<Request> => ({
  name: 'limits',
  look(request): Ticket {
    const counting = meters(request)
    if (counting.length === 0) return PASS
    const expected = tokens(request)
    const held = admitAll(counting, { tokens: expected }, now())
    if (held.verdict === 'deny') return { verdict: 'deny', fault: refusal(held, expected), meters: counting }
    return { verdict: 'pass', settle: ({ tokens: used }) => held.settle(used, now()), meters: counting }
  },
})

const PASS: Ticket = { verdict: 'pass' }

function refusal({ rule, retryAfterSeconds }: Refused, expected: number): Fault {
  const { measure, max } = rule
  const what = measure === 'concurrent' ? `${max} requests at once` : `${max} ${measure} in ${spanOf(rule.windowMs)}`
  if (retryAfterSeconds === undefined) {
    // A limit that counts requests is too small for one only when it is 0: how large the request is has no part in that.
    const message =
      measure === 'tokens'
        ? `This request needs about ${Math.ceil(expected)} tokens, and the limit is ${what}`
        : `The limit is ${what}`
    return new Fault('limit_too_small', message, { reason: rule.id })
  }
  return new Fault('rate_limited', `The limit of ${what} is reached`, { retryAfterSeconds, reason: rule.id })
}

/** As people say it. */
const spanOf = (windowMs: number): string => SPANS[windowMs] ?? `${windowMs / 1_000} seconds`
const SPANS: { readonly [ms: number]: string } = {
  1_000: 'a second',
  60_000: 'a minute',
  3_600_000: 'an hour',
  86_400_000: 'a day',
}
