import { type Fault, faultOf } from '../core/fault.ts'
import { Account } from './account.ts'
import { isCountedHere, sendCount } from './count.ts'
import type { Inbound } from './exchange.ts'
import { admit } from './hops/admit.ts'
import { ask } from './hops/ask.ts'
import { call } from './hops/call.ts'
import { choose } from './hops/choose.ts'
import { claim } from './hops/claim.ts'
import { identify } from './hops/identify.ts'
import { send } from './hops/send.ts'
import { refuse } from './refuse.ts'
import type { World } from './world.ts'

/** The whole life of a request, top to bottom. Read this file first. */
export async function serve(inbound: Inbound, world: World): Promise<void> {
  const account = new Account(world, inbound)
  try {
    const known = identify(inbound, world)
    const asked = await ask(known, world, account) // waits for the body, which nobody reads before the key is known
    const claimed = claim(asked, world, account)
    if (claimed !== undefined && (await claimed) === 'answered') return // what its first time was answered
    account.ownSince = world.clock.monotonic()
    const verdict = admit(asked, world, account)
    const admitted = verdict instanceof Promise ? await verdict : verdict
    const planned = choose(admitted, world)
    if (isCountedHere(planned)) return await sendCount(planned, world, account)
    const answered = await call(planned, world, account) // the answer has opened; nothing was promised before
    send(answered, world, account) // from here on plain calls: no promise for a chunk
  } catch (error) {
    // Before the answer: whoever reads it may ask again at once.
    if (account.claim !== undefined) await account.endClaim()
    end(inbound, faultOf(error), { world, account })
  }
}

/** The end of a request that never got an answer: the refusal in the client's form, and everything given back. */
function end(
  { response, operation }: Inbound,
  fault: Fault,
  { world, account }: { world: World; account: Account },
): void {
  if (fault.code === 'internal') {
    const cause = fault.cause instanceof Error ? (fault.cause.stack ?? fault.cause.message) : null
    world.log.error({ requestId: account.requestId, operation, cause }, 'request failed inside the gateway')
  }
  world.metrics.refused(fault.code)
  account.run?.abandon(fault)
  refuse(response, fault, account)
  account.close(account.left ? 499 : fault.status)
}
