import type { Call, Item, Proofs, Result, Turn } from './wire-vendor-asked.ts'
import { invalid, spelt } from './wire-vendor-gemini.ts'
import { base64Bytes, type Node, words } from './wire-vendor-check.ts'
import type { GeminiRules } from './wire-vendor-models.ts'
import type { VendorRequest } from './wire-vendor-state.ts'

export interface Contents {
  readonly turns: readonly Turn[]
  readonly proofs: Proofs
}

interface Reading {
  readonly request: VendorRequest
  readonly rules: GeminiRules
}

/** Reads the contents in order; a call is answered by as many results, in the content that follows it. */
export function readContents(node: Node, reading: Reading): Contents {
  if (!node.isThere || node.list().length === 0)
    throw invalid('* GenerateContentRequest.contents: contents is not specified', ['contents'])
  const contents = merged(node.list())
  const reader = new ContentsReader(reading, currentTurn(contents))
  for (const [index, content] of contents.entries()) reader.read(content, index)
  return reader.done()
}

interface Content {
  readonly isModel: boolean
  readonly parts: readonly Node[]
}

/** Contents of one role in a row count as one: Google's own chat replays a stream chunk by chunk. */
function merged(contents: readonly Node[]): readonly Content[] {
  const list: Content[] = []
  for (const content of contents) {
    const { isModel, parts } = readContent(content)
    const last = list.at(-1)
    if (last?.isModel === isModel) list.splice(-1, 1, { isModel, parts: [...last.parts, ...parts] })
    else list.push({ isModel, parts })
  }
  return list
}

function readContent(content: Node): Content {
  content.object(['role', 'parts'])
  const role = content.at('role').textIfThere() ?? 'user'
  if (!['user', 'model', 'function'].includes(role))
    throw invalid('Please use a valid role: user, model.', content.path)
  const parts = content.at('parts').listIfThere()
  if (parts.length === 0)
    throw invalid(
      `* GenerateContentRequest.${spelt(content.path)}.parts: contents.parts must not be empty.`,
      content.path,
    )
  for (const part of parts) checkPart(part)
  return { isModel: role === 'model', parts }
}

/** Texts of a system instruction; its role does not count. */
export function readSystem(node: Node): readonly string[] {
  if (!node.isThere) return []
  const parts = node.object(['role', 'parts']).at('parts').list()
  return [parts.map((part) => part.object(PART).at('text').text()).join('\n')]
}

const PART = words(`
  text thought thoughtSignature inlineData fileData functionCall functionResponse executableCode
  codeExecutionResult videoMetadata mediaResolution partMetadata
`)
const DATA = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
]

/** Where the turn begins that is going on: at the last content of the user that is more than results. */
const currentTurn = (contents: readonly Content[]): number =>
  contents.findLastIndex(({ isModel, parts }) => !isModel && parts.some((part) => !part.at('functionResponse').isThere))

class ContentsReader {
  readonly #reading: Reading
  readonly #currentTurn: number
  readonly #turns: Turn[] = []
  #open: readonly Call[] = []
  #endsWithModel = false
  #returned = 0
  #standIns = 0
  #calls = 0

  constructor(reading: Reading, currentTurn: number) {
    this.#reading = reading
    this.#currentTurn = currentTurn
  }

  read({ isModel, parts }: Content, index: number): void {
    this.#endsWithModel = isModel
    if (isModel) this.#readModel(parts, index)
    else this.#readUser(parts)
  }

  done(): Contents {
    if (this.#open.length > 0 || (this.#endsWithModel && !this.#reading.rules.endsWithModel))
      throw invalid('Requests ending with a model turn are not supported')
    return { turns: this.#turns, proofs: { returned: this.#returned, standIns: this.#standIns } }
  }

  #readModel(parts: readonly Node[], index: number): void {
    const called = parts.filter((part) => part.at('functionCall').isThere)
    if (called.length > 0 && index === 0)
      throw invalid(
        'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
      )
    this.#checkSignatures(called, index)
    for (const part of parts) this.#readSignature(part)
    this.#open = called.map((part) => {
      const call = part.at('functionCall').object(['id', 'name', 'args', 'partialArgs', 'willContinue'])
      const input = call.at('args').isThere ? call.at('args').record() : {}
      return { id: call.at('id').textIfThere() ?? `position ${this.#calls++}`, name: call.at('name').text(), input }
    })
    const text = parts.flatMap((part) =>
      part.at('text').isThere && !part.at('thought').flag() ? [part.at('text').text()] : [],
    )
    this.#turns.push({ by: 'assistant', text: text.join(''), calls: this.#open })
  }

  /** In the turn that is going on, the first call of every step must carry its signature. */
  #checkSignatures(called: readonly Node[], index: number): void {
    const [first] = called
    if (first === undefined || !this.#reading.rules.signatures || index < this.#currentTurn) return
    if (first.at('thoughtSignature').isThere) return
    throw invalid(
      `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call \`default_api:${first.at('functionCall').at('name').text()}\` , position ${index + 1}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`,
      first.path,
    )
  }

  #readSignature(part: Node): void {
    const signature = part.at('thoughtSignature').textIfThere()
    if (signature === undefined) return
    if (base64Bytes(signature) === undefined)
      throw invalid(
        `Invalid value at '${spelt(part.path)}.thought_signature' (TYPE_BYTES), Base64 decoding failed for ${JSON.stringify(signature)}`,
        part.path,
      )
    if (STAND_INS.includes(signature)) {
      this.#standIns++
      return
    }
    if (!this.#reading.rules.signatures) return
    const issued = this.#reading.request.memory.issued(signature)
    const name = part.at('functionCall').at('name').textIfThere() ?? ''
    if (issued?.account !== this.#reading.request.credential || issued.text !== name)
      throw invalid('Corrupted thought signature.', part.path)
    this.#returned++
  }

  #readUser(parts: readonly Node[]): void {
    const results = parts.filter((part) => part.at('functionResponse').isThere)
    if (results.length !== this.#open.length)
      throw invalid(
        this.#open.length === 0
          ? 'Please ensure that function response turn comes immediately after a function call turn.'
          : 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
      )
    if (results.length > 0)
      this.#turns.push({
        by: 'tools',
        results: results.map((part, index) => this.#readResult(part.at('functionResponse'), index)),
      })
    this.#open = []
    const items = parts.filter((part) => !part.at('functionResponse').isThere).map((part) => this.#readItem(part))
    if (items.length > 0) this.#turns.push({ by: 'user', items })
  }

  /** Results stand in the order of their calls, and name them. */
  #readResult(node: Node, index: number): Result {
    node.object(['id', 'name', 'response', 'parts', 'willContinue', 'scheduling'])
    const id = node.at('id').textIfThere()
    const call = (id === undefined ? undefined : this.#open.find((one) => one.id === id)) ?? this.#open[index]
    const name = node.at('name').text()
    if (call === undefined || call.name !== name)
      throw invalid(
        `Function response name ${name} does not match the function call name ${call?.name ?? ''}.`,
        node.path,
      )
    const response = node.at('response').record()
    const pictures = node.at('parts').listIfThere()
    if (pictures.length > 0 && !this.#reading.rules.picturesInResults)
      throw invalid('Multimodal function responses are not supported for this model.', node.path)
    const told = response['output'] ?? response['result'] ?? response['error'] ?? response
    const text: Item = { kind: 'text', text: typeof told === 'string' ? told : JSON.stringify(told) }
    const items = [text, ...pictures.map((part) => this.#readItem(part))]
    return { callId: call.id, name, items, isError: response['error'] !== undefined }
  }

  #readItem(part: Node): Item {
    if (part.at('inlineData').isThere) return readInline(part.at('inlineData'))
    if (part.at('fileData').isThere) return readLink(part.at('fileData'))
    return { kind: 'text', text: part.at('text').text() }
  }
}

/** Documented for calls that never had a signature. */
const STAND_INS = ['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go']

function checkPart(part: Node): void {
  part.object(PART)
  const set = DATA.filter((name) => part.at(name).isThere)
  if (set.length === 0)
    throw invalid(
      `* GenerateContentRequest.${spelt(part.path)}.data: required oneof field 'data' must have one initialized field`,
      part.path,
    )
  if (set.length > 1)
    throw invalid(
      `Invalid value at '${spelt(part.path)}' (oneof), oneof field 'data' is already set. Cannot set '${set[1]}'`,
      part.path,
    )
  if (part.at('text').isThere) part.at('text').text()
  part.at('thought').flag()
}

function readInline(node: Node): Item {
  node.object(['mimeType', 'data', 'displayName'])
  const mediaType = node.at('mimeType').text()
  const bytes = base64Bytes(node.at('data').text())
  if (bytes === undefined)
    throw invalid(`Invalid value at '${spelt(node.path)}.data' (TYPE_BYTES), Base64 decoding failed`, node.path)
  if (!MEDIA.test(mediaType)) throw invalid(`Unsupported MIME type: ${mediaType}`, node.path)
  return { kind: 'file', mediaType, bytes: bytes.length }
}

const MEDIA = /^(image\/(png|jpeg|webp|heic|heif)|audio\/|video\/|application\/pdf$|text\/)/

/** The vendor fetches what is at a public address; here it only says so. */
function readLink(node: Node): Item {
  node.object(['mimeType', 'fileUri', 'displayName'])
  const url = node.at('fileUri').text()
  if (!/^(gs|https?):\/\//.test(url)) throw invalid('Cannot fetch content from the provided URL.', node.path)
  return { kind: 'link', url }
}
