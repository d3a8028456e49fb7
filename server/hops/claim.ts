import { badField } from '../../core/fields.ts'
import { Fault } from '../../core/fault.ts'
import type { Account } from '../account.ts'
import type { Asked } from '../exchange.ts'
import { fingerprintOf } from '../fingerprint.ts'
import { replay } from '../replay.ts'
import type { World } from '../world.ts'

/**
 * Between hops 3 and 4: was it asked before. A request with an `Idempotency-Key` takes that key before anything is sent, or is answered with what
 * its first time was answered (reliability 3.5). Without the header nothing happens: `undefined`.
 */
export function claim(asked: Asked, world: World, account: Account): Promise<'taken' | 'answered'> | undefined {
  const value = asked.request.headers[HEADER]
  return value === undefined ? undefined : claimFor(asked, String(value), { world, account })
}

async function claimFor(
  asked: Asked,
  value: string,
  { world, account }: { readonly world: World; readonly account: Account },
): Promise<'taken' | 'answered'> {
  if (!VALUE.test(value)) throw badField(HEADER, 'must be 1 to 255 printable ASCII characters')
  const claimed = await world.idempotency.claim({
    keyId: asked.key.id,
    organisationId: asked.key.owner.organisationId,
    value,
    fingerprint: await fingerprintOf(asked, value),
    requestId: account.requestId,
    leaseMs: leaseMsOf(asked),
  })
  switch (claimed.kind) {
    case 'claimed':
      account.claim = claimed.claim
      account.hold(() => void account.endClaim())
      if (account.left) throw new Fault('client_gone', 'The client left', { reason: 'client_left' })
      return 'taken'
    case 'kept':
      replay(asked, claimed.answer, account)
      return 'answered'
    case 'in_progress':
      throw new Fault('idempotency_in_progress', 'A request with this Idempotency-Key is still under way', {
        retryAfterSeconds: 1,
      })
    case 'mismatch':
      throw new Fault('idempotency_mismatch', 'This Idempotency-Key was used for another request', { field: HEADER })
    case 'not_replayable':
      throw new Fault(
        'idempotency_not_replayable',
        'A request with this Idempotency-Key was made already, and its answer is not kept; it may have been charged',
      )
  }
}

const HEADER = 'idempotency-key'
const VALUE = /^[\x20-\x7e]{1,255}$/

/** The longest time that an attempt may take here, and a minute for what comes before and behind it. */
function leaseMsOf({ snapshot }: Asked): number {
  const { timeouts } = snapshot.config
  return Math.max(timeouts.totalMs, ...[...snapshot.providers.values()].map((one) => one.timeouts.totalMs)) + 60_000
}
