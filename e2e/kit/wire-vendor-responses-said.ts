import type { PlannedCall, Reply, Usage } from './wire-vendor-asked.ts'
import { isRecord } from './wire-vendor-check.ts'
import { datedModel, openAiRefusal } from './wire-vendor-openai.ts'
import { readResponses } from './wire-vendor-responses-asked.ts'
import { inputOf } from './wire-vendor-responses-input.ts'
import { pieces, type Answer, type VendorWire } from './wire-vendor-state.ts'

/** OpenAI's responses, as the vendor answers them. */
export const responsesWire: VendorWire = {
  read: readResponses,
  whole: (answer) => {
    const output = outputOf(answer)
    const response = responseOf(answer, { id: answer.request.memory.id('resp_', 48), output, ...ended(answer.reply) })
    keep(answer, response)
    return response
  },
  stream: events,
  failure: (sequence_number) => [
    frame('error', {
      type: 'error',
      sequence_number,
      code: 'server_error',
      message: 'The server had an error while processing your request.',
      param: null,
    }),
  ],
  refusal: openAiRefusal,
}

interface Item {
  readonly id: string
  readonly type: string
  readonly [field: string]: unknown
}

interface Response {
  readonly id: string
  readonly output: readonly Item[]
  readonly status: string
  readonly reason: string | null
  readonly usage: object | null
}

/** The items of the answer as they are when they are done. */
function outputOf(answer: Answer): readonly Item[] {
  const { reply, request } = answer
  const reasoning = answer.asked.thinks && reply.thinking !== null ? [reasoningItem(answer, reply.thinking)] : []
  const message = reply.text === '' ? [] : [messageItem(answer)]
  return [...reasoning, ...message, ...reply.calls.map((call) => callItem(call, request))]
}

function reasoningItem({ request, asked }: Answer, thinking: string): Item {
  const included: unknown = isRecord(request.body) ? request.body['include'] : undefined
  const encrypted = Array.isArray(included) && included.includes('reasoning.encrypted_content')
  const proof = { account: request.credential, model: asked.model, text: '', prefix: '' }
  return {
    id: request.memory.id('rs_', 48),
    type: 'reasoning',
    ...(encrypted ? { encrypted_content: request.memory.issue(proof) } : {}),
    summary: asked.thoughtsShown ? [{ type: 'summary_text', text: thinking }] : [],
  }
}

function messageItem({ request, reply }: Answer): Item {
  const part =
    reply.stop === 'refusal'
      ? { type: 'refusal', refusal: reply.text }
      : { type: 'output_text', annotations: [], logprobs: [], text: reply.text }
  const status = reply.stop === 'length' ? 'incomplete' : 'completed'
  const phase = reply.calls.length > 0 ? 'commentary' : 'final_answer'
  return { id: request.memory.id('msg_', 48), type: 'message', status, content: [part], phase, role: 'assistant' }
}

function callItem({ name, input }: PlannedCall, { memory }: Answer['request']): Item {
  const call_id = memory.id('call_')
  return typeof input === 'string'
    ? { id: memory.id('ctc_', 48), type: 'custom_tool_call', status: 'completed', call_id, name, input }
    : {
        id: memory.id('fc_', 48),
        type: 'function_call',
        status: 'completed',
        arguments: JSON.stringify(input),
        call_id,
        name,
      }
}

function ended(reply: Reply): Omit<Response, 'id' | 'output'> {
  const usage = usageOf(reply.usage)
  switch (reply.stop) {
    case 'end':
    case 'calls':
    case 'sequence':
    case 'refusal':
      return { status: 'completed', reason: null, usage }
    case 'length':
      return { status: 'incomplete', reason: 'max_output_tokens', usage }
    case 'blocked':
    case 'broken-call':
      return { status: 'incomplete', reason: 'content_filter', usage }
  }
}

const usageOf = ({ input, cached, output, reasoning }: Usage): object => ({
  input_tokens: input,
  input_tokens_details: { cached_tokens: cached },
  output_tokens: output,
  output_tokens_details: { reasoning_tokens: reasoning },
  total_tokens: input + output,
})

/** The response object: what was asked for comes back in it. */
function responseOf({ request, asked }: Answer, { id, output, status, reason, usage }: Response): object {
  const body = isRecord(request.body) ? request.body : {}
  const reasoning = isRecord(body['reasoning']) ? body['reasoning'] : {}
  const text = isRecord(body['text']) ? body['text'] : {}
  return {
    id,
    object: 'response',
    created_at: 1_795_000_000,
    status,
    background: false,
    ...(status === 'completed' ? { completed_at: 1_795_000_001 } : {}),
    error: null,
    incomplete_details: reason === null ? null : { reason },
    instructions: body['instructions'] ?? null,
    max_output_tokens: body['max_output_tokens'] ?? null,
    max_tool_calls: null,
    model: datedModel(asked.model),
    output,
    parallel_tool_calls: asked.parallel,
    previous_response_id: body['previous_response_id'] ?? null,
    prompt_cache_key: body['prompt_cache_key'] ?? null,
    reasoning: { effort: reasoning['effort'] ?? null, summary: reasoning['summary'] ?? null },
    safety_identifier: null,
    service_tier: 'default',
    store: body['store'] ?? true,
    temperature: body['temperature'] ?? 1,
    text: { format: text['format'] ?? { type: 'text' }, verbosity: text['verbosity'] ?? 'medium' },
    tool_choice: body['tool_choice'] ?? 'auto',
    tools: body['tools'] ?? [],
    top_logprobs: 0,
    top_p: body['top_p'] ?? 1,
    truncation: 'disabled',
    usage,
    user: null,
    metadata: body['metadata'] ?? {},
  }
}

/** Unless the request says otherwise, the vendor keeps the conversation. */
function keep({ request }: Answer, response: object): void {
  const body = isRecord(request.body) ? request.body : {}
  if (body['store'] === false || !('id' in response) || typeof response.id !== 'string') return
  const previous =
    typeof body['previous_response_id'] === 'string' ? request.memory.stored(body['previous_response_id']) : undefined
  const input = [...(previous?.input ?? []), ...(previous?.output ?? []), ...inputOf(body)]
  const output = 'output' in response && Array.isArray(response.output) ? response.output : []
  request.memory.store(response.id, { body: response, input, output })
}

const frame = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`

/** Every event has its name twice and a number without gaps; nothing follows the last one. */
function* events(answer: Answer): Generator<string> {
  let number = 0
  const event = (type: string, fields: object): string => frame(type, { type, sequence_number: number++, ...fields })
  const id = answer.request.memory.id('resp_', 48)
  const begun = responseOf(answer, { id, output: [], status: 'in_progress', reason: null, usage: null })
  yield event('response.created', { response: begun })
  yield event('response.in_progress', { response: begun })
  const output = outputOf(answer)
  for (const [output_index, item] of output.entries()) yield* itemEvents(item, { output_index, event })
  const end = ended(answer.reply)
  const response = responseOf(answer, { id, output, ...end })
  keep(answer, response)
  yield event(`response.${end.status}`, { response })
}

interface Place {
  readonly output_index: number
  readonly event: (type: string, fields: object) => string
}

function* itemEvents(item: Item, { output_index, event }: Place): Generator<string> {
  yield event('response.output_item.added', { output_index, item: emptied(item) })
  const at = { item_id: item.id, output_index }
  switch (item.type) {
    case 'reasoning':
      for (const [summary_index, part] of partsOf(item['summary']).entries())
        yield* summaryEvents(part, { ...at, summary_index }, event)
      break
    case 'message':
      for (const [content_index, part] of partsOf(item['content']).entries())
        yield* contentEvents(part, { ...at, content_index }, event)
      break
    case 'function_call':
      for (const delta of pieces(String(item['arguments'])))
        yield event('response.function_call_arguments.delta', { ...at, delta, obfuscation: 'xxxx' })
      yield event('response.function_call_arguments.done', { ...at, arguments: item['arguments'], name: item['name'] })
      break
    case 'custom_tool_call':
      for (const delta of pieces(String(item['input'])))
        yield event('response.custom_tool_call_input.delta', { ...at, delta, obfuscation: 'xxxx' })
      yield event('response.custom_tool_call_input.done', { ...at, input: item['input'] })
      break
  }
  yield event('response.output_item.done', { output_index, item })
}

interface TextPart {
  readonly type: string
  readonly text: string
}

const partsOf = (list: unknown): readonly TextPart[] => (Array.isArray(list) ? list : [])

function* summaryEvents({ text }: TextPart, at: object, event: Place['event']): Generator<string> {
  yield event('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } })
  for (const delta of pieces(text))
    yield event('response.reasoning_summary_text.delta', { ...at, delta, obfuscation: 'xxxx' })
  yield event('response.reasoning_summary_text.done', { ...at, text })
  yield event('response.reasoning_summary_part.done', { ...at, part: { type: 'summary_text', text } })
}

function* contentEvents(
  part: TextPart & { readonly refusal?: string },
  at: object,
  event: Place['event'],
): Generator<string> {
  if (part.refusal !== undefined) {
    yield event('response.content_part.added', { ...at, part: { type: 'refusal', refusal: '' } })
    for (const delta of pieces(part.refusal))
      yield event('response.refusal.delta', { ...at, delta, obfuscation: 'xxxx' })
    yield event('response.refusal.done', { ...at, refusal: part.refusal })
  } else {
    yield event('response.content_part.added', { ...at, part: { ...part, text: '' } })
    for (const delta of pieces(part.text))
      yield event('response.output_text.delta', { ...at, delta, logprobs: [], obfuscation: 'xxxx' })
    yield event('response.output_text.done', { ...at, text: part.text, logprobs: [] })
  }
  yield event('response.content_part.done', { ...at, part })
}

/** An item as it is when it begins. */
function emptied(item: Item): object {
  switch (item.type) {
    case 'reasoning':
      return { ...item, summary: [] }
    case 'message':
      return { ...item, status: 'in_progress', content: [] }
    case 'function_call':
      return { ...item, status: 'in_progress', arguments: '' }
  }
  return { ...item, status: 'in_progress', input: '' }
}
