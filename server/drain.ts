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

/** Takes no new connection, lets what runs finish, and cuts what is left at the deadline. Resolves when nothing is open any more. */
export async function drainRequests({ server, openRequests, clock, deadlineMs }: DrainOptions): Promise<void> {
  const startedAt = clock.monotonic()
  server.close()
  while (openRequests.count > 0 && clock.monotonic() - startedAt < deadlineMs()) {
    server.closeIdleConnections()
    await wait(DRAIN_STEP_MS)
  }
  openRequests.each((request) => request.cut(new Fault('draining', 'The gateway is shutting down')))
  const cutAt = clock.monotonic()
  while (openRequests.count > 0 && clock.monotonic() - cutAt < CUT_MS_MAX) await wait(DRAIN_STEP_MS)
  server.closeAllConnections()
}

const DRAIN_STEP_MS = 20
/** Writing the last frames takes milliseconds; a client that reads nothing is not waited for. */
const CUT_MS_MAX = 2_000
