import type { IncomingMessage, ServerResponse } from 'node:http'
import { Fault, faultOf } from '../core/fault.ts'
import type { KeyRecord } from '../core/key-record.ts'
import { allows } from '../core/model-pattern.ts'
import type { Route } from '../core/route.ts'
import { principalOf } from './hops/identify.ts'
import { refuse } from './refuse.ts'
import { FIXED_HEADERS } from './response-headers.ts'
import type { ModelListing } from './snapshot.ts'
import type { World } from './world.ts'

/** `GET /v1/models`: only what the key may use, in Anthropic's form for a client that names its version. */
export function listModels(request: IncomingMessage, response: ServerResponse, world: World): void {
  answer({ request, response, world }, (key) => {
    const models = allowedModels(key, world)
    return isAnthropic(request) ? anthropicList(models) : { object: 'list', data: models.map(openAiModel) }
  })
}

/** `GET /v1/models/{id}`, by every name that a request may use; a model that the key may not use does not exist for it. */
export function showModel(
  request: IncomingMessage,
  response: ServerResponse,
  { id, world }: { readonly id: string; readonly world: World },
): void {
  answer({ request, response, world }, (key) => {
    const name = decoded(id)
    const model = findModel(name, key, world)
    if (model === undefined)
      throw new Fault('model_not_found', `The model '${name}' does not exist`, { field: 'model' })
    return isAnthropic(request) ? anthropicModel(model) : openAiModel(model)
  })
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly world: World
}

function answer({ request, response, world }: Exchange, make: (key: KeyRecord) => object): void {
  const requestId = world.newId()
  try {
    const body = JSON.stringify(make(principalOf(request.headers, world)))
    const length = String(Buffer.byteLength(body))
    const headers = ['content-type', 'application/json', 'content-length', length, ...FIXED_HEADERS]
    response.writeHead(200, [...headers, 'x-request-id', requestId, 'x-sekisho-request-id', requestId])
    response.end(body)
  } catch (error) {
    const fault = faultOf(error)
    world.metrics.refused(fault.code)
    refuse(response, fault, { requestId })
  }
}

function allowedModels(key: KeyRecord, world: World): readonly ModelListing[] {
  return world.snapshot().models.filter(({ id, route }) => mayUse(key, id, route))
}

/** The list has each model once; it also goes by `provider/model` and by other names of its vendor. */
function findModel(name: string, key: KeyRecord, world: World): ModelListing | undefined {
  const { models, routes } = world.snapshot()
  const route = routes.get(name)
  if (route === undefined || !mayUse(key, name, route)) return undefined
  const listed = models.find(({ id }) => id === name)
  if (listed !== undefined) return listed
  const [target] = route.targets
  const same = models.find((model) => model.route.targets.length === 1 && model.route.targets[0]?.id === target?.id)
  const unknown = { created: 0, contextTokens: null, outputTokensMax: null }
  return { ...unknown, ...same, ownedBy: target?.provider.name ?? 'sekisho', id: name, route }
}

const mayUse = ({ models }: KeyRecord, name: string, route: Route): boolean =>
  models === null || allows(models, name) || route.targets.some(({ id }) => allows(models, id))

const isAnthropic = (request: IncomingMessage): boolean => request.headers['anthropic-version'] !== undefined

const openAiModel = (model: ModelListing) => ({
  id: model.id,
  object: 'model',
  created: model.created,
  owned_by: model.ownedBy,
})

const anthropicModel = (model: ModelListing) => ({
  type: 'model',
  id: model.id,
  display_name: model.id,
  created_at: new Date(model.created * 1_000).toISOString(),
  max_input_tokens: model.contextTokens,
  max_tokens: model.outputTokensMax,
})

const anthropicList = (models: readonly ModelListing[]) => ({
  data: models.map(anthropicModel),
  has_more: false,
  first_id: models[0]?.id ?? null,
  last_id: models.at(-1)?.id ?? null,
})

function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
