import type { Account } from '../account.ts'
import type { Admitted, Asked } from '../exchange.ts'
import type { World } from '../world.ts'

/** Hop 4: may it go on. Every policy looks once, in the order of the list; the first that denies ends it. */
export function admit(asked: Asked, world: World, account: Account): Admitted {
  for (const policy of world.policies) {
    const ticket = policy.look(asked)
    if (ticket.verdict === 'deny') throw ticket.fault
    // Held at once: a request that a later policy denies must still give back what earlier ones reserved.
    if (ticket.settle !== undefined) account.hold(ticket.settle)
  }
  return { ...asked, admitted: true }
}
