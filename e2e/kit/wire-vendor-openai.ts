import type { Item, Schema } from './wire-vendor-asked.ts'
import { base64Bytes, pictureType, Refusal, type Complaints, type Node, type Path } from './wire-vendor-check.ts'
import { openAiModel, type OpenAiRules } from './wire-vendor-models.ts'
import { strictFault } from './wire-vendor-schema.ts'
import type { Refused } from './wire-vendor-state.ts'

/** What OpenAI's two wires have in common: how they complain, which models they know, and what they want of schemas and names. */

export const openAiComplaints: Complaints = {
  spellings: (name) => [name],
  missing: (path) => refuse(`Missing required parameter: '${spelt(path)}'.`, path, 'missing_required_parameter'),
  unknown: (path) => refuse(`Unknown parameter: '${spelt(path)}'.`, path, 'unknown_parameter'),
  wrongType: (path, wanted, value) =>
    refuse(
      `Invalid type for '${spelt(path)}': expected ${wanted}, but got ${kindOf(value)} instead.`,
      path,
      'invalid_type',
    ),
  wrongValue: (path, value, allowed) =>
    refuse(
      `Invalid value: '${String(value)}'. Supported values are: ${allowed.map((one) => `'${one}'`).join(', ')}.`,
      path,
      'invalid_value',
    ),
}

export const refuse = (message: string, path: Path, code: string | null = null): Refusal =>
  new Refusal(message, { field: spelt(path), code })

/** `messages[0].content[1].text`. */
export const spelt = (path: Path): string =>
  path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('')

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'an array' : value === null ? 'null' : `a ${typeof value}`

/** The model of the request, with the rules that it is held to. */
export function readModel(body: Node): { readonly model: string; readonly rules: OpenAiRules } {
  if (!body.at('model').isThere) throw new Refusal('you must provide a model parameter')
  const model = body.at('model').text()
  const rules = openAiModel(model)
  if (rules === undefined)
    throw new Refusal(`The model \`${model}\` does not exist or you do not have access to it.`, {
      status: 404,
      code: 'model_not_found',
    })
  return { model, rules }
}

/** The effort that holds. `path` is where it was said. */
export function readEffort(
  node: Node,
  model: string,
  { rules, levels }: { rules: OpenAiRules; levels: readonly string[] },
): string {
  const said = node.textIfThere()
  if (said === undefined) return rules.effort
  if (rules.efforts.length === 0)
    throw refuse(
      `Unsupported parameter: '${spelt(node.path)}' is not supported with this model.`,
      node.path,
      'unsupported_parameter',
    )
  if (levels.includes(said)) return said
  throw refuse(
    `Unsupported value: '${spelt(node.path)}' does not support '${said}' with the '${model}' model. Supported values are: ${levels.map((one) => `'${one}'`).join(', ')}.`,
    node.path,
    'unsupported_value',
  )
}

/** Temperature, top_p and the like: whether this model takes them at this effort. */
export function checkSampling(
  body: Node,
  names: readonly string[],
  { rules, effort }: { rules: OpenAiRules; effort: string },
): void {
  if (body.at('temperature').isThere) inRange(body.at('temperature'), 0, 2)
  if (body.at('top_p').isThere) inRange(body.at('top_p'), 0, 1)
  if (rules.sampling === 'always' || (rules.sampling === 'at-none' && effort === 'none')) return
  const said = names
    .map((name) => body.at(name))
    .find((node) => node.isThere && node.value !== DEFAULTS[String(node.path.at(-1))])
  if (said !== undefined)
    throw refuse(
      `Unsupported parameter: '${spelt(said.path)}' is not supported with this model.`,
      said.path,
      'unsupported_parameter',
    )
}

const DEFAULTS: { readonly [name: string]: unknown } = {
  temperature: 1,
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  logprobs: false,
}

export function inRange(node: Node, least: number, most: number): void {
  const value = node.number()
  if (value > most)
    throw refuse(
      `Invalid '${spelt(node.path)}': decimal above maximum value. Expected a value <= ${most}, but got ${value} instead.`,
      node.path,
      'decimal_above_max_value',
    )
  if (value < least)
    throw refuse(
      `Invalid '${spelt(node.path)}': decimal below minimum value. Expected a value >= ${least}, but got ${value} instead.`,
      node.path,
      'decimal_below_min_value',
    )
}

/** A name of a tool or schema: letters, digits, underscore and hyphen, at most 64. */
export function readName(node: Node): string {
  const name = node.text()
  checkLength(node, 64)
  if (!/^[a-zA-Z0-9_-]+$/.test(name))
    throw refuse(
      `Invalid '${spelt(node.path)}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
      node.path,
      'invalid_value',
    )
  return name
}

export function checkLength(node: Node, most: number): void {
  const { length } = node.text()
  if (length > most)
    throw refuse(
      `Invalid '${spelt(node.path)}': string too long. Expected a string with maximum length ${most}, but got a string with length ${length} instead.`,
      node.path,
      'string_above_max_length',
    )
  if (length === 0)
    throw refuse(
      `Invalid '${spelt(node.path)}': empty string. Expected a string with minimum length 1, but got an empty string instead.`,
      node.path,
      'empty_string',
    )
}

/** A tool's parameters: an object's schema, and a strict one where that was asked for. */
export function readParameters(node: Node, { name, strict }: { name: string; strict: boolean }): Schema {
  if (!node.isThere) return { type: 'object', properties: {} }
  const schema = node.record()
  if (schema['type'] !== 'object')
    throw refuse(
      `Invalid schema for function '${name}': schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(schema['type'] ?? 'None')}'.`,
      node.path,
      'invalid_function_parameters',
    )
  const fault = strict ? strictFault(schema, STRICT) : undefined
  if (fault !== undefined)
    throw refuse(`Invalid schema for function '${name}': ${fault}`, node.path, 'invalid_function_parameters')
  return schema
}

/** The schema of an answer; `place` is the field that complaints name. */
export function readAnswerSchema(node: Node, { place, strict }: { place: Path; strict: boolean }): Schema {
  const name = readName(node.at('name'))
  const schema = node.at('schema').isThere ? node.at('schema').record() : { type: 'object' }
  const root = schema['type'] === 'object' && schema['anyOf'] === undefined
  const fault = root
    ? strict
      ? strictFault(schema, STRICT)
      : undefined
    : `schema must be a JSON Schema of 'type: "object"', got 'type: "${JSON.stringify(schema['type'])}"'.`
  if (fault !== undefined) throw refuse(`Invalid schema for response_format '${name}': ${fault}`, place)
  return schema
}

const STRICT = {
  allRequired: true,
  refused: [
    'allOf',
    'not',
    'dependentRequired',
    'dependentSchemas',
    'if',
    'then',
    'else',
    'patternProperties',
    'uniqueItems',
    'oneOf',
  ],
} as const

/** A picture: at an address, or in a data URL that must be one. */
export function readPicture(node: Node): Item {
  const url = node.text()
  if (/^https?:\/\//.test(url)) return { kind: 'link', url }
  const [, mediaType, base64] = /^data:([\w/+.-]+);base64,(.*)$/s.exec(url) ?? []
  const bytes = base64 === undefined ? undefined : base64Bytes(base64)
  if (mediaType === undefined || bytes === undefined)
    throw refuse(
      `Invalid '${spelt(node.path)}'. Expected a base64-encoded data URL with an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got a value without the 'data:' prefix.`,
      node.path,
      'invalid_value',
    )
  if (pictureType(bytes) === undefined)
    throw refuse(
      "You uploaded an unsupported image. Please make sure your image has one of the following formats: ['png', 'jpeg', 'gif', 'webp'].",
      node.path,
      'invalid_image_format',
    )
  return { kind: 'file', mediaType, bytes: bytes.length }
}

/** A file in a data URL. */
export function readFile(node: Node): Item {
  const [, mediaType, base64] = /^data:([\w/+.-]+);base64,(.*)$/s.exec(node.text()) ?? []
  const bytes = base64 === undefined ? undefined : base64Bytes(base64)
  if (mediaType === undefined || bytes === undefined)
    throw refuse(`Invalid '${spelt(node.path)}'. Expected a base64-encoded data URL.`, node.path, 'invalid_value')
  return { kind: 'file', mediaType, bytes: bytes.length }
}

/** OpenAI's error body, and the headers by which its clients decide about another try. */
export function openAiRefusal(refusal: Refusal): Refused {
  const status = refusal.status === 529 ? 503 : refusal.status
  const retry = refusal.retrySeconds
  return {
    status,
    headers: retry === null ? {} : { 'retry-after': String(retry), 'retry-after-ms': String(retry * 1_000) },
    body: {
      error: {
        message: refusal.message,
        type: TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error'),
        param: refusal.field,
        code: refusal.code ?? CODES[status] ?? null,
      },
    },
  }
}

const TYPES: { readonly [status: number]: string } = { 429: 'requests', 503: 'service_unavailable' }
const CODES: { readonly [status: number]: string } = { 401: 'invalid_api_key', 429: 'rate_limit_exceeded' }

/** The answer names the model by its date. */
export const datedModel = (model: string): string => (/-\d{4}-\d{2}-\d{2}$/.test(model) ? model : `${model}-2026-10-01`)
