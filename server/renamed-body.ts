import type { Body } from '../core/body.ts'
import { asList, asObject, type Json, type JsonObject } from '../core/json.ts'
import type { Planned } from './exchange.ts'
import { parseBody } from './parse-body.ts'

/**
 * The client's body with the vendor's name of the model. Only Gemini's embeddings and counts need it: they repeat the model that stands in the
 * path, and the vendor refuses another one. Everywhere else the body comes back as it is.
 */
export function renamedBody({ endpoint, operation, fields, parsed, body }: Planned, model: string): Body {
  if (endpoint.wire !== 'gemini' || operation === 'chat' || fields.model === model) return body
  // A large count repeats its model as good as never, and to parse it would hold up everybody else.
  const json = operation === 'embeddings' ? (parsed ?? parseBody(body)) : parsed
  if (json === undefined) return body
  const bytes = encoder.encode(JSON.stringify(withModel(json, `models/${model}`)))
  return { chunks: [bytes], bytes: bytes.length }
}

const withModel = (json: JsonObject, model: string): JsonObject =>
  Object.fromEntries(Object.entries(json).map(([key, value]) => [key, valueWith(key, value, model)]))

/** A list that is no list, or a request that is none, is the vendor's to refuse. */
function valueWith(key: string, value: Json, model: string): Json {
  if (key === 'model') return model
  if (!NESTED.has(key)) return value
  const inner = (entry: Json): Json => {
    const fields = asObject(entry)
    return fields === undefined ? entry : withModel(fields, model)
  }
  return asList(value)?.map(inner) ?? inner(value)
}

const NESTED: ReadonlySet<string> = new Set(['requests', 'generateContentRequest', 'generate_content_request'])
const encoder = new TextEncoder()
