import type { WireId } from '../chat.ts'
import type { Edit } from '../body.ts'
import { badField } from '../fields.ts'
import { asList, asObject, type Json, type JsonObject, parseJson } from '../json.ts'
import type { ScanKeys, ScanResult } from '../json-scan.ts'
import type { Operation } from '../operation.ts'
import type { Provider } from '../route.ts'
import type { AskedOf } from '../wire.ts'
import { askedOutput, OUTPUT_KEYS } from './asked-output.ts'
import { ASKED_KEYS, type AskedFields, checkShape, editsFor, readAsked } from './openai-chat/asked.ts'

/**
 * What the gateway reads and changes of a body that goes to a vendor of its own wire: a handful of top-level fields, found by the scan,
 * and a few bytes. Everything else is the vendor's to read.
 */
export interface Asking {
  /** The fields that the scan looks for: what decides where a request goes is wanted, what it may use at most only noted. */
  readonly keys: ScanKeys
  /** `path`: what the request's path has said already, on wires where it does. Throws `bad_request` with the field's name. */
  readonly read: (scan: ScanResult, path: AskedOf | undefined) => AskedFields
  /** Checks the shape of a small body as far as a wrong one would be ours to answer. */
  readonly check: (operation: Operation, body: JsonObject) => void
  /** The edits that make the client's body the target's. */
  readonly edits: (asked: AskedFields, target: EditTarget) => readonly Edit[]
}

/** Whom a body is changed for. */
export interface EditTarget {
  readonly model: string
  readonly provider: Pick<Provider, 'kind' | 'options'>
  readonly operation: Operation
}

/** How each wire is read and changed. */
export const askingOf: { readonly [wire in WireId]: Asking } = {
  'openai-chat': {
    keys: { wanted: ASKED_KEYS, noted: OUTPUT_KEYS['openai-chat'] },
    read: (scan) => ({ ...readAsked(scan), ...askedOutput('openai-chat', scan.noted) }),
    check: checkShape,
    edits: (asked, { model, provider, operation }) => editsFor(asked, { model, kind: provider.kind, operation }),
  },
  'openai-responses': {
    keys: {
      wanted: ['model', 'stream', 'store', 'previous_response_id', 'conversation'],
      noted: OUTPUT_KEYS['openai-responses'],
    },
    read: readResponses,
    check: checkInput,
    edits: modelEdit,
  },
  anthropic: {
    keys: { wanted: ['model', 'stream'], noted: OUTPUT_KEYS.anthropic },
    read: (scan) => ({ ...readAsked(scan), ...askedOutput('anthropic', scan.noted) }),
    check: checkMessages,
    edits: modelEdit,
  },
  gemini: {
    keys: { wanted: ['store'], noted: OUTPUT_KEYS.gemini },
    read: readGemini,
    check: checkContents,
    edits: storeEdit,
  },
}

/** State at the vendor: what it keeps belongs to the key that made it, so the gateway must know of it. */
function readResponses(scan: ScanResult): AskedFields {
  const store = valueOf(scan, 'store')
  const previous = valueOf(scan, 'previous_response_id')
  if ((valueOf(scan, 'conversation') ?? null) !== null) {
    throw badField('conversation', 'is not supported; go on from an earlier response with previous_response_id')
  }
  if (store !== undefined && store !== null && typeof store !== 'boolean')
    throw badField('store', 'must be true or false')
  if (previous !== undefined && previous !== null && typeof previous !== 'string') {
    throw badField('previous_response_id', 'must be a string')
  }
  return {
    ...readAsked(scan),
    ...askedOutput('openai-responses', scan.noted),
    ...(typeof store === 'boolean' ? { store } : {}),
    ...(typeof previous === 'string' ? { previousResponseId: previous } : {}),
  }
}

/** `undefined`: it is not there. One that cannot be read is refused, because the vendor might read it: blanks make any value long. */
function valueOf(scan: ScanResult, key: string): Json | undefined {
  const found = scan.values.get(key)
  if (found === undefined) return undefined
  if (found.text === undefined) throw badField(key, 'is too long')
  const value = parseJson(found.text)
  if (value === undefined) throw badField(key, 'is not valid JSON')
  return value
}

/** Only where the model stands in the body, and differs. */
function modelEdit({ model, modelSpan }: AskedFields, target: EditTarget): readonly Edit[] {
  return model === target.model ? [] : [{ at: modelSpan, text: JSON.stringify(target.model) }]
}

function checkInput(_operation: Operation, body: JsonObject): void {
  const { input } = body
  if (input === undefined || input === null || typeof input === 'string' || asList(input) !== undefined) return
  throw badField('input', 'must be a string or a list')
}

function checkMessages(_operation: Operation, body: JsonObject): void {
  if (asList(body['messages']) === undefined) throw badField('messages', 'must be a list')
}

function checkContents(operation: Operation, body: JsonObject): void {
  const { contents } = body
  if (operation === 'chat' && asList(contents) === undefined && asObject(contents) === undefined) {
    throw badField('contents', 'must be a list')
  }
}

/** Model and stream stand in the path. */
function readGemini(scan: ScanResult, path: AskedOf | undefined): AskedFields {
  const found = scan.values.get('store')
  return {
    model: path?.model ?? '',
    modelSpan: NOWHERE,
    stream: path?.stream ?? false,
    usageAsked: false,
    streamOptions: undefined,
    storeSaid: found !== undefined,
    ...askedOutput('gemini', scan.noted),
    objectEnd: scan.objectEnd,
    dataUrlBytes: scan.dataUrlBytes,
  }
}

/** The vendor keeps conversations of new projects unless it is told not to (wire-formats 0, point 8). */
function storeEdit({ storeSaid, objectEnd }: AskedFields, { operation, provider }: EditTarget): readonly Edit[] {
  if (storeSaid === true || operation !== 'chat' || provider.options.store === true) return []
  return [{ at: { start: objectEnd, end: objectEnd }, text: ',"store":false' }]
}

const NOWHERE = { start: 0, end: 0 }
