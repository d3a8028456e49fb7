import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifySchema } from 'fastify'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'
import * as z from 'zod'
import type { Action } from '../../core/action.ts'
import { pathNames } from './path.ts'

/** Collects the declarations of every route that is added afterwards, and serves them. No secret is in them, so nobody is asked for one. */
export async function addOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sekisho admin API',
        version: '1',
        description: 'What an operator can do. Each action is a command of `sekisho` too.',
      },
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'A service token (svc_...); for the first administrator the setup token (setup_...)',
          },
        },
      },
    },
    transform: jsonSchemaTransform,
  })
  app.get('/api/openapi.json', { schema: { hide: true } }, (_, reply) =>
    reply.header('content-type', 'application/json; charset=utf-8').send(app.swagger()),
  )
}

/** What the document says about an action. */
export function documented({ name, summary, path, method, input, output, streams }: Action): FastifySchema {
  const [tag = name] = name.split('.')
  const { params, rest } = split(input, pathNames(path))
  return {
    operationId: name,
    summary,
    tags: [tag],
    security: [{ bearer: [] }],
    ...(params === undefined ? {} : { params }),
    ...(rest === undefined ? {} : method === 'GET' ? { querystring: rest } : { body: rest }),
    response: { 200: streams === true ? lines : described(output, 'Done'), default: described(faultSchema, 'Refused') },
  }
}

const described = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

const lines = {
  description: 'Lines as they are found; an answer that breaks off is not whole',
  content: { 'application/x-ndjson': { schema: z.string() }, 'text/csv': { schema: z.string() } },
}

const faultSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), field: z.string().optional(), requestId: z.string() }),
})

/** One input, as HTTP carries it: what stands in the path, and the rest. */
function split(
  input: z.ZodType,
  names: readonly string[],
): { params: z.ZodObject | undefined; rest: z.ZodObject | undefined } {
  if (!(input instanceof z.ZodObject)) throw new Error('the input of an action is an object')
  const fields = Object.entries(input.shape)
  const part = (wanted: (name: string) => boolean) => {
    const chosen = fields.filter(([name]) => wanted(name))
    return chosen.length === 0 ? undefined : z.strictObject(Object.fromEntries(chosen))
  }
  return { params: part((name) => names.includes(name)), rest: part((name) => !names.includes(name)) }
}
