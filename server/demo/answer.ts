import { asText, type Json, type JsonObject } from '../../core/json.ts'
import { chat } from './chat.ts'
import { completions } from './completions.ts'
import { embeddings } from './embeddings.ts'
import { DEMO_CREATED, DEMO_MODELS, type DemoModel } from './models.ts'
import { badField, Refusal } from './refusal.ts'
import type { Reply } from './reply.ts'

/** What the demo vendor says to a request: the same request always gets the same answer. `id` names it. */
export function answerTo(path: string, body: JsonObject, id: string): Reply {
  switch (path) {
    case '/v1/chat/completions':
      return chat(body, modelFor(body, 'chat'), id)
    case '/v1/completions':
      return completions(body, modelFor(body, 'chat'), id)
    case '/v1/embeddings':
      return embeddings(body, modelFor(body, 'embedding'))
    default:
      throw unknownPath(path)
  }
}

/** The models, or one of them. */
export function modelList(path: string): Json {
  if (path === '/v1/models') return { object: 'list', data: DEMO_MODELS.map(modelBody) }
  const [, id] = /^\/v1\/models\/(.+)$/.exec(path) ?? []
  if (id === undefined) throw unknownPath(path)
  return modelBody(modelNamed(id))
}

const modelBody = ({ id }: DemoModel): Json => ({
  id,
  object: 'model',
  created: DEMO_CREATED,
  owned_by: 'sekisho-demo',
})

function modelFor(body: JsonObject, kind: DemoModel['kind']): DemoModel {
  const id = asText(body['model'])
  if (id === undefined) throw badField('model', "'model' must be given as text")
  const model = modelNamed(id)
  if (model.kind !== kind) throw badField('model', `The model '${id}' does not do this`)
  return model
}

function modelNamed(id: string): DemoModel {
  const model = DEMO_MODELS.find((one) => one.id === id)
  if (model !== undefined) return model
  throw new Refusal(404, `The model '${id}' does not exist`, { param: 'model', code: 'model_not_found' })
}

const unknownPath = (path: string): Refusal => new Refusal(404, `Unknown path: ${path}`, { code: 'unknown_url' })
