import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { Fault } from '../../core/fault.ts'
import { codeOf } from '../world/error-code.ts'
import { loadOnce } from '../world/load-once.ts'
import { faultAnswer, securityHeaders } from './fault-answer.ts'
import { foreignFault } from './foreign-fault.ts'
import { guard, type Reach } from './guard.ts'
import type { Views } from './index.ts'
import type { ServeWorld } from './serve.ts'

export interface PlaneWorld extends ServeWorld {
  /** A new request id. */
  readonly newId: () => string
  readonly views: Views
  readonly reach: Reach
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void

/**
 * The control plane behind the shared listener, for every path that the data plane does not have. What actions need (their
 * declarations and bodies, the framework, the query builder) is loaded with the first request to `/api`, so that a gateway which
 * only relays does not carry it. The list of actions is looked over then, as a whole and before any of them can be called: with one
 * that has no permission or no body, `/api` answers 500 to everybody, and the rest of the gateway works. Looking at each start would
 * prove no more, because the list is the same in every process of one version; a test proves it for the version.
 */
export function adminPlane(world: PlaneWorld, open: (world: PlaneWorld) => Promise<Handle> = openLoaded): Handle {
  const app = loadOnce(() => open(world))
  return (request, response) => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
    const refused = guard(request, world.reach) ?? elsewhere(request)
    if (refused !== undefined) return refuse(response, refused, world)
    app().then(
      (handle) => handle(request, response),
      (error: unknown) => {
        const reason = error instanceof Error ? error.message : 'unknown'
        world.log.error({ code: codeOf(error), reason }, 'the admin API cannot be opened')
        refuse(response, foreignFault(error), world)
      },
    )
  }
}

/** In three parts with a turn of the loop between them: what is relayed meanwhile waits for one of them, not for all. */
async function openLoaded(world: PlaneWorld): Promise<Handle> {
  await world.sql.queries()
  await turnOfLoop()
  const { openApp } = await import('./app.ts')
  await turnOfLoop()
  return openApp(world)
}

const elsewhere = ({ url = '/' }: IncomingMessage): Fault | undefined =>
  url.startsWith('/api/') ? undefined : new Fault('not_found', 'There is nothing here; the admin API begins at /api/')

function refuse(response: ServerResponse, fault: Fault, { newId, log }: PlaneWorld): void {
  const requestId = newId()
  log.info({ requestId, code: fault.code, reason: fault.reason }, 'refused')
  if (response.headersSent) {
    response.destroy()
    return
  }
  const { status, headers, body } = faultAnswer(fault, requestId)
  // A body that nobody will read is not taken for the next request.
  response.writeHead(status, response.req.complete ? headers : { ...headers, connection: 'close' }).end(body)
}
