import { Fault } from '../../fault.ts'

/** What a vendor sent cannot be read as this wire. */
export const notOurWire = (): Fault =>
  new Fault('upstream_error', 'The provider answered with something that is not its wire', { reason: 'broken_reply' })
