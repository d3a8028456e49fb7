import type { PlannedCall, Reply, Usage } from './wire-vendor-asked.ts'
import type { Refusal } from './wire-vendor-check.ts'
import { readGemini } from './wire-vendor-gemini-asked.ts'
import { pieces, type Answer, type Refused, type VendorRequest, type VendorWire } from './wire-vendor-state.ts'

/** Gemini's generateContent, as the vendor answers it. */
export const geminiWire: VendorWire = {
  read: readGemini,
  whole: (answer) => response(answer, { parts: partsOf(answer), last: true, id: answer.request.memory.id('', 23) }),
  stream: (answer) => (answer.request.query.get('alt') === 'sse' ? events(answer) : elements(answer)),
  // Capacity that is lost on the way: the error stands bare behind the events.
  failure: () => [`${JSON.stringify(OVERLOADED, undefined, 2)}\r\n`],
  refusal: geminiRefusal,
}

const OVERLOADED = {
  error: { code: 503, message: 'The model is overloaded. Please try again later.', status: 'UNAVAILABLE' },
}

interface Part {
  readonly text?: string
  readonly thought?: boolean
  readonly thoughtSignature?: string
  readonly functionCall?: object
}

/** The parts of a whole answer. Only the first of several calls is signed, or the text where there is none. */
function partsOf(answer: Answer): readonly Part[] {
  const { reply, asked } = answer
  const thought = reply.thinking !== null && asked.thoughtsShown ? [{ text: reply.thinking, thought: true }] : []
  const signedText = reply.calls.length === 0 ? signature(answer, '') : {}
  const text = reply.text === '' ? [] : [{ text: reply.text, ...signedText }]
  const calls = reply.calls.map((call, index) => ({
    functionCall: functionCall(answer, call),
    ...(index === 0 ? signature(answer, call.name) : {}),
  }))
  return [...thought, ...text, ...calls]
}

function signature({ request, asked, reply }: Answer, text: string): { readonly thoughtSignature?: string } {
  if (reply.thinking === null || asked.rules.vendor !== 'gemini' || !asked.rules.signatures) return {}
  return {
    thoughtSignature: request.memory.issue({ account: request.credential, model: asked.model, text, prefix: '' }),
  }
}

function functionCall({ request, asked }: Answer, { name, input }: PlannedCall): object {
  const withId = asked.rules.vendor === 'gemini' && asked.rules.callIds
  return { ...(withId ? { id: request.memory.id('', 8) } : {}), name, args: input }
}

interface Chunk {
  readonly parts: readonly Part[]
  readonly last: boolean
  readonly id: string
  /** How much of the answer has been said, in tokens. */
  readonly said?: number
}

function response({ asked, reply }: Answer, { parts, last, id, said }: Chunk): object {
  const usageMetadata = usageOf(reply.usage, said ?? reply.usage.output - reply.usage.reasoning)
  if (reply.stop === 'blocked')
    return {
      promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
      usageMetadata: promptOnly(reply.usage),
      modelVersion: asked.model,
      responseId: id,
    }
  const declined = reply.stop === 'refusal' || reply.stop === 'broken-call'
  const content = declined ? { role: 'model' } : { parts, role: 'model' }
  const message = finishMessage(reply)
  return {
    candidates: [
      {
        content,
        ...(last ? { finishReason: finishReason(reply) } : {}),
        index: 0,
        ...(last && message !== undefined ? { finishMessage: message } : {}),
      },
    ],
    usageMetadata,
    modelVersion: asked.model,
    responseId: id,
  }
}

function finishReason({ stop }: Reply): string {
  switch (stop) {
    // A call has no word of its own.
    case 'end':
    case 'calls':
    case 'sequence':
    case 'blocked':
      return 'STOP'
    case 'length':
      return 'MAX_TOKENS'
    case 'refusal':
      return 'SAFETY'
    case 'broken-call':
      return 'MALFORMED_FUNCTION_CALL'
  }
}

function finishMessage({ stop }: Reply): string | undefined {
  if (stop === 'calls') return 'Model generated function call(s).'
  return stop === 'broken-call' ? 'Malformed function call: call:get_weather{city:' : undefined
}

/** What was thought is not counted among the candidates' tokens. */
const usageOf = ({ input, cached, reasoning }: Usage, said: number): object => ({
  promptTokenCount: input,
  candidatesTokenCount: said,
  totalTokenCount: input + said + reasoning,
  ...(cached > 0
    ? { cachedContentTokenCount: cached, cacheTokensDetails: [{ modality: 'TEXT', tokenCount: cached }] }
    : {}),
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: input }],
  ...(reasoning > 0 ? { thoughtsTokenCount: reasoning } : {}),
  serviceTier: 'standard',
})

const promptOnly = ({ input }: Usage): object => ({
  promptTokenCount: input,
  totalTokenCount: input,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: input }],
})

/** Unnamed events, lines ended as on the real wire, nothing behind the last one. */
function* events(answer: Answer): Generator<string> {
  for (const chunk of chunks(answer)) yield `data: ${JSON.stringify(chunk)}\r\n\r\n`
}

/** Without `alt=sse`: one JSON list that grows. */
function* elements(answer: Answer): Generator<string> {
  let before = '['
  for (const chunk of chunks(answer)) {
    yield before + JSON.stringify(chunk, undefined, 2)
    before = '\n,\r\n'
  }
  yield ']\n'
}

/** Text in pieces; a call whole in one part; where only text was thought over, its signature in an empty part at the end. */
function* chunks(answer: Answer): Generator<object> {
  const id = answer.request.memory.id('', 23)
  const total = answer.reply.usage.output - answer.reply.usage.reasoning
  const parts = partsOf(answer).flatMap(inPieces)
  if (parts.length === 0) return yield response(answer, { parts, last: true, id })
  for (const [index, part] of parts.entries()) {
    const last = index === parts.length - 1
    const said = last ? total : Math.min(total, index + 1)
    yield response(answer, { parts: [part], last, id, said })
  }
}

function inPieces(part: Part): readonly Part[] {
  const { text, thoughtSignature, ...rest } = part
  if (text === undefined) return [part]
  const texts = pieces(text).map((piece) => ({ ...rest, text: piece }))
  return thoughtSignature === undefined ? texts : [...texts, { text: '', thoughtSignature }]
}

function geminiRefusal(refusal: Refusal, request: VendorRequest): Refused {
  const status = refusal.status === 529 ? 503 : refusal.status
  const details = detailsOf(refusal, status)
  const error = {
    code: status,
    message: refusal.message,
    status: STATUS_WORDS[status] ?? (status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT'),
    ...(details.length === 0 ? {} : { details }),
  }
  // A stream that is no event stream is a list from its first byte on.
  const listed = request.path.endsWith(':streamGenerateContent') && request.query.get('alt') !== 'sse'
  return { status, headers: {}, body: listed ? [{ error }] : { error } }
}

function detailsOf({ field, retrySeconds, message }: Refusal, status: number): readonly object[] {
  if (retrySeconds !== null)
    return [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retrySeconds}s` }]
  if (status !== 400 || field === null) return []
  return [{ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description: message }] }]
}

const STATUS_WORDS: { readonly [status: number]: string } = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
}
