import { Fault } from '../../core/fault.ts'
import { openGates } from '../world/gates.ts'

/** Runs work when it is its turn; rejects with 503 when that would take too long. */
export type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>

/** Fewer actions at once than the database has connections for us, so that the key ring never waits behind slow reports. */
export function openTurns({ inFlightMax = 4, queueMax = 500 } = {}): InTurn {
  const gate = openGates()('admin')
  return async (work) => {
    const leave = await entered()
    try {
      return await work()
    } finally {
      leave()
    }
  }

  async function entered() {
    try {
      return await gate.enter({ inFlightMax, queueMax, waitMs: 10_000 }, () => undefined)
    } catch (error) {
      throw new Fault('overloaded', 'Too many actions at once; try again soon', { cause: error, retryAfterSeconds: 2 })
    }
  }
}
