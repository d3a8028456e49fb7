import type { Fault } from './fault.ts'

/** What a policy decided about one request, and what it wants back when the request is over. */
export type Ticket =
  | { readonly verdict: 'pass'; readonly settle?: () => void }
  | { readonly verdict: 'deny'; readonly fault: Fault }

/** One rule about requests. It looks once, answers at once, and is settled exactly once if it passed. */
export interface Policy<Request> {
  readonly name: string
  look(request: Request): Ticket
}
