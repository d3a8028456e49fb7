import type { Edit } from '../../body.ts'
import { Fault } from '../../fault.ts'
import { badField } from '../../fields.ts'
import { asList, asObject, type Json, type JsonObject, parseJson } from '../../json.ts'
import type { Found, ScanProblem, ScanResult, Span } from '../../json-scan.ts'
import type { Operation } from '../../operation.ts'
import type { ProviderKind } from '../../provider.ts'

/** The fields that the gateway itself reads of a request; everything else is the vendor's. */
export const ASKED_KEYS = ['model', 'stream', 'stream_options', 'encoding_format'] as const

/** What was asked, and where in the bytes it stands, so that it can be changed without writing the body anew. */
export interface AskedFields {
  readonly model: string
  readonly modelSpan: Span
  readonly stream: boolean
  /** Whether the client itself asked for a usage chunk at the end of the stream. */
  readonly usageAsked: boolean
  readonly streamOptions: { readonly span: Span; readonly fields: JsonObject } | undefined
  /** How vectors are wanted, where the body says it. */
  readonly encoding?: 'float' | 'base64'
  /** Whether the vendor may keep the reply, where the body says it. */
  readonly store?: boolean
  /** The earlier reply that this one goes on from. */
  readonly previousResponseId?: string
  /** Whether the body itself says if the vendor may keep the conversation, on wires where the gateway says it otherwise. */
  readonly storeSaid?: boolean
  /** The most tokens that one choice may have, where the body says it in a way that no vendor can take for more. Absent: as many as the model has. */
  readonly outputTokensMax?: number
  /** How many answers are generated and paid for, each up to `outputTokensMax`; up to 1e9, so a product may be above 2^53. Absent: 1. */
  readonly choices?: number
  readonly objectEnd: number
  /** Bytes of the body that are pictures and files. */
  readonly dataUrlBytes: number
}

/** Reads the fields that decide where a request goes. Throws `bad_request` with the field's name. */
export function readAsked(scan: ScanResult): AskedFields {
  const modelSpan = scan.values.get('model')
  if (modelSpan === undefined) throw badField('model', 'you must provide a model parameter')
  const model = valueOf(modelSpan, 'model')
  if (typeof model !== 'string') throw badField('model', 'must be a string')
  if (model === '' || model.length > MODEL_LENGTH_MAX) {
    throw badField('model', `must have 1 to ${MODEL_LENGTH_MAX} characters`)
  }
  const stream = optionalValue(scan.values.get('stream'), 'stream') ?? false
  if (typeof stream !== 'boolean') throw badField('stream', 'must be true or false')
  const found = scan.values.get('stream_options')
  const options = optionalValue(found, 'stream_options')
  if (options !== null && options !== undefined && asObject(options) === undefined) {
    throw badField('stream_options', 'must be an object')
  }
  const fields = asObject(options)
  const streamOptions = found === undefined ? undefined : { span: found, fields: fields ?? {} }
  return {
    model,
    modelSpan,
    stream,
    streamOptions,
    usageAsked: fields?.['include_usage'] === true,
    ...encodingOf(scan.values.get('encoding_format')),
    objectEnd: scan.objectEnd,
    dataUrlBytes: scan.dataUrlBytes,
  }
}

/** A word that is neither is the vendor's to refuse. */
function encodingOf(found: Found | undefined): Pick<AskedFields, 'encoding'> {
  if (found === undefined) return NO_ENCODING
  return { encoding: found.text === '"base64"' ? 'base64' : 'float' }
}

const NO_ENCODING = {}

/**
 * Checks a parsed body as far as a wrong shape would be ours to answer: the types of what every vendor of this wire
 * demands. What a vendor accepts beyond that is the vendor's to say.
 */
export function checkShape(operation: Operation, body: JsonObject): void {
  switch (operation) {
    case 'chat':
    case 'count_tokens':
      checkMessages(body['messages'])
      return
    case 'completions':
      if (body['prompt'] !== undefined) checkTextOrList(body['prompt'], 'prompt')
      return
    case 'embeddings':
      if (body['input'] === undefined) throw badField('input', 'is required')
      checkTextOrList(body['input'], 'input')
  }
}

/** The edits that make a client's body the target's: its model, and usage at the end of a stream where it must be asked for. */
export function editsFor(
  asked: AskedFields,
  target: { readonly model: string; readonly kind: ProviderKind; readonly operation: Operation },
): readonly Edit[] {
  const edits: Edit[] = []
  if (asked.model !== target.model) edits.push({ at: asked.modelSpan, text: JSON.stringify(target.model) })
  const asks = asked.stream && !asked.usageAsked && target.kind.stream.usage === 'asked'
  if (asks && target.operation !== 'embeddings') edits.push(usageEdit(asked))
  return edits.sort((a, b) => a.at.start - b.at.start)
}

/** The 400 for a body that the scan refused. */
export function scanFault(problem: ScanProblem): Fault {
  switch (problem.kind) {
    case 'malformed':
      return new Fault('bad_request', 'The request body is not valid JSON')
    case 'not_object':
      return new Fault('bad_request', 'The request body must be a JSON object')
    case 'duplicate':
      return badField(problem.key, 'stands twice in the request body')
    case 'lookalike':
      return badField(problem.key, 'must be written exactly so, in small letters')
    case 'too_deep':
      return new Fault('bad_request', 'The request body is nested too deeply')
    case 'too_many_keys':
      return new Fault('bad_request', 'The request body has too many keys')
  }
}

const MODEL_LENGTH_MAX = 256

function usageEdit(asked: AskedFields): Edit {
  if (asked.streamOptions === undefined) {
    const at = { start: asked.objectEnd, end: asked.objectEnd }
    return { at, text: ',"stream_options":{"include_usage":true}' }
  }
  const { span, fields } = asked.streamOptions
  return { at: span, text: JSON.stringify({ ...fields, include_usage: true }) }
}

function checkMessages(messages: Json | undefined): void {
  if (messages === undefined) throw badField('messages', 'is required')
  const list = asList(messages)
  if (list === undefined) throw badField('messages', 'must be a list')
  for (const [index, message] of list.entries()) {
    const fields = asObject(message)
    if (fields === undefined) throw badField(`messages[${index}]`, 'must be an object')
    if (typeof fields['role'] !== 'string') throw badField(`messages[${index}].role`, 'must be a string')
  }
}

function checkTextOrList(value: Json | undefined, field: string): void {
  if (typeof value !== 'string' && asList(value) === undefined) throw badField(field, 'must be a string or a list')
}

const optionalValue = (found: Found | undefined, field: string): Json | undefined =>
  found === undefined ? undefined : valueOf(found, field)

function valueOf(found: Found, field: string): Json {
  if (found.text === undefined) throw badField(field, 'is too long')
  const value = parseJson(found.text)
  if (value === undefined) throw badField(field, 'is not valid JSON')
  return value
}
