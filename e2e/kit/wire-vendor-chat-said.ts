import type { PlannedCall, Reply, Usage } from './wire-vendor-asked.ts'
import { isRecord } from './wire-vendor-check.ts'
import { readChat } from './wire-vendor-chat-asked.ts'
import { datedModel, openAiRefusal } from './wire-vendor-openai.ts'
import { pieces, type Answer, type VendorWire } from './wire-vendor-state.ts'

/** OpenAI's chat completions, as the vendor answers them. */
export const chatWire: VendorWire = {
  read: readChat,
  whole: (answer) => ({
    ...head(answer, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: { role: 'assistant', ...message(answer), refusal: refusalOf(answer.reply), annotations: [] },
        logprobs: null,
        finish_reason: finishReason(answer.reply),
      },
    ],
    usage: usageOf(answer.reply.usage),
    service_tier: 'default',
    system_fingerprint: null,
  }),
  stream: chunks,
  failure: () => [
    frame({
      error: {
        message: 'The server had an error while processing your request.',
        type: 'server_error',
        param: null,
        code: 'server_error',
      },
    }),
  ],
  refusal: openAiRefusal,
}

function message(answer: Answer): object {
  const { reply } = answer
  const calls = reply.calls.map((call) => toolCall(answer, call))
  const text = reply.stop === 'refusal' || reply.text === '' ? null : reply.text
  return calls.length === 0
    ? { content: text ?? (reply.stop === 'refusal' ? null : '') }
    : { content: text, tool_calls: calls }
}

const refusalOf = ({ stop, text }: Reply): string | null => (stop === 'refusal' ? text : null)

function toolCall({ request }: Answer, { name, input }: PlannedCall): object {
  const id = request.memory.id('call_')
  return typeof input === 'string'
    ? { id, type: 'custom', custom: { name, input } }
    : { id, type: 'function', function: { name, arguments: JSON.stringify(input) } }
}

function head({ request, asked }: Answer, object: string): object {
  return { id: request.memory.id('chatcmpl-', 29), object, created: 1_795_000_000, model: datedModel(asked.model) }
}

function finishReason({ stop }: Reply): string {
  switch (stop) {
    case 'end':
    case 'sequence':
    case 'refusal':
      return 'stop'
    case 'calls':
      return 'tool_calls'
    case 'length':
      return 'length'
    case 'blocked':
    case 'broken-call':
      return 'content_filter'
  }
}

export const usageOf = ({ input, cached, output, reasoning }: Usage): object => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
  prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
  completion_tokens_details: {
    reasoning_tokens: reasoning,
    audio_tokens: 0,
    accepted_prediction_tokens: 0,
    rejected_prediction_tokens: 0,
  },
})

const frame = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`

/** A first chunk with the role, one for each piece, one with the reason, one with the usage for who asked, and `[DONE]`. */
function* chunks(answer: Answer): Generator<string> {
  const { reply, request } = answer
  const options =
    isRecord(request.body) && isRecord(request.body['stream_options']) ? request.body['stream_options'] : {}
  const withUsage = options['include_usage'] === true
  const padded = options['include_obfuscation'] !== false
  const same = { ...head(answer, 'chat.completion.chunk'), service_tier: 'default', system_fingerprint: null }
  const chunk = (delta: object, finish: string | null = null): string =>
    frame({
      ...same,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...(withUsage ? { usage: null } : {}),
      ...(padded ? { obfuscation: 'x'.repeat(1 + (JSON.stringify(delta).length % 12)) } : {}),
    })
  const spoken = reply.stop === 'refusal' ? 'refusal' : 'content'
  const first = reply.calls.length > 0 && reply.text === '' ? null : ''
  yield chunk({ role: 'assistant', content: first, refusal: null })
  for (const piece of pieces(reply.text)) yield chunk({ [spoken]: piece })
  for (const [index, call] of reply.calls.entries()) yield* callChunks(answer, { call, index, chunk })
  yield chunk({}, finishReason(reply))
  if (withUsage)
    yield frame({ ...same, choices: [], usage: usageOf(reply.usage), ...(padded ? { obfuscation: 'xx' } : {}) })
  yield 'data: [DONE]\n\n'
}

interface CallChunk {
  readonly call: PlannedCall
  readonly index: number
  readonly chunk: (delta: object) => string
}

function* callChunks({ request }: Answer, { call: { name, input }, index, chunk }: CallChunk): Generator<string> {
  const id = request.memory.id('call_')
  if (typeof input === 'string') {
    yield chunk({ tool_calls: [{ index, id, type: 'custom', custom: { name, input: '' } }] })
    for (const piece of pieces(input)) yield chunk({ tool_calls: [{ index, custom: { input: piece } }] })
    return
  }
  yield chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] })
  for (const piece of pieces(JSON.stringify(input)))
    yield chunk({ tool_calls: [{ index, function: { arguments: piece } }] })
}
