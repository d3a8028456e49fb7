import type { EmbedReply, EmbedRequest } from '../../embed.ts'
import { badField, Fields } from '../../fields.ts'
import { filled, without } from '../../json-object.ts'
import { asCount, asList, asObject, asText, type Json, type JsonObject } from '../../json.ts'
import { type Loss, Losses } from '../../loss.ts'
import { isSpelt, loseFields, ownFields } from '../../own.ts'
import { notThisWire } from '../../upstream-fault.ts'
import { decodeVector, encodeVector } from './float-vector.ts'
import { WIRE, keep, overlay, spellings } from './kept.ts'
import { readUsage, writeUsage } from './usage.ts'

/** What a client of OpenAI's embeddings asks. Throws `bad_request` with the path of the field that is wrong. */
export function readEmbedRequest(json: JsonObject, model: string): EmbedRequest {
  const body = new Fields(json, '')
  body.text('model')
  const inputs = readInputs(body)
  const dimensions = body.count('dimensions')
  const encoding = body.oneOf('encoding_format', ['float', 'base64'])
  const user = body.text('user')
  const ways = { one: !isListOfInputs(json['input']), plain: encoding === undefined }
  return {
    model,
    inputs,
    ...(dimensions === undefined ? {} : { dimensions }),
    encoding: encoding ?? 'float',
    ...(user === undefined ? {} : { user }),
    ...keep(body.rest(), spellings(ways)),
  }
}

/** The body for a vendor, and what it cannot say. */
export interface WrittenEmbed {
  readonly body: JsonObject
  readonly losses: readonly Loss[]
}

/** Vectors are asked for as the client wants them. */
export function writeEmbedRequest(request: EmbedRequest, model: string): WrittenEmbed {
  const { inputs, dimensions, encoding, user, own } = request
  const [only] = inputs
  const said = filled({
    model,
    input: isSpelt(own, WIRE, 'one') && only !== undefined ? only : inputs,
    dimensions,
    encoding_format: isSpelt(own, WIRE, 'plain') ? undefined : encoding,
    user,
  })
  return { body: overlay(ownFields(own, WIRE), said), losses: lossesOf(request) }
}

/** A vendor's vectors, in either form: several send another than was asked (wire-formats 1.8, trap 38). Throws `upstream_error`. */
export function readEmbedReply(body: JsonObject): EmbedReply {
  const data = asList(body['data'])?.map((entry) => asObject(entry) ?? {})
  if (data === undefined || data.length === 0) throw notThisWire('broken_reply')
  const placed = data.map((entry, position) => ({
    at: asCount(entry['index']) ?? position,
    vector: readVector(entry['embedding']),
  }))
  const usage = readUsage(body['usage'], 'openai')
  return {
    model: asText(body['model']) ?? '',
    vectors: placed.sort((a, b) => a.at - b.at).map(({ vector }) => vector),
    ...(usage === undefined ? {} : { usage }),
    ...keep(without(body, ['data', 'model', 'object']), ['reply']),
  }
}

/** The reply in the form that the client asked for. */
export function writeEmbedReply(reply: EmbedReply, { encoding, model }: EmbedRequest): JsonObject {
  const { vectors, usage, own } = reply
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: encoding === 'base64' ? encodeVector(vector) : Array.from(vector),
  }))
  const counted = usage === undefined ? {} : without(writeUsage(usage), ['completion_tokens', ...DETAILS])
  const kept = ownFields(own, WIRE)
  const said = { object: 'list', data, model: reply.model === '' ? model : reply.model }
  return overlay(kept, usage === undefined || Object.hasOwn(kept, 'usage') ? said : { ...said, usage: counted })
}

const DETAILS = ['prompt_tokens_details', 'completion_tokens_details', 'server_tool_use']

function readInputs(body: Fields): EmbedRequest['inputs'] {
  const input = body.any('input')
  if (input === undefined) throw badField('input', 'is required')
  if (typeof input === 'string') return [input]
  const list = asList(input)
  if (list === undefined) throw badField('input', 'must be a string or a list')
  if (list.length === 0) throw badField('input', 'must not be empty')
  return isListOfInputs(input) ? list.map((one, index) => readInput(one, `input[${index}]`)) : [tokenIds(list, 'input')]
}

/** A list of numbers is one input: the token ids of a text. */
const isListOfInputs = (input: Json | undefined): boolean =>
  asList(input)?.some((one) => typeof one !== 'number') === true

function readInput(value: Json, path: string): string | readonly number[] {
  if (typeof value === 'string') return value
  const list = asList(value)
  if (list === undefined || list.length === 0) throw badField(path, 'must be a string or a list of token ids')
  return tokenIds(list, path)
}

const tokenIds = (list: readonly Json[], path: string): readonly number[] =>
  list.map((id, index) => {
    const token = asCount(id)
    if (token === undefined) throw badField(`${path}[${index}]`, 'must be a token id')
    return token
  })

function readVector(value: Json | undefined): Float32Array {
  if (typeof value === 'string') {
    const vector = decodeVector(value)
    if (vector === undefined || vector.length === 0) throw notThisWire('broken_reply')
    return vector
  }
  const numbers = asList(value)
  if (numbers === undefined || numbers.length === 0) throw notThisWire('broken_reply')
  return Float32Array.from(numbers, (number) => {
    if (typeof number !== 'number') throw notThisWire('broken_reply')
    return number
  })
}

/** What the client's wire alone knows. */
function lossesOf({ own }: EmbedRequest): readonly Loss[] {
  const losses = new Losses()
  loseFields(own, WIRE, { path: '', losses })
  return losses.list()
}
