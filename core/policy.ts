import type { Fault } from './fault.ts'

/** What a policy decided about one request, and what it wants back when the request is over. */
export type Ticket =
  | { readonly verdict: 'pass'; readonly settle?: () => void }
  | { readonly verdict: 'deny'; readonly fault: Fault }

/** One rule about requests. It looks once, waits only where it says so, and is settled exactly once if it passed. */
export interface Policy<Request> {
  readonly name: string
  /** `onWait` is told how to end the wait when the client leaves; it is called only by a policy that waits. */
  look(request: Request, onWait: (cancel: (fault: Fault) => void) => void): Ticket | Promise<Ticket>
}
