import type { Fault } from '../fault.ts'
import type { Policy, Ticket } from '../policy.ts'

/** Takes a place at once, or stands in a bounded line for one. Resolves with what gives the place back; rejects when the line is full or the wait too long. */
export type Enter = (onWait: (cancel: (fault: Fault) => void) => void) => Promise<() => void> | (() => void)

/** Bounds how many requests this process works on at once, whatever they wait for: memory and descriptors are finite. */
export const inFlight = (enter: Enter): Policy<unknown> => ({
  name: 'in-flight',
  look(_request, onWait) {
    const entered = enter(onWait)
    return entered instanceof Promise ? entered.then(pass) : pass(entered)
  },
})

const pass = (settle: () => void): Ticket => ({ verdict: 'pass', settle })
