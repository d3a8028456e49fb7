import type { Server } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { Fault } from '../core/fault.ts'
import type { Clock } from '../core/world.ts'
import type { OpenRequests } from './open-requests.ts'

export interface DrainOptions {
  readonly server: Server
  readonly openRequests: OpenRequests
  readonly clock: Clock
  /** Longest time for running requests to end by themselves (milliseconds); what is left then is cut with an error in its stream. */
  readonly deadlineMs: () => number
}

/**
 * Lets what runs finish, and cuts what is left at the deadline. The port stays open as long as something runs: health is answered
 * and new requests are told to go elsewhere, where a closed port would look like a process to be killed. Resolves when all is closed.
 */
export async function drainRequests({ server, openRequests, clock, deadlineMs }: DrainOptions): Promise<void> {
  const running = async (limitMs: () => number): Promise<void> => {
    const from = clock.monotonic()
    while (openRequests.count > 0 && clock.monotonic() - from < limitMs()) await wait(DRAIN_STEP_MS)
  }
  await running(deadlineMs)
  openRequests.each((request) => request.cut(new Fault('draining', 'The gateway is shutting down')))
  await running(() => CUT_MS_MAX)
  server.close()
  server.closeAllConnections()
}

const DRAIN_STEP_MS = 20
/** Writing the last frames takes milliseconds; a client that reads nothing is not waited for. */
const CUT_MS_MAX = 2_000
