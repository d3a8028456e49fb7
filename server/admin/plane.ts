import type { IncomingMessage, ServerResponse } from 'node:http'
import { Fault } from '../../core/fault.ts'
import { faultAnswer, securityHeaders } from './fault-answer.ts'
import { foreignFault } from './foreign-fault.ts'
import { guard, type Reach } from './guard.ts'
import { checkServed, servedActions, type Views } from './index.ts'
import type { ServeWorld } from './serve.ts'

export interface PlaneWorld extends ServeWorld {
  /** A new request id. */
  readonly newId: () => string
  readonly views: Views
  readonly reach: Reach
}

/**
 * The control plane behind the shared listener, for every path that the data plane does not have. What needs a framework is
 * loaded with the first request to `/api`, so that a gateway which only relays does not carry it. Throws at once when an action
 * has no permission or no body: such a gateway must not start.
 */
export function adminPlane(world: PlaneWorld): (request: IncomingMessage, response: ServerResponse) => void {
  const served = servedActions(world.views)
  checkServed(served)
  /** The framework once it was asked for; a failed start is tried again with the next request. */
  const app: { ready: Promise<(request: IncomingMessage, response: ServerResponse) => void> | undefined } = {
    ready: undefined,
  }
  const start = async () => {
    const { openApp } = await import('./app.ts')
    return openApp(served, world)
  }

  return (request, response) => {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
    const refused = guard(request, world.reach) ?? elsewhere(request)
    if (refused !== undefined) return refuse(response, refused, world)
    app.ready ??= start()
    app.ready.then(
      (handle) => handle(request, response),
      (error: unknown) => {
        app.ready = undefined
        refuse(response, foreignFault(error), world)
      },
    )
  }
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
