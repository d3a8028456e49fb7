import type { EmbedReply, EmbedRequest } from '../../embed.ts'
import { badField, Fields } from '../../fields.ts'
import { asList, asObject, type Json, type JsonObject } from '../../json.ts'
import { type Loss, Losses } from '../../loss.ts'
import { loseFields, ownField } from '../../own.ts'
import { notThisWire } from '../../upstream-fault.ts'
import { WIRE } from './kept.ts'
import { readUsage } from './usage.ts'

/** What `embedContent` (one text) or `batchEmbedContents` (several) asks, in either spelling of its fields. Throws `bad_request` with the path. */
export function readGeminiEmbed(
  json: JsonObject,
  { model, batch }: { readonly model: string; readonly batch: boolean },
): EmbedRequest {
  const body = new Fields(json, '')
  const requests = batch ? body.objects('requests') : [body]
  if (requests === undefined || requests.length === 0)
    throw badField('requests', 'must be a list with at least one request')
  const read = requests.map(readOne)
  const [first] = read
  return {
    model,
    inputs: read.map(({ text }) => text),
    ...(first?.dimensions === undefined ? {} : { dimensions: first.dimensions }),
    encoding: 'float',
    ...ownField(WIRE, first?.rest ?? {}),
  }
}

/** The body for a vendor of this wire, always as a batch, and what it cannot say. Throws `bad_request` for token ids, which only the model's own vendor can read. */
export function writeGeminiEmbed(
  { inputs, dimensions, user, own }: EmbedRequest,
  model: string,
): { readonly body: JsonObject; readonly losses: readonly Loss[] } {
  const losses = new Losses()
  if (user !== undefined) losses.add({ field: 'user', what: 'dropped', why: 'Gemini takes no end user for embeddings' })
  loseFields(own, WIRE, { path: '', losses })
  const requests = inputs.map((input, index) => ({
    model: `models/${model}`,
    content: { parts: [{ text: textOf(input, index) }] },
    ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
  }))
  return { body: { requests }, losses: losses.list() }
}

/** A vendor's vectors, of one text or several. Throws `upstream_error`. */
export function readGeminiVectors(body: JsonObject): EmbedReply {
  const single = asObject(body['embedding'])
  const entries = single === undefined ? asList(body['embeddings']) : [single]
  if (entries === undefined || entries.length === 0) throw notThisWire('broken_reply')
  const usage = readUsage(body['usageMetadata'], 0)
  return { model: '', vectors: entries.map(readVector), ...(usage === undefined ? {} : { usage }) }
}

/** The reply in the form of the method that was asked. */
export function writeGeminiVectors({ vectors }: EmbedReply, { batch }: { readonly batch: boolean }): JsonObject {
  const embeddings = vectors.map((vector) => ({ values: Array.from(vector) }))
  return batch ? { embeddings } : { embedding: embeddings[0] ?? { values: [] } }
}

function readOne(request: Fields) {
  const content = request.objectNeeded('content')
  const texts = (content.objects('parts') ?? []).map((part) => part.textNeeded('text'))
  if (texts.length === 0) throw badField(content.path('parts'), 'must be a list with at least one text')
  const dimensions = request.count('outputDimensionality') ?? request.count('output_dimensionality')
  request.any('model')
  return { text: texts.join('\n'), dimensions, rest: request.rest() }
}

function textOf(input: string | readonly number[], index: number): string {
  if (typeof input === 'string') return input
  throw badField(`input[${index}]`, 'must be text: this model is served by a provider that takes no token ids')
}

function readVector(entry: Json): Float32Array {
  const values = asList(asObject(entry)?.['values'])
  if (values === undefined || values.length === 0) throw notThisWire('broken_reply')
  return Float32Array.from(values, (value) => {
    if (typeof value !== 'number') throw notThisWire('broken_reply')
    return value
  })
}
