import type { Nano } from '../money.ts'

/** A request that is under way. */
export interface OpenRequest {
  /** What it keeps of the budget now. */
  readonly reservedNano: Nano
  /** The most that it may still book from now on, over all attempts that it has left. */
  readonly worstNano: Nano
}

/**
 * By how much a budget's spend can at most pass its amount: at every moment
 *
 *     spend <= amount + overshootBound(the requests that were open when the budget last admitted or raised one)
 *
 * so never by more than the largest sum, over requests that run at the same time, of (worst case - reserved).
 *
 * Proof. Look at an enforced budget at any moment, and at the last moment before it, T, at which `reserveAll` admitted a request that costs something or
 * `raise` gave one more.
 *
 * 1. Both look at the room and take from it in one turn, and only when it is enough. So right after T, spend + reserved <= amount, where `reserved` is the
 *    sum of what the open requests keep.
 * 2. Since T nothing was taken from the room any more. Spend grew only by what the requests open at T have booked: a request that came later was not
 *    admitted to the room, so it is one that costs nothing.
 * 3. Each request open at T has booked at most its worst case since. Beyond what it kept at T that is at most max(0, worst - reserved). The part that it
 *    kept stood in the sum of 1 already.
 * 4. Added up: spend <= (spend + reserved at T) + sum of max(0, worst - reserved) <= amount + bound.
 *
 * Time only helps: when a period ends, or a step leaves a rolling window, spend falls and what requests keep stays. Before there is any T, nothing but
 * models of price zero has run, and nothing is spent that was not loaded.
 *
 * It holds for what it is told: amounts are as large as they were at T (lowering one does not undo what is spent), "worst" is as bad as it can get (a
 * price that is unknown has no worst case but its ceiling), the rows that were loaded are complete, and the clock does not go back farther than `Budget`
 * holds the period, where the spend of two periods is joined. A budget in mode `observe` refuses nothing and has no bound. An attempt that is sent
 * although `raise` said no books within its request's worst case, and the bound holds, because worst counts every attempt that may still come; except for
 * a request that was let in because its model costs nothing and goes on with one that does: that one has to heed `raise`.
 */
export const overshootBound = (open: Iterable<OpenRequest>): Nano => {
  let bound = 0
  for (const { worstNano, reservedNano } of open) bound += Math.max(0, worstNano - reservedNano)
  return bound
}
