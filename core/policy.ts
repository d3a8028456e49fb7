import type { Fault } from './fault.ts'
import type { Booking, BudgetStep } from './attempt.ts'
import type { Meter } from './limits/meter.ts'
import type { Nano } from './money.ts'

/** What a policy decided about one request, what it wants back when the request is over, and which limits the client is told of. */
export type Ticket =
  | {
      readonly verdict: 'pass'
      readonly settle?: (spent: Spent) => void
      readonly meters?: readonly Meter[]
      readonly purse?: Purse
    }
  | { readonly verdict: 'deny'; readonly fault: Fault; readonly meters?: readonly Meter[] }

/** What a request used in the end, over all its attempts. */
export interface Spent {
  /** Prompt and answer together; `null` when an attempt may have used some and nobody knows how many. */
  readonly tokens: number | null
}

/** One rule about requests. It looks once, waits only where it says so, and is settled exactly once if it passed. */
export interface Policy<Request> {
  readonly name: string
  /** `onWait` is told how to end the wait when the client leaves; it is called only by a policy that waits. */
  look(request: Request, onWait: (cancel: (fault: Fault) => void) => void): Ticket | Promise<Ticket>
}

/** The budgets that pay for one request, while it runs. */
export interface Purse {
  /** What an attempt that is begun now would be booked on. */
  readonly steps: () => readonly BudgetStep[]
  /** Books what an attempt cost, once for each; `null`: nobody knows, so it counts as what is kept for it. Tells what was booked where. */
  readonly book: (costNano: Nano | null) => readonly Booking[]
}
