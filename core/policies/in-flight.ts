import { Fault } from '../fault.ts'
import type { Policy, Ticket } from '../policy.ts'

/** Bounds how many requests this process holds at once, whatever they wait for: memory and descriptors are finite. */
export function inFlight(maxOf: () => number): Policy<unknown> & { readonly count: () => number } {
  let open = 0
  const pass: Ticket = {
    verdict: 'pass',
    settle: () => {
      open--
    },
  }
  return {
    name: 'in-flight',
    count: () => open,
    look() {
      if (open >= maxOf()) return { verdict: 'deny', fault: overloaded() }
      open++
      return pass
    },
  }
}

const overloaded = () =>
  new Fault('overloaded', 'The gateway is at its limit of open requests', { retryAfterSeconds: 1 })
