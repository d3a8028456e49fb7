import type { IncomingMessage, ServerResponse } from 'node:http'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { fromTexts, inputFields } from '../../core/admin/input-fields.ts'
import { Fault } from '../../core/fault.ts'
import { asObject, type Json } from '../../core/json.ts'
import { codeOf } from '../world/error-code.ts'
import { faultAnswer } from './fault-answer.ts'
import { foreignFault } from './foreign-fault.ts'
import { plainAddress } from './guard.ts'
import { checkServed, servedActions } from './index.ts'
import { addOpenApi, documented } from './openapi.ts'
import { proveCaller } from './permission.ts'
import { inPath, pathNames } from './path.ts'
import type { PlaneWorld } from './plane.ts'
import { sendPieces } from './send-pieces.ts'
import { perform, performStream } from './serve.ts'
import type { Caller, Fields, Pieces, Served } from './served.ts'
import { type InTurn, openTurns } from './turns.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set once the permission of the action was proven, before the body is read. */
    caller: Caller | undefined
  }
}

/**
 * The admin API as a Fastify application that listens nowhere: it is handed requests of the shared listener. Either every action
 * in `all` can be served as it was declared, or this rejects and there is no application.
 */
export async function openApp(
  world: PlaneWorld,
  all: readonly Served[] = servedActions(world.views),
): Promise<(request: IncomingMessage, response: ServerResponse) => void> {
  checkServed(all)
  const app = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    genReqId: () => world.newId(),
    requestIdHeader: false,
    trustProxy: false,
    exposeHeadRoutes: false,
    frameworkErrors: (error, request, reply) => refuse(error, { request, reply, world }),
  })
  app.removeContentTypeParser('text/plain')
  app.decorateRequest('caller', undefined)
  // Input and output are read once, by the action's own schemas; here they only document.
  app.setValidatorCompiler(() => (value: unknown) => ({ value }))
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  app.setErrorHandler((error, request, reply) => refuse(error, { request, reply, world }))
  app.setNotFoundHandler((request, reply) => refuse(nowhere(request, reply, all), { request, reply, world }))
  await addOpenApi(app)
  const turns = { inTurn: openTurns(), inTurnOfStreams: openTurns({ inFlightMax: 2, queueMax: 10 }) }
  for (const served of all) addRoute(app, { served, world, ...turns })
  await app.ready()
  return (request, response) => app.routing(request, response)
}

const BODY_BYTES_MAX = 65_536

interface RouteParts {
  readonly served: Served
  readonly world: PlaneWorld
  readonly inTurn: InTurn
  readonly inTurnOfStreams: InTurn
}

function addRoute(app: FastifyInstance, { served, world, inTurn, inTurnOfStreams }: RouteParts): void {
  const { action } = served
  const fields = inputFields(action.input)
  const names = pathNames(action.path)
  app.route({
    method: action.method,
    url: `/api${action.path}`,
    schema: documented(action),
    onRequest: async (request) => {
      const access = await inTurn(async () => {
        const look = { sql: await world.sql.queries(), now: new Date(world.clock.now()) }
        return proveCaller(action.permission, bearerOf(request), look)
      })
      request.caller = { access, ip: plainAddress(request.raw.socket.remoteAddress), requestId: request.id }
    },
    handler: async (request, reply) => {
      const { caller } = request
      if (caller === undefined) throw new Fault('internal', 'The caller is not known')
      const given = action.method === 'GET' ? fromTexts(fields, textsOf(request.query)) : bodyOf(request)
      const twice = names.find((name) => Object.hasOwn(given, name))
      if (twice !== undefined) throw new Fault('bad_request', `'${twice}' is given by the path`, { field: twice })
      const params = Object.fromEntries(textsOf(request.params))
      const input = { ...given, ...params }
      if (action.streams === true) {
        const send = (answer: Pieces) => sendPieces(reply, answer)
        await inTurnOfStreams(() => performStream(served, input, { caller, world, send })).catch((error: unknown) => {
          if (!reply.sent) throw error
          world.log.warn({ requestId: request.id, action: action.name, code: codeOf(error) }, 'an answer broke off')
        })
        return reply
      }
      const output = await inTurn(() => perform(served, input, caller, world))
      return reply
        .header('content-type', 'application/json; charset=utf-8')
        .header('x-sekisho-request-id', request.id)
        .send(output)
    },
  })
}

/** The service token or setup token, or an empty text, which is nobody's. */
const bearerOf = ({ headers }: FastifyRequest): string =>
  /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''

/** A query or the parts of a path as pairs of texts; a name given twice comes as two pairs. */
function textsOf(parsed: unknown): readonly (readonly [string, string])[] {
  if (typeof parsed !== 'object' || parsed === null) return []
  return Object.entries(parsed).flatMap(([name, value]) =>
    [value].flat().map((text): [string, string] => [name, String(text)]),
  )
}

/** The body as the framework parsed it: JSON, or nothing at all. */
function bodyOf({ body, headers }: FastifyRequest): Fields {
  // Where a body is documented the framework says null for none; `null` that was sent is something else.
  const isSent = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  if (body === undefined || (body === null && !isSent)) return {}
  // The only parser there is left reads JSON.
  const fields = asObject(body as Json)
  if (fields === undefined) throw new Fault('bad_request', 'The body must be a JSON object')
  return fields
}

function nowhere(request: FastifyRequest, reply: FastifyReply, all: readonly Served[]): Fault {
  const path = request.url.split('?', 1)[0] ?? ''
  const allowed = all.filter(({ action }) => inPath(`/api${action.path}`, path)).map(({ action }) => action.method)
  if (allowed.length === 0) return new Fault('not_found', 'There is no such action; /api/openapi.json lists them')
  reply.header('allow', allowed.join(', '))
  return new Fault('method_not_allowed', `Use ${allowed.join(' or ')} here`)
}

interface Refused {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly world: PlaneWorld
}

function refuse(error: unknown, { request, reply, world }: Refused): void {
  const fault = foreignFault(error)
  const line = {
    requestId: request.id,
    code: fault.code,
    reason: fault.reason,
    ip: plainAddress(request.raw.socket.remoteAddress),
  }
  if (fault.status < 500) world.log.info(line, 'refused')
  else world.log.error({ ...line, cause: codeOf(fault.cause), at: placeOf(fault.cause) }, 'an action failed')
  const { status, headers, body } = faultAnswer(fault, request.id)
  if (!request.raw.complete) reply.header('connection', 'close')
  void reply.code(status).headers(headers).serializer(String).send(body)
}

/** The first line of our own in a stack: it tells where without what, because messages may quote data. */
const placeOf = (error: unknown): string | undefined =>
  error instanceof Error ? /^\s*at (?!.*node_modules)(.*)$/m.exec(error.stack ?? '')?.[1]?.slice(-160) : undefined
