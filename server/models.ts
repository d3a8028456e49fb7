import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WireId } from '../core/chat.ts'
import { Fault, faultOf } from '../core/fault.ts'
import type { KeyRecord } from '../core/key-record.ts'
import { mayUse } from '../core/key-rules.ts'
import { ANTHROPIC_PREFIXES, GEMINI_PREFIXES, OPENAI_PREFIXES } from './endpoints.ts'
import { keyInQuery, principalOf } from './hops/identify.ts'
import { refuse } from './refuse.ts'
import { FIXED_HEADERS } from './response-headers.ts'
import type { ModelListing } from './snapshot.ts'
import type { World } from './world.ts'

/** What a path asks of the models, and in whose form the path alone says. */
export interface ModelsAsked {
  readonly wire: WireId
  /** Absent: the list. */
  readonly id: string | undefined
}

/** Reads `.../models` and `.../models/{id}` under each vendor's prefix; an id may hold slashes. */
export function modelsAsked(path: string): ModelsAsked | undefined {
  for (const { wire, prefix } of PREFIXES) {
    if (!path.startsWith(prefix)) continue
    if (path.length === prefix.length) return { wire, id: undefined }
    if (path[prefix.length] === '/' && path.length > prefix.length + 1)
      return { wire, id: path.slice(prefix.length + 1) }
  }
  return undefined
}

/** Answers with the list or one model: only what the key may use, in the form that the client reads. */
export function answerModels(
  request: IncomingMessage,
  response: ServerResponse,
  { wire: wireOfPath, id, world }: ModelsAsked & { readonly world: World },
): void {
  const wire = request.headers['anthropic-version'] === undefined ? wireOfPath : 'anthropic'
  const form = FORMS[wire]
  answer({ request, response, world, wire }, (key) => {
    if (id === undefined) return form.list(allowedModels(key, world))
    const name = decoded(id)
    const model = findModel(name, key, world)
    if (model === undefined)
      throw new Fault('model_not_found', `The model '${name}' does not exist`, { field: 'model' })
    return form.one(model)
  })
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly world: World
  readonly wire: WireId
}

function answer({ request, response, world, wire }: Exchange, make: (key: KeyRecord) => object): void {
  const requestId = world.newId()
  try {
    const query = wire === 'gemini' ? keyInQuery(request.url ?? '') : undefined
    const body = JSON.stringify(make(principalOf(request, world, query)))
    const length = String(Buffer.byteLength(body))
    const headers = ['content-type', 'application/json', 'content-length', length, ...FIXED_HEADERS]
    response.writeHead(200, [...headers, 'x-request-id', requestId, 'x-sekisho-request-id', requestId])
    response.end(body)
  } catch (error) {
    const fault = faultOf(error)
    world.metrics.refused(fault.code)
    refuse(response, fault, { requestId, wire })
  }
}

const PREFIXES: readonly { readonly wire: WireId; readonly prefix: string }[] = [
  ...OPENAI_PREFIXES.map((prefix) => ({ wire: 'openai-chat' as const, prefix: `${prefix}/models` })),
  ...ANTHROPIC_PREFIXES.map((prefix) => ({ wire: 'anthropic' as const, prefix: `${prefix}/models` })),
  ...GEMINI_PREFIXES.map((prefix) => ({ wire: 'gemini' as const, prefix: `${prefix}/models` })),
]

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

const geminiModel = (model: ModelListing) => ({
  name: `models/${model.id}`,
  version: '',
  displayName: model.id,
  // What nobody knows is left out: a client would take 0 for a limit.
  ...(model.contextTokens === null ? {} : { inputTokenLimit: model.contextTokens }),
  ...(model.outputTokensMax === null ? {} : { outputTokenLimit: model.outputTokensMax }),
  supportedGenerationMethods: model.route.targets.some(({ operations }) => operations.includes('chat'))
    ? ['generateContent', 'countTokens']
    : ['embedContent'],
})

interface Form {
  readonly list: (models: readonly ModelListing[]) => object
  readonly one: (model: ModelListing) => object
}

const OPENAI: Form = { list: (models) => ({ object: 'list', data: models.map(openAiModel) }), one: openAiModel }

const FORMS: { readonly [wire in WireId]: Form } = {
  'openai-chat': OPENAI,
  'openai-responses': OPENAI,
  anthropic: { list: anthropicList, one: anthropicModel },
  gemini: { list: (models) => ({ models: models.map(geminiModel) }), one: geminiModel },
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
