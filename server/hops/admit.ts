import type { Ticket } from '../../core/policy.ts'
import type { Account } from '../account.ts'
import type { Admitted, Asked } from '../exchange.ts'
import type { World } from '../world.ts'

/**
 * Hop 4: may it go on. Every policy looks once, in the order of the list; the first that denies ends it. A promise comes back only
 * where one of them really waits.
 */
export function admit(asked: Asked, world: World, account: Account): Admitted | Promise<Admitted> {
  let index = 0
  for (const policy of world.policies) {
    const ticket = policy.look(asked, (cancel) => account.onInterrupt(cancel))
    if (ticket instanceof Promise) return admitWaiting(asked, { ticket, index, world, account })
    index++
    hold(ticket, account)
  }
  return { ...asked, admitted: true }
}

/** The rest of the list once something waits. */
async function admitWaiting(
  asked: Asked,
  from: { readonly ticket: Promise<Ticket>; readonly index: number; readonly world: World; readonly account: Account },
): Promise<Admitted> {
  const { world, account } = from
  const since = world.clock.monotonic()
  hold(await from.ticket, account)
  account.waited(since)
  for (const policy of world.policies.slice(from.index + 1)) {
    hold(await policy.look(asked, (cancel) => account.onInterrupt(cancel)), account)
  }
  return { ...asked, admitted: true }
}

/** Held at once: a request that a later policy denies must still give back what earlier ones reserved. */
function hold(ticket: Ticket, account: Account): void {
  if (ticket.meters !== undefined) account.meters = ticket.meters
  if (ticket.verdict === 'deny') throw ticket.fault
  if (ticket.purse !== undefined) account.purse = ticket.purse
  if (ticket.settle !== undefined) account.hold(ticket.settle)
}
